/**
 * What the texts of options must look like. Each answers with the text to use, or refuses usage.
 *
 * @module
 */
import { parseAmount } from '@surety/protocol'
import { usageError } from './exit.ts'

/** Minor units: digits alone. */
export function amount(text: string): string {
  if (parseAmount(text).ok) return text
  throw usageError(`\`${text}\` is not an amount`, 'give whole minor units: 250 is 2.50 USD')
}

/** What people call something: anything that can be seen. */
export function name(text: string): string {
  if (text.trim() !== '') return text
  throw usageError('the name is empty', 'give one that people recognise')
}

export function wholeNumber(text: string): string {
  if (/^(?:0|[1-9]\d{0,8})$/.test(text)) return text
  throw usageError(`\`${text}\` is not a whole number`, 'give digits alone')
}

export function port(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text
  throw usageError(`\`${text}\` is not a port`, 'give a number from 0 to 65535; 0 takes a free one')
}

export function httpStatus(text: string): string {
  if (/^[1-5]\d\d$/.test(text)) return text
  throw usageError(`\`${text}\` is not an HTTP status`, 'give one from 100 to 599')
}

/** An address of a server: http or https, no path that matters. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '')
  throw usageError(
    `\`${text}\` is not the address of a server`,
    'give one like http://127.0.0.1:8402',
  )
}

/** The one form of a URL that is fingerprinted: as WHATWG serialises it, without fragment. */
export function requestUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usageError(`\`${text}\` is not a URL`, 'give the whole one, with http or https')
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError('the URL holds credentials', 'leave them out: the URL stands in receipts')
  }
  url.hash = ''
  return url.href
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

export function duration(text: string): string {
  if (/^[1-9]\d{0,6}[smhd]$/.test(text)) return text
  throw usageError(`\`${text}\` is not a duration`, 'give a number and s, m, h or d: 30d')
}

/** Milliseconds of a text that `duration` accepted. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * (UNITS_MS[text.slice(-1)] ?? 0)
}

const ID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/

/** An id with one of the prefixes; a mistyped one is caught before anything is sent. */
export function idOf(prefix: string): (text: string) => string {
  return (text) => {
    if (text.startsWith(`${prefix}_`) && ID.test(text.slice(prefix.length + 1))) return text
    throw usageError(`\`${text}\` is not an id`, `give one that begins with ${prefix}_`)
  }
}

export function hash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw usageError(`\`${text}\` is not a hash`, 'give 64 lowercase hexadecimal digits')
}

/** One of a few words, for an argument. */
export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text
    throw usageError(`\`${text}\` is not known here`, `use one of ${words.join(', ')}`)
  }
}

export function word(text: string): string {
  if (/^[A-Za-z]{1,16}$/.test(text)) return text
  throw usageError(`\`${text}\` is not a word`, 'give letters alone')
}
