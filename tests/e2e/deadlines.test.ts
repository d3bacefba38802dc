/** What the clock may not do, and what may not stop it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Id } from '@surety/protocol'
import { ensureBooks } from '../support/books.ts'
import {
  balanceOf,
  declareAndAuthorize,
  draftIntent,
  execute,
  kidOf,
  type Market,
  openHouse,
  openMarket,
  pass,
  profileFor,
  rule,
  type TestHouse,
} from '../support/house.ts'

const HUGE = '600000000000000000'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house, { fund: '1000' })
})
after(async () => {
  ensureBooks(house.directory)
  await house.close()
})

function lifecycle(principalId: Id<'prn'>, to: 'suspended' | 'active') {
  return house.operator.client.call('postPrincipalsLifecycle', {
    params: { principalId },
    body: { to, reason: 'test' },
  })
}

test('silence pays nobody who is not active; the money waits until they are (default-deny)', async () => {
  const settlement = profileFor([]).settlement
  await rule(house, market, {
    settlement: { ...settlement, onSilence: 'release', evidenceWithinMs: 1_000 },
  })
  const { provider } = market
  const before = await balanceOf(house, provider)
  const gate = await declareAndAuthorize(market, '100')
  await execute(market, gate)
  await lifecycle(provider.principalId, 'suspended')
  pass(2_000)
  await house.running.tick()
  const read = () => house.operator.client.call('getGatesOne', { params: { gateId: gate.gateId } })
  assert.equal((await read()).state, 'executing')
  assert.equal(await balanceOf(house, provider), before)
  await lifecycle(provider.principalId, 'active')
  await house.running.tick()
  assert.equal((await read()).state, 'settled')
  assert.equal(await balanceOf(house, provider), String(Number(before) + 100))
})

test('one gate that cannot be ended keeps none behind it waiting (once)', async () => {
  const settlement = profileFor([]).settlement
  await rule(house, market, {
    authorizationWithinMs: 5_000,
    settlement: { ...settlement, onSilence: 'release', evidenceWithinMs: 1_000 },
  })
  const stuck = await declareAndAuthorize(market, '1')
  await execute(market, stuck)
  const later = await declareAndAuthorize(market, '1')
  await lifecycle(market.provider.principalId, 'suspended')
  pass(6_000)
  await house.running.tick()
  const { state } = await house.operator.client.call('getGatesOne', {
    params: { gateId: later.gateId },
  })
  assert.equal(state, 'expired')
  await lifecycle(market.provider.principalId, 'active')
})

test('however much went through an account, its money can go on (books)', async (t) => {
  const own = await openHouse()
  t.after(() => own.close())
  const perRequest = [{ asset: 'USD/2', max: HUGE }]
  const rich = await openMarket(own, {
    fund: HUGE,
    profile: { limits: { perRequest }, approvalTiers: [] },
  })
  for (let round = 0; round < 3; round += 1) {
    const gate = await declareAndAuthorize(rich, HUGE)
    assert.equal(gate.state, 'authorized')
    const params = { gateId: gate.gateId }
    const ended = await rich.agent.client.call('postGatesVoid', { params })
    assert.equal(ended.state, 'voided')
  }
  assert.equal(await balanceOf(own, rich.payer), HUGE)
  ensureBooks(own.directory)
})

test('an intent whose key was retired since is not decided (control)', async () => {
  await rule(house, market, {})
  const { agent } = market
  const { jws } = draftIntent(market, '1')
  const declared = await agent.client.call('postGates', { body: { intent: jws } })
  await house.operator.client.call('postPrincipalsKeysRetire', {
    params: { principalId: agent.principalId, kid: kidOf(agent, 'intent') },
    body: {},
  })
  const params = { gateId: declared.gateId }
  await assert.rejects(agent.client.call('postGatesAuthorize', { params }), {
    code: 'signing_key_not_valid',
  })
})
