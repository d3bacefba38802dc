/** Amounts are exact, bounded, and never of two assets at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  AMOUNT_MAX,
  ASSETS,
  add,
  atMost,
  type Money,
  parseAmount,
  split,
  subtract,
} from './money.ts'
import { AmountText, AssetText, parseAs } from './schema.ts'

// Small numbers, those at the limit, and two assets: boundaries and mismatches collide.
const amounts = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.bigInt({ min: AMOUNT_MAX - 3n, max: AMOUNT_MAX }),
)
const money = fc.record({ amount: amounts, asset: fc.constantFrom('USD/2', 'EUR/2') })

test('an amount is one to eighteen digits, without sign or leading zero', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0019-+. e\n'), maxLength: 4 })
  fc.assert(
    fc.property(digits, (text) => {
      const isAmount =
        /^[0-9]+$/.test(text) && !text.includes('\n') && String(Number(text)) === text
      assert.equal(parseAmount(text).ok, isAmount)
      assert.equal(parseAs(AmountText, text).ok, isAmount)
    }),
    { numRuns: 2000 },
  )
  assert.deepEqual(parseAmount('9007199254740993'), { ok: true, value: 9007199254740993n })
  assert.deepEqual(parseAmount('9'.repeat(18)), { ok: true, value: AMOUNT_MAX })
  assert.equal(parseAmount('9'.repeat(19)).ok, false)
  assert.equal(parseAmount(`1${'0'.repeat(18)}`).ok, false)
  assert.equal(AMOUNT_MAX, 999_999_999_999_999_999n)
})

test('a sum is exact, of one asset, and refused past the limit', () => {
  fc.assert(
    fc.property(money, money, (a, b) => {
      const sum = add(a, b)
      if (a.asset !== b.asset) assert.deepEqual(sum, { ok: false, refusal: 'asset_mismatch' })
      else if (a.amount + b.amount > 999_999_999_999_999_999n)
        assert.deepEqual(sum, { ok: false, refusal: 'amount_overflow' })
      else
        assert.deepEqual(sum, { ok: true, value: { amount: a.amount + b.amount, asset: a.asset } })
    }),
    { numRuns: 1000 },
  )
})

test('a difference is exact, of one asset, and never below zero', () => {
  fc.assert(
    fc.property(money, money, (a, b) => {
      const difference = subtract(a, b)
      if (a.asset !== b.asset)
        assert.deepEqual(difference, { ok: false, refusal: 'asset_mismatch' })
      else if (b.amount > a.amount)
        assert.deepEqual(difference, { ok: false, refusal: 'amount_negative' })
      else {
        assert.ok(difference.ok)
        assert.deepEqual(difference.value, { amount: a.amount - b.amount, asset: a.asset })
      }
    }),
    { numRuns: 1000 },
  )
})

test('only amounts of one asset are compared, and equal is at most', () => {
  fc.assert(
    fc.property(money, money, (a, b) => {
      const found = atMost(a, b)
      if (a.asset !== b.asset) assert.deepEqual(found, { ok: false, refusal: 'asset_mismatch' })
      else assert.deepEqual(found, { ok: true, value: !(a.amount > b.amount) })
    }),
    { numRuns: 1000 },
  )
})

test('a split loses nothing, and the part is rounded down', () => {
  const points = fc.oneof(fc.constantFrom(0, 1, 3333, 5000, 9999, 10_000), fc.nat({ max: 10_000 }))
  fc.assert(
    fc.property(money, points, (whole, basisPoints) => {
      const { part, rest } = split(whole, basisPoints)
      assert.deepEqual([part.asset, rest.asset], [whole.asset, whole.asset])
      assert.equal(part.amount + rest.amount, whole.amount)
      const exact = whole.amount * BigInt(basisPoints)
      assert.ok(part.amount * 10_000n <= exact && exact < (part.amount + 1n) * 10_000n)
    }),
    { numRuns: 1000 },
  )
  const whole: Money = { amount: 7n, asset: 'USD/2' }
  assert.deepEqual(split(whole, 0).part.amount, 0n)
  assert.deepEqual(split(whole, 10_000).rest.amount, 0n)
})

test('what is no number of basis points is a fault', () => {
  for (const points of [-1, 10_001, 0.5, Number.NaN]) {
    assert.throws(() => split({ amount: 1n, asset: 'USD/2' }, points))
  }
})

test('every asset of the registry is named by its own scale', () => {
  for (const [id, asset] of ASSETS) {
    assert.equal(asset.id, id)
    assert.equal(id.split('/')[1], String(asset.decimals))
    assert.ok(parseAs(AssetText, id).ok, id)
  }
})
