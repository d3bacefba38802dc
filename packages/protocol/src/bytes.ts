/**
 * Text and bytes: UTF-8, base64url without padding (RFC 4648 §5), lowercase hexadecimal.
 *
 * Strict in what they read: one text for one sequence of bytes, everything else is `undefined`.
 *
 * @module
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const PAIRS: readonly string[] = Array.from(
  { length: 4096 },
  (_, i) => (ALPHABET[i >> 6] as string) + (ALPHABET[i & 63] as string),
)
const VALUES: Int8Array = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i += 1) VALUES[ALPHABET.charCodeAt(i)] = i

/** Encodes without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  let i = 0
  for (; i + 2 < bytes.length; i += 3) {
    const n =
      ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    text += (PAIRS[n >> 12] as string) + (PAIRS[n & 4095] as string)
  }
  const left = bytes.length - i
  if (left === 1) text += PAIRS[(bytes[i] as number) << 4]
  if (left === 2) {
    const n = ((bytes[i] as number) << 10) | ((bytes[i + 1] as number) << 2)
    text += (PAIRS[n >> 6] as string) + (ALPHABET[n & 63] as string)
  }
  return text
}

/** Decodes; `undefined` for padding, a foreign character, or trailing bits that are not zero. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const missing = (4 - (text.length % 4)) % 4
  if (missing === 3) return undefined
  const whole = text + 'AAA'.slice(0, missing)
  const bytes = new Uint8Array((whole.length / 4) * 3)
  let at = 0
  for (let i = 0; i < whole.length; i += 4) {
    const bits = (twelveBits(whole, i) << 12) | twelveBits(whole, i + 2)
    if (bits < 0) return undefined
    bytes[at] = bits >> 16
    bytes[at + 1] = bits >> 8
    bytes[at + 2] = bits
    at += 3
  }
  const size = bytes.length - missing
  // RFC 4648 §3.5: bits that fill no byte are zero, or several texts would say the same bytes.
  for (let i = size; i < bytes.length; i += 1) if (bytes[i] !== 0) return undefined
  return bytes.subarray(0, size)
}

/** The bits of two characters; negative if one is foreign. */
function twelveBits(text: string, at: number): number {
  const high = text.charCodeAt(at)
  const low = text.charCodeAt(at + 1)
  return (high | low) > 127 ? -1 : ((VALUES[high] as number) << 6) | (VALUES[low] as number)
}

/** Encodes as UTF-8. Throws a fault on a lone surrogate, which has no such form. */
export function toUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate')
  return utf8ToBytes(text)
}

const CHUNK = 2048

/** Decodes UTF-8; `undefined` for overlong forms, surrogates, and what ends too early. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const from = at
    const end = Math.min(from + CHUNK, bytes.length)
    while (at < end && (bytes[at] as number) < 0x80) at += 1
    if (at > from) {
      text += String.fromCharCode.apply(null, bytes.subarray(from, at) as never)
    } else {
      const decoded = readCodePoint(bytes, at)
      if (decoded === undefined) return undefined
      text += String.fromCodePoint(decoded.code)
      at += decoded.size
    }
  }
  return text
}

function readCodePoint(bytes: Uint8Array, at: number): { code: number; size: number } | undefined {
  const first = bytes[at] as number
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  if (first < 0xc2 || first > 0xf4 || at + size > bytes.length) return undefined
  let code = first & (0xff >> (size + 1))
  for (let k = 1; k < size; k += 1) {
    const next = bytes[at + k] as number
    if ((next & 0xc0) !== 0x80) return undefined
    code = (code << 6) | (next & 0x3f)
  }
  const least = size === 2 ? 0x80 : size === 3 ? 0x800 : 0x10000
  const surrogate = code >= 0xd800 && code < 0xe000
  return code < least || surrogate || code > 0x10ffff ? undefined : { code, size }
}

/** Lowercase hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

/** Reads lowercase hexadecimal; `undefined` for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16)
  }
  return bytes
}
