/** An id is a UUIDv7 under a prefix: the same inputs, the same id; later inputs, a later id. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ID_PREFIXES, ID_RANDOM_BITS, type IdPrefix, isId, mintId } from './id.ts'
import { ensureInstant } from './instant.ts'
import { idOf, parseAs } from './schema.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const prefixes = fc.constantFrom(...(Object.keys(ID_PREFIXES) as IdPrefix[]))
const moments = fc.oneof(
  fc.nat({ max: 2 }),
  fc.integer({ min: 253_402_300_799_997, max: 253_402_300_799_999 }),
  fc.integer({ min: 0, max: 253_402_300_799_999 }),
)
const randoms = fc.bigInt({ min: 0n, max: (1n << ID_RANDOM_BITS) - 1n })

/** Reads the 128 bits back by the definition of Crockford base32. */
function bitsOf(id: string): string {
  const uuid = [...id.slice(4)].reduce((sum, c) => sum * 32n + BigInt(alphabet.indexOf(c)), 0n)
  return uuid.toString(2).padStart(128, '0')
}

test('the bits are those of RFC 9562 §5.7: moment, version, random, variant, random', () => {
  fc.assert(
    fc.property(prefixes, moments, randoms, (prefix, ms, random) => {
      const id = mintId(prefix, ensureInstant(ms), random)
      assert.match(id, /^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
      const bits = bitsOf(id)
      assert.equal(bits.length, 128)
      assert.equal(BigInt(`0b${bits.slice(0, 48)}`), BigInt(ms))
      assert.equal(bits.slice(48, 52), '0111')
      assert.equal(bits.slice(64, 66), '10')
      assert.equal(BigInt(`0b${bits.slice(52, 64)}${bits.slice(66)}`), random)
    }),
  )
})

test('of two ids of one prefix the later one sorts after the earlier one', () => {
  fc.assert(
    fc.property(moments, moments, randoms, randoms, (a, b, x, y) => {
      const first = mintId('gat', ensureInstant(a), x)
      const second = mintId('gat', ensureInstant(b), y)
      if (a !== b) assert.equal(first < second, a < b)
      else assert.equal(first < second, x < y)
    }),
  )
})

test('bits past the seventy-four do not matter', () => {
  const at = ensureInstant(1)
  assert.equal(mintId('gat', at, (1n << ID_RANDOM_BITS) + 5n), mintId('gat', at, 5n))
  assert.equal(ID_RANDOM_BITS, 74n)
})

test('an id is of one type, in one spelling, and the schema agrees', () => {
  fc.assert(
    fc.property(prefixes, prefixes, randoms, (prefix, other, random) => {
      const id = mintId(prefix, ensureInstant(1), random)
      assert.equal(isId(other, id), prefix === other)
      assert.equal(parseAs(idOf(other), id).ok, prefix === other)
      for (const wrong of [id.toUpperCase(), `${id}\n`, ` ${id}`, id.slice(0, -1), `${id}0`]) {
        assert.equal(isId(prefix, wrong), false)
        assert.equal(parseAs(idOf(prefix), wrong).ok, false)
      }
    }),
  )
  for (const letter of 'ilou') assert.equal(isId('gat', `gat_0${letter.repeat(25)}`), false)
  assert.equal(isId('gat', `gat_7${'z'.repeat(25)}`), true)
  assert.equal(isId('gat', `gat_8${'0'.repeat(25)}`), false)
})
