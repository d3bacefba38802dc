/**
 * The `Crypto` port over Node's own primitives, with key objects made once.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { acceptableSignature, type Crypto, type PublicJwk, publicKeyBytes } from '@surety/protocol'

const KEYS_MAX = 4_096
/** The DER header of an Ed25519 private key (RFC 8410 §7); the seed follows. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const publicKeys = new Map<string, KeyObject | null>()

export const nodeCrypto: Crypto = {
  sha256(content) {
    return hash('sha256', content, 'hex')
  },
  sign(message, privateSeed) {
    return sign(null, message, privateKeyOf(privateSeed))
  },
  verify(signature, message, publicKey) {
    const key = publicKeyOf(publicKey)
    return key !== null && acceptableSignature(signature) && verify(null, message, key, signature)
  },
}

/** The same verdict as `nodeCrypto.verify`, worked out on another thread. */
export function verifyAside(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: PublicJwk,
): Promise<boolean> {
  const key = publicKeyOf(publicKey)
  if (key === null || !acceptableSignature(signature)) return Promise.resolve(false)
  return new Promise((resolve, reject) => {
    verify(null, message, key, signature, (error, genuine) => {
      if (error === null) resolve(genuine)
      else reject(error)
    })
  })
}

const privateKeys = new WeakMap<Uint8Array, KeyObject>()

/** The key object of a 32-byte seed: made once, and gone with the seed. A seed never changes. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  let key = privateKeys.get(seed)
  if (key === undefined) {
    const der = Buffer.concat([PKCS8, seed])
    key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    privateKeys.set(seed, key)
  }
  return key
}

/** Attacker-controlled: a weak key is remembered as no key, and the memory is bounded. */
function publicKeyOf(jwk: PublicJwk): KeyObject | null {
  const known = publicKeys.get(jwk.x)
  if (known !== undefined) return known
  const { kty, crv, x } = jwk
  const usable = publicKeyBytes(jwk) !== undefined
  const key = usable ? createPublicKey({ key: { kty, crv, x }, format: 'jwk' }) : null
  if (publicKeys.size >= KEYS_MAX) publicKeys.clear()
  publicKeys.set(x, key)
  return key
}
