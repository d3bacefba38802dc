/** Presented again and answered otherwise: one answer is recorded, judged and kept. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import type { SellerFault } from '@surety/local-chain'
import { fsck, nodeCrypto } from '@surety/server'
import { rows } from '../support/books.ts'
import { pass } from '../support/house.ts'
import { buyMetered, openUnwillingTown } from './metered.ts'
import type { UnwillingNode } from './node.ts'
import { bundleOf, buy, jwksOf, type Town } from './town.ts'

const DAY_MS = 86_400_000
const NONE = { type: 'none' } as const
const UNAVAILABLE = { type: 'fail', status: 503 } as const

let town: Town
let node: UnwillingNode
let close: (() => Promise<void>) | undefined
before(async () => {
  ;({ town, node, close } = await openUnwillingTown())
})
after(() => close?.())

const problems = async () =>
  (await fsck(town.house.directory)).checks.flatMap((check) => check.problems)

type Bought = Awaited<ReturnType<typeof buy>>

const statusOf = ({ response }: Bought) => response?.status

/** What is recorded of a gate agrees with what is judged, claimed, exported and kept. */
async function isOneTruth(gateId: string, statuses: readonly number[]): Promise<void> {
  const { client } = town.house.operator
  const gate = await client.call('getGatesOne', { params: { gateId } })
  const events = await client.call('getGatesEvents', { params: { gateId } })
  const seen = events.filter(({ type }) => type === 'responseObserved').map(({ data }) => data)
  const observations = seen.map(({ observation }) => observation as { readonly status: number })
  assert.deepEqual(
    observations.map(({ status }) => status),
    statuses,
  )
  const last = seen.at(-1)?.evidenceHash
  assert.equal(gate.settlement?.status, 'captured')
  if (gate.settlement.colour === 'red') assert.equal(gate.claim?.evidenceHash, last)
  const report = bundle.verify(await bundleOf(town, gateId), await jwksOf(town), nodeCrypto)
  const failed = report.checks.filter(({ result }) => result === 'failed')
  assert.deepEqual([report.ok, failed], [true, []])
  assert.deepEqual(await problems(), [])
}

const CASES: readonly {
  readonly name: string
  readonly first: SellerFault
  readonly second: SellerFault
  readonly seen: readonly number[]
}[] = [
  { name: '503, then 200', first: UNAVAILABLE, second: NONE, seen: [503, 200] },
  { name: '402, then 200', first: NONE, second: NONE, seen: [402, 200] },
  { name: '402, then 503', first: NONE, second: UNAVAILABLE, seen: [402, 503] },
]

/** Answered twice under one key: unsettled at first, since no facilitator is there. */
async function twice(first: SellerFault, second: SellerFault) {
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'down' })
  await town.world.breakSeller('express', first)
  const unpaid = await buy(town, '/weather', { idempotencyKey })
  await town.world.breakFacilitator(NONE)
  await town.world.breakSeller('express', second)
  const paid = await buy(town, '/weather', { idempotencyKey })
  await town.world.breakSeller('express', NONE)
  return { idempotencyKey, unpaid, paid, gateId: paid.gate?.gateId ?? '' }
}

for (const { name, first, second, seen } of CASES) {
  test(`${name}: the last answer is recorded, judged and given again (one-truth)`, async () => {
    const { idempotencyKey, unpaid, paid, gateId } = await twice(first, second)
    assert.deepEqual([unpaid, paid].map(statusOf), seen)
    assert.deepEqual([unpaid.gate?.state, paid.gate?.state], ['executing', 'settled'])
    const isServed = seen.at(-1) === 200
    assert.equal(paid.gate?.settlement?.colour, isServed ? 'green' : 'red')
    assert.equal(paid.gate?.claim?.reason ?? null, isServed ? null : 'response_red')
    const again = await buy(town, '/weather', { idempotencyKey })
    assert.deepEqual(again.response, paid.response)
    assert.equal(again.gate?.gateId, gateId)
    await isOneTruth(gateId, seen)
  })
}

test('whoever sees the chain first, the last answer is judged (one-truth)', async () => {
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'down' })
  await buy(town, '/weather', { idempotencyKey })
  await town.world.breakFacilitator(NONE)
  node.refuses = () => true
  const served = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual([statusOf(served), served.gate?.state], [200, 'executing'])
  node.refuses = () => false
  await town.house.running.tick()
  const again = await buy(town, '/weather', { idempotencyKey })
  assert.equal(again.gate?.settlement?.colour, 'green')
  assert.deepEqual(again.response, served.response)
  await isOneTruth(served.gate?.gateId ?? '', [402, 200])
})

test('what served stands: an error that comes later is no reason to ask money back (one-truth)', async () => {
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'lying' })
  const served = await buyMetered(town, '500', { idempotencyKey })
  await town.world.breakFacilitator(NONE)
  await town.world.breakSeller('express', { type: 'fail', status: 500 })
  const failed = await buyMetered(town, '500', { idempotencyKey })
  await town.world.breakSeller('express', NONE)
  assert.deepEqual([served, failed].map(statusOf), [200, 500])
  const { settlement, claim, gateId } = failed.gate ?? {}
  assert.deepEqual([settlement?.colour, settlement?.captured], ['green', '500'])
  assert.equal(claim ?? null, null)
  const again = await buyMetered(town, '500', { idempotencyKey })
  assert.deepEqual(again.response, served.response)
  await isOneTruth(gateId ?? '', [200])
})

test('the same answer again adds nothing, and one answer is kept for a day', async () => {
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'down' })
  await town.world.breakSeller('express', UNAVAILABLE)
  for (const _ of [1, 2, 3]) await buy(town, '/weather', { idempotencyKey })
  await town.world.breakFacilitator(NONE)
  await town.world.breakSeller('express', NONE)
  const { gate } = await buy(town, '/weather', { idempotencyKey })
  const gateId = gate?.gateId ?? ''
  await isOneTruth(gateId, [503, 200])
  const kept = () =>
    [
      `SELECT id FROM deadlines WHERE id = '${gateId.replace('gat_', 'ans_')}'`,
      `SELECT name FROM documents WHERE owner = '${gateId}' AND name = 'answer.json'`,
    ].map((sql) => rows(town.house.directory, sql).length)
  assert.deepEqual(kept(), [1, 1])
  pass(DAY_MS + 1_000)
  await town.house.running.tick()
  assert.deepEqual(kept(), [0, 0])
  assert.deepEqual(await problems(), [])
})
