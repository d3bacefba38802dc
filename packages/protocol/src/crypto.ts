/**
 * The three primitives that proof needs, as a port; and its portable adapter over noble.
 *
 * A host with faster primitives of its own passes them instead: they must give the same bytes and
 * the same verdicts (spec/signed-objects.md, vectors in spec/vectors/ed25519/).
 *
 * @module
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { fromBase64url, fromHex, toBase64url, toHex, toUtf8 } from './bytes.ts'

/** An Ed25519 public key as RFC 8037 names it; `x` is base64url of 32 bytes. */
export interface PublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
}

export interface Crypto {
  /** SHA-256 as lowercase hexadecimal; text is hashed as UTF-8. */
  sha256(content: string | Uint8Array): string
  /** Ed25519 (RFC 8032, PureEdDSA) over the message; 64 bytes. */
  sign(message: Uint8Array, privateSeed: Uint8Array): Uint8Array
  /**
   * Whether the signature is of that message by that key, by the rule of spec/signed-objects.md:
   * false unless `acceptableSignature` and `publicKeyBytes` hold and the equation does.
   */
  verify(signature: Uint8Array, message: Uint8Array, publicKey: PublicJwk): boolean
}

export const portableCrypto: Crypto = {
  sha256(content) {
    return toHex(sha256(typeof content === 'string' ? toUtf8(content) : content))
  },
  sign(message, privateSeed) {
    return ed25519.sign(message, privateSeed)
  },
  verify(signature, message, publicKey) {
    const key = publicKeyBytes(publicKey)
    if (key === undefined || !acceptableSignature(signature)) return false
    // noble multiplies the equation by the cofactor; for R of prime order that changes nothing.
    if (!isOfPrimeOrder(signature.subarray(0, 32))) return false
    return ed25519.verify(signature, message, key, { zip215: false })
  },
}

/** The public half of a private seed. */
export function publicJwkOf(privateSeed: Uint8Array): PublicJwk {
  return { kty: 'OKP', crv: 'Ed25519', x: toBase64url(ed25519.getPublicKey(privateSeed)) }
}

/**
 * The 32 bytes of a key that may be trusted; `undefined` if they are not the canonical form of a
 * point of prime order. Of other points several people, or anybody, can make signatures.
 *
 * Cost: a scalar multiplication. A host asks once a key and keeps the answer.
 */
export function publicKeyBytes(key: PublicJwk): Uint8Array | undefined {
  const bytes = fromBase64url(key.x)
  return bytes?.length === 32 && isOfPrimeOrder(bytes) ? bytes : undefined
}

function isOfPrimeOrder(bytes: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(bytes)
    return !point.is0() && point.isTorsionFree()
  } catch {
    // noble throws on bytes that are not the canonical form of a point.
    return false
  }
}

/** The order of the base point, least significant byte first. */
const ORDER = fromHex(
  'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010',
) as Uint8Array

/**
 * Whether a signature may be looked at: 64 bytes, S below the order of the base point, R not the
 * identity. Libraries differ in what else they refuse; with a key that `publicKeyBytes` accepts
 * and the equation without cofactor, nothing is left to differ in.
 */
export function acceptableSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false
  const isIdentity = signature[0] === 1 && signature.subarray(1, 32).every((byte) => byte === 0)
  if (isIdentity) return false
  for (let i = 31; i >= 0; i -= 1) {
    const byte = signature[32 + i] as number
    const bound = ORDER[i] as number
    if (byte !== bound) return byte < bound
  }
  return false
}

/** The RFC 7638 thumbprint: base64url of SHA-256 over the required members in order. */
export function thumbprint(key: PublicJwk, crypto: Crypto): string {
  const hex = crypto.sha256(`{"crv":"${key.crv}","kty":"${key.kty}","x":"${key.x}"}`)
  return toBase64url(fromHex(hex) as Uint8Array)
}
