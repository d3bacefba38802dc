/**
 * Keys, parties and a `Crypto` that is fast enough to verify one bundle thousands of times.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import {
  type Crypto,
  type Environment,
  type Id,
  instantOf,
  type Jwks,
  mintId,
  type PartyKey,
  type PartyPurpose,
  type PublicJwk,
  portableCrypto,
  publicJwkOf,
  publicKeyBytes,
  type SystemPurpose,
  thumbprint,
} from '@surety/protocol'

export interface TestKey {
  readonly kid: string
  readonly privateSeed: Uint8Array
  readonly publicKey: PublicJwk
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicKeys = new Map<string, KeyObject | undefined>()

/** Node's primitives. */
export const nodeCrypto: Crypto = {
  sha256: (content) => hash('sha256', content, 'hex'),
  sign: (message, seed) => {
    const der = Buffer.concat([PKCS8, seed])
    return sign(null, message, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  },
  verify: (signature, message, publicKey) => {
    const key = keyObject(publicKey)
    return key !== undefined && signature.length === 64 && verify(null, message, key, signature)
  },
}

function keyObject(jwk: PublicJwk): KeyObject | undefined {
  if (!publicKeys.has(jwk.x)) {
    const isSound = publicKeyBytes(jwk) !== undefined
    publicKeys.set(jwk.x, isSound ? createPublicKey({ key: { ...jwk }, format: 'jwk' }) : undefined)
  }
  return publicKeys.get(jwk.x)
}

/** Remembers verdicts on signatures, so that a mutation costs only what it changed. */
export function remembering(crypto: Crypto): Crypto {
  const verdicts = new Map<string, boolean>()
  return {
    ...crypto,
    verify: (signature, message, key) => {
      const name = `${key.x}.${Buffer.from(signature).toString('latin1')}.${crypto.sha256(message)}`
      const known = verdicts.get(name)
      if (known !== undefined) return known
      const verdict = crypto.verify(signature, message, key)
      verdicts.set(name, verdict)
      return verdict
    },
  }
}

/** A key of a name: the same name, the same key. */
export function keyNamed(name: string): TestKey {
  const privateSeed = Buffer.from(portableCrypto.sha256(`surety test key ${name}`), 'hex')
  const publicKey = publicJwkOf(privateSeed)
  return { privateSeed, publicKey, kid: thumbprint(publicKey, portableCrypto) }
}

export type SystemKeys = Readonly<Record<SystemPurpose, TestKey>>

/** Surety's keys in one house; another house has other keys. */
export function systemKeys(house: string): SystemKeys {
  const key = (purpose: SystemPurpose) => keyNamed(`${house} ${purpose}`)
  return {
    decision: key('decision'),
    authorization: key('authorization'),
    settlement: key('settlement'),
    passport: key('passport'),
    bundle: key('bundle'),
    control: key('control'),
  }
}

const KEYS_FROM = '2026-01-01T00:00:00.000Z'

const USED: readonly SystemPurpose[] = [
  'decision',
  'authorization',
  'settlement',
  'passport',
  'bundle',
]

/** The key set that a house publishes; those keys of it that the stories use, unless said. */
export function jwksOf(
  keys: SystemKeys,
  notAfter: string | null = null,
  purposes: readonly SystemPurpose[] = USED,
): Jwks {
  return {
    keys: purposes.map((purpose) => ({
      ...keys[purpose].publicKey,
      kid: keys[purpose].kid,
      alg: 'EdDSA',
      purpose,
      notBefore: KEYS_FROM,
      notAfter,
    })),
  }
}

/** A party's key as its passport lists it. */
export function partyKey(key: TestKey, purpose: PartyPurpose): PartyKey {
  const { kid, publicKey } = key
  return { kid, publicKey, purpose, notBefore: KEYS_FROM, notAfter: null }
}

const MINTED_AT = instantOf('2026-11-20T09:00:00.000Z')

/** Ids of this place in the world of the tests. */
export function idNumber<Prefix extends Parameters<typeof mintId>[0]>(
  prefix: Prefix,
  number: number,
): Id<Prefix> {
  return mintId(prefix, MINTED_AT, BigInt(number)) as Id<Prefix>
}

export const TENANT = idNumber('ten', 1)
export const ENVIRONMENT: Environment = 'sandbox'
