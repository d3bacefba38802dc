/** When nobody says what became of a payment: the chain does, once, and the books follow it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { pass } from '../support/house.ts'
import { buy, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
})
after(() => town.close())

const PRICE = 10_000n
const VALID_MS = 61_000

const earned = () => town.world.balance(PAYEES.express)
const tick = () => town.house.running.tick()

/** INVARIANT(books): what the books say is on the chain, whatever happened before. */
async function booksAgree(): Promise<void> {
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
}

/** Time passes here and on the chain, until no credential of before is valid. */
async function outlast(): Promise<void> {
  pass(VALID_MS)
  await town.world.warp(VALID_MS / 1_000)
}

type Bought = Awaited<ReturnType<typeof buy>>
const statusOf = ({ gate }: Bought) => [gate?.state, gate?.settlement?.status]

for (const [name, fault, claim] of [
  ['lost', { type: 'drop' }, 'response_missing'],
  ['replaced by an error', { type: 'fail', status: 502 }, 'response_red'],
  ['garbled', { type: 'garble' }, null],
] as const) {
  test(`an answer that is ${name} after charging: captured, once, with a claim if unserved`, async () => {
    const had = await earned()
    const idempotencyKey = randomUUID()
    await town.world.breakSeller('express', fault)
    const bought = await buy(town, '/weather', { idempotencyKey })
    await town.world.breakSeller('express', { type: 'none' })
    assert.deepEqual(statusOf(bought), ['settled', 'captured'])
    assert.equal(bought.gate?.claim?.reason ?? null, claim)
    const again = await buy(town, '/weather', { idempotencyKey })
    assert.equal(again.gate?.gateId, bought.gate?.gateId)
    assert.equal(await earned(), had + PRICE)
    await booksAgree()
  })
}

test('a settlement that comes late is unknown until it comes, and the money stays held', async () => {
  const had = await earned()
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 300 })
  const bought = await buy(town, '/weather', { idempotencyKey })
  await town.world.breakFacilitator({ type: 'none' })
  assert.deepEqual(statusOf(bought), ['executing', 'unknown'])
  assert.equal(bought.gate?.payment?.certainty, 'unknown')
  const held = await moneyOf(town)
  assert.equal(BigInt(held.booked) - BigInt(held.available), PRICE)
  const started = performance.now()
  while ((await earned()) === had && performance.now() - started < 5_000) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await tick()
  const after = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual(statusOf(after), ['settled', 'captured'])
  assert.equal(await earned(), had + PRICE)
  await booksAgree()
})

test('the same credential is presented again, and never a second one', async () => {
  const had = await earned()
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'down' })
  const bought = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual(statusOf(bought), ['executing', 'unknown'])
  const still = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual(statusOf(still), ['executing', 'unknown'])
  await town.world.breakFacilitator({ type: 'none' })
  const paid = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual(statusOf(paid), ['settled', 'captured'])
  assert.equal(paid.response?.status, 200)
  const nonces = [bought, still, paid].map(({ gate }) => gate?.payment?.nonce)
  assert.equal(new Set(nonces).size, 1)
  assert.equal(await earned(), had + PRICE)
  await booksAgree()
})

test('a server that only says it was paid is not: the money comes back when time has proven it', async () => {
  const had = await earned()
  const before = await moneyOf(town)
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'lying' })
  const bought = await buy(town, '/weather', { idempotencyKey })
  await town.world.breakFacilitator({ type: 'none' })
  assert.deepEqual(statusOf(bought), ['executing', 'unknown'])
  // The word of the server ends nothing, and neither does the clock of the house alone.
  await tick()
  pass(VALID_MS)
  await tick()
  assert.deepEqual(statusOf(await buy(town, '/weather', { idempotencyKey })), [
    'executing',
    'unknown',
  ])
  await town.world.warp(VALID_MS / 1_000)
  await tick()
  const after = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual(statusOf(after), ['voided', 'voided'])
  assert.equal(await earned(), had)
  assert.deepEqual(await moneyOf(town), before)
  await booksAgree()
})

test('a transaction that waits in the pool captures nothing until it is in a block', async () => {
  const had = await earned()
  await town.world.setAutomine(false)
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 0 })
  const { gate } = await buy(town, '/weather')
  await town.world.breakFacilitator({ type: 'none' })
  const params = { gateId: gate?.gateId ?? '' }
  const statusNow = async () => {
    await tick()
    const now = await town.house.operator.client.call('getGatesOne', { params })
    return [now.state, now.settlement?.status]
  }
  assert.deepEqual(await statusNow(), ['executing', 'unknown'])
  await town.world.setAutomine(true)
  await town.world.mine(1)
  assert.deepEqual(await statusNow(), ['settled', 'captured'])
  assert.equal(await earned(), had + PRICE)
  await booksAgree()
})

test('charged first and failed then: captured, red, with a claim that has its evidence', async () => {
  const had = await earned()
  const bought = await buy(town, '/broken-ticket')
  assert.equal(bought.response?.status, 500)
  assert.deepEqual(statusOf(bought), ['settled', 'captured'])
  assert.equal(bought.gate?.settlement?.colour, 'red')
  assert.equal(bought.gate?.claim?.reason, 'response_red')
  assert.match(bought.gate?.claim?.evidenceHash ?? '', /^[0-9a-f]{64}$/)
  assert.equal(await earned(), had + 50_000n)
  await booksAgree()
})

test('everything that is unknown ends, and what was held comes back or is paid', async () => {
  for (const fault of [
    { type: 'lying' },
    { type: 'refusing' },
    { type: 'down' },
    { type: 'pending', settlesAfterMs: 50 },
  ] as const) {
    await town.world.breakFacilitator(fault)
    assert.deepEqual(statusOf(await buy(town, '/weather')), ['executing', 'unknown'])
  }
  await town.world.breakFacilitator({ type: 'none' })
  await outlast()
  await outlast()
  await tick()
  const { booked, available, onChain } = await moneyOf(town)
  assert.deepEqual([booked, available], [onChain, onChain])
  await booksAgree()
})
