/**
 * Names by content: SHA-256 over canonical UTF-8, lowercase hexadecimal.
 *
 * Rules: spec/canonical-json.md.
 *
 * @module
 */
import { canonicalize, canonicalizeRecord } from './canonical-json.ts'
import type { Crypto } from './crypto.ts'

/** 64 lowercase hexadecimal digits. */
export type Hash = string

/** The `prevHash` of the first event of a stream. */
export const ZERO_HASH: Hash = '0'.repeat(64)

/** The hash of a JSON value. */
export function hashOf(value: unknown, crypto: Crypto): Hash {
  return crypto.sha256(canonicalize(value))
}

/** The same hash of an object that never changes again: see `canonicalizeRecord`. */
export function hashOfRecord(record: object, crypto: Crypto): Hash {
  return crypto.sha256(canonicalizeRecord(record))
}
