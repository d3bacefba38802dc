/** What is charged by its use: the most is held, what was taken is captured, the rest is back. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { PAYEES } from '@surety/local-chain'
import { fsck, nodeCrypto } from '@surety/server'
import { pass } from '../support/house.ts'
import { buyMetered, MOST, openMeteredTown } from './metered.ts'
import { bundleOf, jwksOf, moneyOf, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openMeteredTown({ world: { sellers: ['express', 'hono'] } })
})
after(() => town?.close())

const earned = (seller: 'express' | 'hono' = 'express') => town.world.balance(PAYEES[seller])
const tick = () => town.house.running.tick()

/** Longer than any credential of the sellers is valid. */
const VALID_MS = 62_000

/** INVARIANT(books): what the books say is on the chain, whatever happened before. */
async function booksAgree(): Promise<void> {
  const { booked, onChain, available } = await moneyOf(town)
  assert.equal(booked, onChain)
  assert.equal(available, onChain)
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
}

type Bought = Awaited<ReturnType<typeof buyMetered>>
const statusOf = ({ gate }: Bought) => [gate?.state, gate?.settlement?.status]

async function outlast(): Promise<void> {
  pass(VALID_MS)
  await town.world.warp(VALID_MS / 1_000)
}

for (const [said, take, taken] of [
  ['less than the most', '12345', 12_345n],
  ['a share of it', '50%', 25_000n],
  ['one minor unit', '1', 1n],
  ['all of it', undefined, MOST],
] as const) {
  for (const seller of ['express', 'hono'] as const) {
    test(`a seller over @x402/${seller} takes ${said}: that is captured, and the rest is back`, async () => {
      const had = await earned(seller)
      const bought = await buyMetered(town, take, { seller })
      const { gate, response } = bought
      assert.equal(response?.status, 200)
      assert.deepEqual(statusOf(bought), ['settled', 'captured'])
      const { settlement, payment } = gate ?? {}
      assert.equal(settlement?.principal, String(MOST))
      assert.equal(settlement?.captured, String(taken))
      assert.equal(settlement?.refunded, String(MOST - taken))
      assert.deepEqual([settlement?.held, settlement?.released], ['0', '0'])
      assert.deepEqual([payment?.scheme, payment?.settled], ['upto', String(taken)])
      assert.equal(await earned(seller), had + taken)
      await booksAgree()
      const files = await bundleOf(town, gate?.gateId ?? '')
      const report = bundle.verify(files, await jwksOf(town), nodeCrypto)
      assert.deepEqual(
        report.checks.filter(({ result }) => result === 'failed'),
        [],
      )
      assert.ok(report.ok)
    })
  }
}

test('a seller that wants more than the most gets nothing, and the money comes back', async () => {
  const had = await earned()
  const bought = await buyMetered(town, String(MOST + 1n))
  assert.deepEqual(statusOf(bought), ['executing', 'unknown'])
  await outlast()
  await tick()
  const { client } = town.house.operator
  const ended = await client.call('getGatesOne', { params: { gateId: bought.gate?.gateId ?? '' } })
  assert.equal(ended.state, 'voided')
  assert.equal(await earned(), had)
  await booksAgree()
})

test('nothing taken stays held while anybody could still take it, and then comes back', async () => {
  const had = await earned()
  const before = await moneyOf(town)
  const idempotencyKey = randomUUID()
  const bought = await buyMetered(town, '0', { idempotencyKey })
  assert.equal(bought.response?.status, 200)
  assert.deepEqual(statusOf(bought), ['executing', 'unknown'])
  await tick()
  const held = await moneyOf(town)
  assert.equal(BigInt(before.available) - BigInt(held.available), MOST)
  await outlast()
  await tick()
  const ended = await buyMetered(town, '0', { idempotencyKey })
  assert.deepEqual(statusOf(ended), ['voided', 'voided'])
  assert.equal(ended.gate?.settlement?.refunded, String(MOST))
  assert.equal(await earned(), had)
  assert.deepEqual(await moneyOf(town), before)
  await booksAgree()
})

test('a facilitator that only says it took something took nothing, and time proves it', async () => {
  const had = await earned()
  await town.world.breakFacilitator({ type: 'lying' })
  const bought = await buyMetered(town, '500')
  await town.world.breakFacilitator({ type: 'none' })
  assert.deepEqual(statusOf(bought), ['executing', 'unknown'])
  await tick()
  await outlast()
  await tick()
  const params = { gateId: bought.gate?.gateId ?? '' }
  assert.equal((await town.house.operator.client.call('getGatesOne', { params })).state, 'voided')
  assert.equal(await earned(), had)
  await booksAgree()
})

for (const fault of [
  { type: 'drop' },
  { type: 'garble' },
  { type: 'fail', status: 503 },
] as const) {
  test(`an answer is lost by ${fault.type}: what was taken is found on the chain, once`, async () => {
    const had = await earned()
    const idempotencyKey = randomUUID()
    await town.world.breakSeller('express', fault)
    const bought = await buyMetered(town, '777', { idempotencyKey })
    await town.world.breakSeller('express', { type: 'none' })
    assert.deepEqual(statusOf(bought), ['settled', 'captured'])
    assert.equal(bought.gate?.settlement?.captured, '777')
    // What was not served is claimed: as much as was taken.
    const unserved = fault.type !== 'garble'
    assert.equal(bought.gate?.claim?.amount ?? null, unserved ? '777' : null)
    const again = await buyMetered(town, '777', { idempotencyKey })
    assert.equal(again.gate?.gateId, bought.gate?.gateId)
    assert.equal(await earned(), had + 777n)
    await booksAgree()
  })
}

async function mineAt(seconds: number): Promise<void> {
  for (const [method, params] of [
    ['evm_setNextBlockTimestamp', [seconds]],
    ['evm_mine', []],
  ] as const) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(town.world.rpcUrl, { method: 'POST', headers, body })
    assert.ok('result' in ((await answer.json()) as object), method)
  }
}

test('a permit is good with its very last second, and the money is held for that long', async () => {
  const bought = await buyMetered(town, '0')
  const { payment, gateId } = bought.gate ?? {}
  const ends = Date.parse(payment?.validBefore ?? '') / 1_000
  const params = { gateId: gateId ?? '' }
  const stateAt = async (seconds: number) => {
    await mineAt(seconds)
    await tick()
    return (await town.house.operator.client.call('getGatesOne', { params })).state
  }
  pass(VALID_MS)
  assert.equal(await stateAt(ends), 'executing')
  assert.equal(await stateAt(ends + 1), 'voided')
  await booksAgree()
})
