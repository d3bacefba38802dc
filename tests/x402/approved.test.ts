/** A purchase that waits for a person goes on under its own key, and is paid once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { answer } from '../support/approvals.ts'
import {
  apiKeyFor,
  applyProfile,
  clientOf,
  type Member,
  pass,
  presentation,
} from '../support/house.ts'
import { lift, stop } from '../support/people/controls.ts'
import { allow, buyMetered, MOST, meteredProfile } from './metered.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

let town: Town
let reviewer: Member
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  const { asset } = town.world
  await applyProfile(town.house, buyingProfile(town, { approvalTiers: [tierOf(asset)] }))
  reviewer = await town.house.person(['reviewer'])
})
after(() => town?.close())

const tierOf = (asset: string) =>
  ({ asset, above: '5000', approvers: 1, role: 'reviewer', raise: 'escalate' }) as const

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

test('of what is charged by its use the most is approved, and what was taken is captured', async () => {
  const { asset } = town.world
  await applyProfile(town.house, meteredProfile(town, { approvalTiers: [tierOf(asset)] }))
  await town.world.giveGas(town.address)
  await allow(town)
  const idempotencyKey = 'a-metered-purchase-that-waits'
  const before = await moneyOf(town)
  await assert.rejects(buyMetered(town, '4321', { idempotencyKey }), { code: 'payment_waiting' })
  const { items } = await town.house.operator.client.call('getApprovals', {
    query: { state: 'pending' },
  })
  const [asked] = items
  assert.ok(asked !== undefined)
  assert.equal(asked.amount, String(MOST))
  await answer(reviewer, asked)
  // The allowance is gone meanwhile: nothing is signed, and the yes is good for later.
  await allow(town, '0')
  const call = { code: 'permit_allowance_required' }
  await assert.rejects(buyMetered(town, '4321', { idempotencyKey }), call)
  await allow(town)
  const { gate } = await buyMetered(town, '4321', { idempotencyKey })
  assert.deepEqual([gate?.state, gate?.settlement?.captured], ['settled', '4321'])
  const after = await moneyOf(town)
  assert.equal(BigInt(before.available) - BigInt(after.available), 4_321n)
  assert.equal(after.booked, after.onChain)
})

test('what its own rail pays is executed by nobody, and settled by nobody’s word', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const idempotencyKey = 'a-purchase-for-the-other-door'
  const asked = await wait(idempotencyKey)
  await answer(reviewer, asked)
  const params = { gateId: asked.gateId ?? '' }
  const held = await town.agent.client.call('postGatesAuthorize', { params })
  const agentKey = await apiKeyFor(town.house.operator, town.agent.principalId, ['gates:execute'])
  const agent = clientOf(town.house.running.url, agentKey)
  const body = presentation(held)
  await assert.rejects(agent.call('postGatesExecute', { params, body }), {
    code: 'gate_paid_by_rail',
  })
  const now = await town.agent.client.call('getGatesOne', { params })
  assert.deepEqual([now.state, now.settlement?.status], ['authorized', 'held'])
  const bought = await buy(town, '/weather', { idempotencyKey })
  assert.equal(bought.gate?.settlement?.status, 'captured')
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

for (const [name, selector] of [
  ['a pause', () => ({ type: 'payee', id: town.sellers.express }) as const],
  ['a pause of all spend', () => ({ type: 'all', id: 'everything' }) as const],
] as const) {
  test(`${name} between the decision and the presentation stops it, and the money comes back`, async () => {
    const before = await moneyOf(town)
    const earned = await town.world.balance(PAYEES.express)
    const idempotencyKey = `a-purchase-under-${name.replaceAll(' ', '-')}`
    const asked = await wait(idempotencyKey)
    await answer(reviewer, asked)
    // Decided again by the agent, and allowed: the money is held, and nothing is presented yet.
    const params = { gateId: asked.gateId ?? '' }
    const held = await town.agent.client.call('postGatesAuthorize', { params })
    assert.equal(held.state, 'authorized')
    const control = await stop(town.house.operator, selector())
    const call = { code: 'commit_control_active' }
    await assert.rejects(buy(town, '/weather', { idempotencyKey }), call)
    const now = await town.agent.client.call('getGatesOne', { params })
    assert.deepEqual([now.state, now.payment], ['authorized', null])
    assert.equal(await town.world.balance(PAYEES.express), earned)
    pass(61_000)
    await town.house.running.tick()
    const after = await town.agent.client.call('getGatesOne', { params })
    assert.equal(after.state, 'expired')
    assert.deepEqual(await moneyOf(town), before)
    await lift([town.house.operator], control)
  })
}
