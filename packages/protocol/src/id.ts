/**
 * Ids: a prefix that names the type and 26 characters of Crockford base32 over a UUIDv7.
 *
 * Rules: spec/ids.md. Ids are minted by the shell, from the clock and random ports, never here.
 *
 * @module
 */
import type { Instant } from './instant.ts'

/** Every prefix in use, and what it names. A prefix is never used again for another type. */
export const ID_PREFIXES = {
  ten: 'tenant',
  prn: 'principal',
  key: 'API key',
  grt: 'grant',
  int: 'intent',
  gat: 'gate',
  dec: 'decision',
  aut: 'authorization',
  hld: 'hold',
  trf: 'transfer',
  dep: 'deposit',
  evd: 'evidence',
  opa: 'operator action',
  apr: 'approval',
  ctl: 'control',
  req: 'request',
  pay: 'payment',
  wlt: 'wallet',
  clm: 'claim',
  prb: 'probe',
} as const
export type IdPrefix = keyof typeof ID_PREFIXES

export type Id<Prefix extends IdPrefix> = `${Prefix}_${string}`

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const CROCKFORD = new Map(
  [...ALPHABET].map((character, value) => [value.toString(32).charCodeAt(0), character]),
)
/** The body of every id; the first character is at most 7, since 128 bits fill 25.6 characters. */
export const ID_BODY = '[0-7][0-9a-hjkmnp-tv-z]{25}'

/** The random part of an id: 74 bits. */
export const ID_RANDOM_BITS = 74n
const RANDOM_MASK = (1n << ID_RANDOM_BITS) - 1n

/** Builds an id from a moment and 74 random bits (RFC 9562 §5.7). Same inputs, same id. */
export function mintId<Prefix extends IdPrefix>(
  prefix: Prefix,
  at: Instant,
  random: bigint,
): Id<Prefix> {
  const bits = random & RANDOM_MASK
  const high = bits >> 62n
  const low = bits & ((1n << 62n) - 1n)
  const uuid = (BigInt(at) << 80n) | (0x7n << 76n) | (high << 64n) | (0b10n << 62n) | low
  return `${prefix}_${base32(uuid)}`
}

/** ECMAScript has the digits 0 to 9 and a to v in base 32; Crockford leaves out i, l, o and u. */
function base32(uuid: bigint): string {
  const digits = uuid.toString(32).padStart(26, '0')
  let text = ''
  for (let i = 0; i < 26; i += 1) text += CROCKFORD.get(digits.charCodeAt(i)) as string
  return text
}

const patterns = new Map<string, RegExp>()

/** Whether the text is an id of that type. */
export function isId<Prefix extends IdPrefix>(prefix: Prefix, text: string): text is Id<Prefix> {
  let pattern = patterns.get(prefix)
  if (pattern === undefined) {
    pattern = new RegExp(`^${prefix}_${ID_BODY}$`)
    patterns.set(prefix, pattern)
  }
  return pattern.test(text)
}
