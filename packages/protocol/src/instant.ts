/**
 * A moment: integer milliseconds since 1970 UTC; RFC 3339 with `Z` and three digits on the wire.
 *
 * Rules: spec/money-and-time.md. Nothing here reads a clock.
 *
 * @module
 */
import { err, ok, type Result } from './result.ts'

declare const instantBrand: unique symbol
/** Milliseconds since 1970-01-01T00:00:00Z, from 0 to the end of the year 9999. */
export type Instant = number & { readonly [instantBrand]: true }

const INSTANT_MAX = 253_402_300_799_999
const WIRE =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/
const DAY_MS = 86_400_000

/** Takes milliseconds; throws a fault on anything that is not an instant. */
export function ensureInstant(ms: number): Instant {
  if (!Number.isSafeInteger(ms) || ms < 0 || ms > INSTANT_MAX) {
    throw new Error(`not an instant: ${String(ms)}`)
  }
  return ms as Instant
}

/** Reads the one wire form, `2026-11-20T09:30:00.000Z`; any other spelling is refused. */
export function parseInstant(text: string): Result<Instant, 'instant_invalid'> {
  if (!WIRE.test(text)) return err('instant_invalid')
  // biome-ignore lint/style/noRestrictedGlobals: a conversion of its argument, not a clock
  const ms = Date.parse(text)
  if (Number.isNaN(ms) || ms < 0 || ms > INSTANT_MAX) return err('instant_invalid')
  // A day that the month does not have rolls over; its text then differs.
  return formatInstant(ms as Instant) === text ? ok(ms as Instant) : err('instant_invalid')
}

const LATEST_MAX = 64
const latest = new Map<number, string>()

/** The one wire form. The latest answers are remembered, since one moment is written many times. */
export function formatInstant(at: Instant): string {
  let text = latest.get(at)
  if (text === undefined) {
    // biome-ignore lint/style/noRestrictedGlobals: a conversion of its argument, not a clock
    text = new Date(at).toISOString()
    if (latest.size >= LATEST_MAX) latest.clear()
    latest.set(at, text)
  }
  return text
}

/** Reads text that a schema has already accepted; throws a fault otherwise. */
export function instantOf(text: string): Instant {
  const parsed = parseInstant(text)
  if (!parsed.ok) throw new Error(`not an instant: ${text}`)
  return parsed.value
}

/** Moves an instant by a duration, capped at the last representable moment. */
export function addMs(at: Instant, ms: number): Instant {
  return ensureInstant(Math.min(at + ms, INSTANT_MAX))
}

/** The first instant of the UTC day that contains `at`. */
export function startOfDay(at: Instant): Instant {
  return (at - (at % DAY_MS)) as Instant
}

/** The first instant of the UTC month that contains `at`. */
export function startOfMonth(at: Instant): Instant {
  return instantOf(`${formatInstant(at).slice(0, 7)}-01T00:00:00.000Z`)
}
