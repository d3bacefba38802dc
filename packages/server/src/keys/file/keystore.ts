/**
 * Surety's own keys in files: one key per purpose, retired ones kept for those who verify.
 *
 * `jwks.json` is public; each `<kid>.seed` and the key of the house are readable by the owner only.
 *
 * @module
 */
import { createHmac, type KeyObject, sign, timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  fromBase64url,
  Jwks,
  parseAs,
  parseJson,
  publicJwkOf,
  type SystemJwk,
  type SystemPurpose,
  thumbprint,
  toBase64url,
  type VerificationKey,
} from '@surety/protocol'
import { Failure, type Random, type Signer } from '../../ports.ts'
import { nodeCrypto, privateKeyOf } from '../node-crypto.ts'

const PURPOSES: readonly SystemPurpose[] = [
  'decision',
  'authorization',
  'settlement',
  'passport',
  'bundle',
  'control',
]

export interface FileKeystore extends Signer {
  mac(secret: string): string
  macMatches(secret: string, expected: string): boolean
}

/** Makes a key for every purpose and the key of the house; a fault if they exist. */
export function createKeystore(directory: string, at: string, random: Random): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (existsSync(join(directory, 'jwks.json'))) throw new Error('the keys exist already')
  writePrivate(join(directory, 'house.key'), toBase64url(random.bytes(32)))
  const keys = PURPOSES.map((purpose) => createKey(directory, purpose, at, random))
  writeJwks(directory, { keys })
}

/** Retires the key of a purpose and makes the next one. Whatever it signed stays verifiable. */
export function rotateKey(
  directory: string,
  purpose: SystemPurpose,
  at: string,
  random: Random,
): SystemJwk {
  const keys = readJwks(directory).keys.map((key) =>
    key.purpose === purpose && key.notAfter === null ? { ...key, notAfter: at } : key,
  )
  const next = createKey(directory, purpose, at, random)
  writeJwks(directory, { keys: [...keys, next] })
  return next
}

function createKey(
  directory: string,
  purpose: SystemPurpose,
  at: string,
  random: Random,
): SystemJwk {
  const seed = random.bytes(32)
  const publicKey = publicJwkOf(seed)
  const kid = thumbprint(publicKey, nodeCrypto)
  writePrivate(join(directory, `${kid}.seed`), toBase64url(seed))
  return { ...publicKey, kid, alg: 'EdDSA', purpose, notBefore: at, notAfter: null }
}

function writePrivate(file: string, text: string): void {
  writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true })
  chmodSync(file, 0o600)
}

function writeJwks(directory: string, jwks: Jwks): void {
  const file = join(directory, 'jwks.json')
  writeFileSync(`${file}.new`, `${JSON.stringify(jwks, null, 2)}\n`, { flush: true })
  renameSync(`${file}.new`, file)
}

function readJwks(directory: string): Jwks {
  const parsed = parseJson(readFileSync(join(directory, 'jwks.json'), 'utf8'))
  const jwks = parsed.ok ? parseAs(Jwks, parsed.value) : parsed
  if (!jwks.ok) throw new Error(`jwks.json is not a key set: ${jwks.detail ?? jwks.refusal}`)
  return jwks.value
}

/** Opens the keys. A purpose without a current key is a fault: nothing may start without it. */
export function openKeystore(directory: string): FileKeystore {
  const jwks = readJwks(directory)
  const house = readSecret(join(directory, 'house.key'))
  const privateKeys = new Map<string, KeyObject>()
  const publicKeys = new Map<string, VerificationKey>()
  for (const key of jwks.keys) {
    const { kid, kty, crv, x, purpose, notBefore, notAfter } = key
    publicKeys.set(kid, { kid, publicKey: { kty, crv, x }, purpose, notBefore, notAfter })
    const file = join(directory, `${kid}.seed`)
    if (existsSync(file)) privateKeys.set(kid, privateKeyOf(readSecret(file)))
  }
  const mac = rememberedMac(house)
  return {
    kids: currentKids(jwks, privateKeys),
    jwks: () => jwks,
    key: (kid) => publicKeys.get(kid),
    sign: (kid, input) => signWith(privateKeys.get(kid), kid, input),
    mac,
    macMatches: (secret, expected) =>
      timingSafeEqual(Buffer.from(mac(secret)), Buffer.from(expected.padEnd(64).slice(0, 64))),
  }
}

const MACS_MAX = 4_096

/** Each secret in use is worked out once; the memory is bounded, and forgets all at once. */
function rememberedMac(house: Uint8Array): (secret: string) => string {
  const known = new Map<string, string>()
  return (secret) => {
    let mac = known.get(secret)
    if (mac === undefined) {
      mac = createHmac('sha256', house).update(secret).digest('hex')
      if (known.size >= MACS_MAX) known.clear()
      known.set(secret, mac)
    }
    return mac
  }
}

function currentKids(
  jwks: Jwks,
  privateKeys: ReadonlyMap<string, KeyObject>,
): Readonly<Record<SystemPurpose, string>> {
  const kids: Partial<Record<SystemPurpose, string>> = {}
  for (const { purpose, notAfter, kid } of jwks.keys) {
    if (notAfter === null && privateKeys.has(kid)) kids[purpose] = kid
  }
  const absent = PURPOSES.find((purpose) => kids[purpose] === undefined)
  if (absent !== undefined) throw new Error(`there is no current ${absent} key`)
  return kids as Record<SystemPurpose, string>
}

function readSecret(file: string): Uint8Array {
  const seed = fromBase64url(readFileSync(file, 'utf8').trim())
  if (seed?.length !== 32) throw new Error(`${file} does not hold 32 bytes`)
  return seed
}

/** Off the main thread: one signature takes as long as a whole decision. */
function signWith(key: KeyObject | undefined, kid: string, input: string): Promise<string> {
  if (key === undefined) throw new Failure('internal_fault', `no private key ${kid}`)
  return new Promise((resolve, reject) => {
    sign(null, Buffer.from(input), key, (error, signature) => {
      if (error === null) resolve(toBase64url(signature))
      else reject(error)
    })
  })
}
