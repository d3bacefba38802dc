/** A purchase that waits for a person goes on under its own key, and is paid once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { answer } from '../support/approvals.ts'
import { applyProfile, type Member } from '../support/house.ts'
import { buy, buyingProfile, openTown, type Town } from './town.ts'

let town: Town
let reviewer: Member
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  const { asset } = town.world
  const tier = { asset, above: '5000', approvers: 1, role: 'reviewer', raise: 'escalate' } as const
  await applyProfile(town.house, buyingProfile(town, { approvalTiers: [tier] }))
  reviewer = await town.house.person(['reviewer'])
})
after(() => town?.close())

async function wait(idempotencyKey: string) {
  await assert.rejects(buy(town, '/weather', { idempotencyKey }), { code: 'payment_waiting' })
  const { items } = await town.house.operator.client.call('getApprovals', {
    query: { state: 'pending' },
  })
  const [asked] = items
  assert.ok(asked !== undefined)
  return asked
}

test('approved, the same call pays; before that and after that nothing is paid', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const idempotencyKey = 'a-purchase-that-waits'
  const asked = await wait(idempotencyKey)
  await assert.rejects(buy(town, '/weather', { idempotencyKey }), { code: 'payment_waiting' })
  assert.equal(await town.world.balance(PAYEES.express), earned)
  await answer(reviewer, asked)
  const bought = await buy(town, '/weather', { idempotencyKey })
  assert.equal(bought.gate?.settlement?.status, 'captured')
  const again = await buy(town, '/weather', { idempotencyKey })
  assert.equal(again.gate?.gateId, bought.gate?.gateId)
  assert.equal(await town.world.balance(PAYEES.express), earned + 10_000n)
})

test('denied, the same call is denied, and nothing is paid', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const idempotencyKey = 'a-purchase-nobody-wants'
  const asked = await wait(idempotencyKey)
  await answer(reviewer, asked, 'deny')
  await assert.rejects(buy(town, '/weather', { idempotencyKey }), { code: 'payment_denied' })
  assert.equal(await town.world.balance(PAYEES.express), earned)
})
