/** Accounts and counters: exact to the last unit, never below zero, never past the end. */
import assert from 'node:assert/strict'
import { AMOUNT_MAX } from '@surety/protocol'
import type { CounterName } from '../../ports.ts'
import {
  ANN,
  BOB,
  balance,
  execute,
  type Laws,
  OTHER,
  type Place,
  post,
  RAIL,
  SCOPE,
  type ScopedStore,
  transfer,
  writing,
} from './support.ts'

const TOTAL: CounterName = { subject: 'tenant', asset: 'USD/2', period: 'total', start: null }

export const MONEY: Laws = {
  'the first whole number that a float cannot tell from its neighbour is kept': (store, place) =>
    keeps(9_007_199_254_740_993n, store, place),
  'the largest amount is kept': (store, place) => keeps(AMOUNT_MAX, store, place),
  'no sum goes past the largest amount': async (store) => {
    await post(store, transfer(RAIL, ANN, AMOUNT_MAX))
    await assert.rejects(post(store, transfer(RAIL, BOB, 1n)))
    await assert.rejects(post(store, transfer(RAIL, ANN, 1n)))
    assert.equal(await balance(store, ANN), AMOUNT_MAX)
    assert.equal(await balance(store, BOB), 0n)
  },

  'no account goes below zero, whatever else is in its batch': async (store) => {
    await post(store, transfer(RAIL, ANN, 10n))
    const spending = [4n, 4n, 4n, 2n, 1n].map((amount) => post(store, transfer(ANN, BOB, amount)))
    const outcomes = (await Promise.allSettled(spending)).map(({ status }) => status)
    const [done, failed] = ['fulfilled', 'rejected']
    assert.deepEqual(outcomes, [done, done, failed, done, failed])
    assert.equal(await balance(store, ANN), 0n)
    assert.equal(await balance(store, BOB), 10n)
    assert.equal(await balance(store, RAIL), 10n)
  },

  'transfers of one set follow each other': async (store) => {
    const hold = 'hold:hld_a'
    await post(store, transfer(RAIL, ANN, 5n), transfer(ANN, hold, 5n), transfer(hold, BOB, 5n))
    assert.equal(await balance(store, BOB), 5n)
    await assert.rejects(post(store, transfer(BOB, hold, 5n), transfer(ANN, BOB, 1n)))
    assert.equal(await balance(store, BOB), 5n)
  },

  'a hold is listed while it holds something': async (store) => {
    await post(store, transfer(RAIL, ANN, 9_000n))
    const trips = Array.from({ length: 1_200 }, (_, i) => {
      const hold = `hold:hld_${String(i)}` as const
      return post(store, transfer(ANN, hold, 1n), transfer(hold, ANN, 1n))
    })
    await Promise.all(trips)
    await post(store, transfer(ANN, 'hold:hld_7', 2n))
    const listed = await store.reads.accounts(SCOPE, '')
    assert.deepEqual(
      listed.map(({ account }) => account),
      ['hold:hld_7', ANN, RAIL],
    )
    assert.equal(await balance(store, 'hold:hld_7'), 2n)
  },

  'assets and scopes never mix': async (store) => {
    await post(store, transfer(RAIL, ANN, 5n), transfer(RAIL, ANN, 7n, 'EUR/2'))
    await assert.rejects(post(store, transfer(ANN, BOB, 6n)))
    assert.equal(await balance(store, ANN, OTHER), 0n)
    const held = await store.reads.accounts(SCOPE, ANN)
    assert.deepEqual(
      held.map(({ asset, sums }) => [asset, sums.credits]),
      [
        ['EUR/2', 7n],
        ['USD/2', 5n],
      ],
    )
  },

  '64 at once against a ceiling of 10 are 10': async (store) => {
    const one = () =>
      execute(store, { used: { of: 'counter', counter: TOTAL } }, ({ used }) =>
        used.reserved + used.spent >= 10n
          ? { type: 'refuse', code: 'overloaded' }
          : writing('in', { counters: [{ counter: TOTAL, reserved: 1n, spent: 0n }] }),
      )
    const outcomes = await Promise.all(Array.from({ length: 64 }, one))
    assert.equal(outcomes.filter(({ type }) => type === 'committed').length, 10)
    assert.equal((await store.reads.counters(SCOPE, 'tenant'))[0]?.reserved, 10n)
  },

  'a counter never goes below zero': async (store) => {
    await claim(store, 3n)
    await assert.rejects(claim(store, -4n))
    await assert.rejects(claim(store, 0n, -1n))
    await claim(store, -3n, 3n)
    const [counter] = await store.reads.counters(SCOPE, 'tenant')
    assert.deepEqual([counter?.reserved, counter?.spent], [0n, 3n])
  },

  'counters differ by every part of their name': async (store) => {
    const names: readonly CounterName[] = [
      TOTAL,
      { ...TOTAL, asset: 'EUR/2' },
      { ...TOTAL, period: 'day', start: '2026-01-01T00:00:00.000Z' },
      { ...TOTAL, period: 'day', start: '2026-01-02T00:00:00.000Z' },
      { ...TOTAL, subject: 'principal:prn_ann' },
    ]
    const counters = names.map((counter, i) => ({ counter, reserved: BigInt(i + 1), spent: 0n }))
    await execute(store, {}, () => writing('', { counters }))
    const kept = await store.reads.counters(SCOPE, 'tenant')
    // In which order is not promised.
    assert.deepEqual(kept.map(({ reserved }) => Number(reserved)).sort(), [1, 2, 3, 4])
    assert.equal(kept.find(({ reserved }) => reserved === 1n)?.start, null)
    assert.deepEqual(await store.reads.counters(OTHER, 'tenant'), [])
  },

  'a claim that stands twice in one set counts twice': async (store) => {
    const once = { counter: TOTAL, reserved: 2n, spent: 0n }
    await execute(store, {}, () => writing('', { counters: [once, once] }))
    assert.equal((await store.reads.counters(SCOPE, 'tenant'))[0]?.reserved, 4n)
  },
}

async function keeps(edge: bigint, store: ScopedStore, place: Place) {
  await post(store, transfer(RAIL, ANN, edge))
  await claim(store, edge)
  assert.equal(await balance(store, ANN), edge)
  await store.close()
  const later = place.open()
  assert.equal(await balance(later, ANN), edge)
  assert.equal((await later.reads.counters(SCOPE, 'tenant'))[0]?.reserved, edge)
  await post(later, transfer(ANN, BOB, edge - 1n))
  assert.equal(await balance(later, ANN), 1n)
  assert.equal(await balance(later, BOB), edge - 1n)
}

function claim(store: ScopedStore, reserved: bigint, spent = 0n) {
  const counters = [{ counter: TOTAL, reserved, spent }]
  return execute(store, {}, () => writing('', { counters }))
}
