/**
 * Standard base64 with padding (RFC 4648 §4), as x402 headers carry JSON.
 *
 * @module
 */
import { fromBase64url, fromUtf8, toBase64url, toUtf8 } from '../bytes.ts'

/** The text as UTF-8 in base64, padded. */
export function toBase64Text(text: string): string {
  const unpadded = toBase64url(toUtf8(text)).replaceAll('-', '+').replaceAll('_', '/')
  return unpadded.padEnd(Math.ceil(unpadded.length / 4) * 4, '=')
}

/** The text that was encoded; `undefined` for bytes that are not UTF-8 and every other alphabet. */
export function fromBase64Text(encoded: string): string | undefined {
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return undefined
  const bytes = fromBase64url(encoded.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'))
  return bytes === undefined ? undefined : fromUtf8(bytes)
}
