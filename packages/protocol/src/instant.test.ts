/** One text for one millisecond. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addMs,
  ensureInstant,
  formatInstant,
  instantOf,
  parseInstant,
  startOfDay,
  startOfMonth,
} from './instant.ts'
import { InstantText, parseAs } from './schema.ts'

const last = 253_402_300_799_999
const instants = fc
  .oneof(
    fc.nat({ max: 3 }),
    fc.integer({ min: last - 3, max: last }),
    fc.integer({ min: 0, max: last }),
  )
  .map(ensureInstant)

const pad = (n: number, width: number): string => String(n).padStart(width, '0')
const daysOf = (year: number, month: number): number => {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

test('what is written reads back as the same instant, and no two are written alike', () => {
  fc.assert(
    fc.property(instants, instants, (a, b) => {
      assert.deepEqual(parseInstant(formatInstant(a)), { ok: true, value: a })
      // Instants of the wire form compare as text.
      assert.equal(formatInstant(a) < formatInstant(b), a < b)
    }),
  )
})

test('a day is one that its month has, a second one of sixty, and schema and reader agree', () => {
  const parts = fc.record({
    year: fc.constantFrom(1969, 1970, 2000, 2026, 2028, 2100, 9999),
    month: fc.constantFrom(0, 1, 2, 4, 12, 13),
    day: fc.constantFrom(0, 1, 28, 29, 30, 31, 32),
    hour: fc.constantFrom(0, 23, 24),
    minute: fc.constantFrom(0, 59, 60),
    second: fc.constantFrom(0, 59, 60),
  })
  fc.assert(
    fc.property(parts, ({ year, month, day, hour, minute, second }) => {
      const date = `${year}-${pad(month, 2)}-${pad(day, 2)}`
      const text = `${date}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.000Z`
      const isDay = year >= 1970 && day >= 1 && day <= daysOf(year, month)
      const isTime = hour < 24 && minute < 60 && second < 60
      assert.equal(parseInstant(text).ok, isDay && isTime, text)
      assert.equal(parseAs(InstantText, text).ok, isDay && isTime, text)
    }),
    { numRuns: 5000 },
  )
})

test('February 30 and a leap second are no instants', () => {
  for (const text of ['2028-02-30T00:00:00.000Z', '2016-12-31T23:59:60.000Z']) {
    assert.deepEqual(parseInstant(text), { ok: false, refusal: 'instant_invalid' })
    assert.throws(() => instantOf(text))
  }
})

test('the day begins with its first millisecond and holds its last', () => {
  fc.assert(
    fc.property(instants, (at) => {
      const start = startOfDay(at)
      assert.equal(formatInstant(start), `${formatInstant(at).slice(0, 10)}T00:00:00.000Z`)
      assert.equal(startOfDay(start), start)
    }),
  )
  const midnight = instantOf('2026-11-21T00:00:00.000Z')
  assert.equal(startOfDay(midnight), midnight)
  assert.equal(startOfDay(ensureInstant(midnight - 1)), midnight - 86_400_000)
})

test('the month begins with its first millisecond and holds its last', () => {
  fc.assert(
    fc.property(instants, (at) => {
      const text = formatInstant(startOfMonth(at))
      assert.equal(text, `${formatInstant(at).slice(0, 7)}-01T00:00:00.000Z`)
    }),
  )
  const march = instantOf('2028-03-01T00:00:00.000Z')
  assert.equal(startOfMonth(march), march)
  assert.equal(startOfMonth(ensureInstant(march - 1)), instantOf('2028-02-01T00:00:00.000Z'))
})

test('a sum past the last instant is the last instant; one before the first is a fault', () => {
  assert.equal(addMs(ensureInstant(last - 1), 1), last)
  assert.equal(addMs(ensureInstant(last), 1), last)
  assert.equal(addMs(ensureInstant(last), 1e15), last)
  assert.equal(addMs(ensureInstant(1), -1), 0)
  assert.throws(() => addMs(ensureInstant(0), -1))
  assert.throws(() => addMs(ensureInstant(0), 0.5))
})

test('what is no whole millisecond between 1970 and 9999 is a fault', () => {
  for (const ms of [-1, 0.5, last + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => ensureInstant(ms))
  }
  assert.equal(ensureInstant(0), 0)
  assert.equal(ensureInstant(last), last)
})
