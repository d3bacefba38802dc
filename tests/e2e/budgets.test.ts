/** Budgets: what is claimed, what is given back, what is not, and what an edit resets: nothing. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { GrantBounds, Profile } from '@surety/protocol'
import { rows } from '../support/books.ts'
import {
  applyProfile,
  balanceOf,
  declareAndAuthorize,
  execute,
  grantTo,
  type Market,
  openHouse,
  openMarket,
  pass,
  profileFor,
  prove,
  purchase,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house, { fund: '1000000' })
})
after(() => house.close())

const USD = (max: string) => [{ asset: 'USD/2', max }]
const usual = profileFor([])

/** The market under a grant of its own. */
async function under(bounds: Partial<GrantBounds>): Promise<Market> {
  const { grantHash } = await grantTo(market.payer, market.agent, bounds)
  return { ...market, grantHash }
}

const reasonOf = async (own: Market, amount: string): Promise<string | undefined> =>
  (await declareAndAuthorize(own, amount)).decision?.reasonCode

/** What is reserved and spent of a grant's total. */
async function usedOf({ grantHash }: Market): Promise<readonly [bigint, bigint]> {
  const grant = await house.operator.client.call('getGrantsOne', { params: { grantHash } })
  const total = grant.used?.find(({ period }) => period === 'total')
  return [BigInt(total?.reserved ?? '0'), BigInt(total?.spent ?? '0')]
}

test('a release spends what was reserved, and does not give it back (budget)', async () => {
  const own = await under({ total: USD('10') })
  const gate = await declareAndAuthorize(own, '6')
  assert.deepEqual(await usedOf(own), [6n, 0n])
  await execute(own, gate)
  assert.deepEqual(await usedOf(own), [6n, 0n])
  await prove(own, gate, statement(own, gate))
  assert.deepEqual(await usedOf(own), [0n, 6n])
  assert.equal(await reasonOf(own, '5'), 'grant_total_exceeded')
  assert.equal(await reasonOf(own, '4'), 'allowed')
})

test('a refund gives the budget back, once (budget)', async () => {
  const own = await under({ total: USD('10') })
  const settled = await purchase(own, '10', { status: 500 })
  assert.equal(settled.settlement?.status, 'refunded')
  assert.deepEqual(await usedOf(own), [0n, 0n])
  assert.equal(await reasonOf(own, '11'), 'grant_total_exceeded')
  assert.equal(await reasonOf(own, '10'), 'allowed')
})

test('a void gives money and budget back, once (budget)', async () => {
  const own = await under({ total: USD('10'), count: 1 })
  const before = await balanceOf(house, market.payer)
  const gate = await declareAndAuthorize(own, '10')
  const call = { params: { gateId: gate.gateId } }
  const voided = await market.agent.client.call('postGatesVoid', call)
  assert.deepEqual([voided.state, voided.settlement?.status], ['voided', 'voided'])
  await assert.rejects(market.agent.client.call('postGatesVoid', call), {
    code: 'gate_not_authorized',
  })
  assert.equal(await balanceOf(house, market.payer), before)
  assert.deepEqual(await usedOf(own), [0n, 0n])
  assert.equal(await reasonOf(own, '10'), 'allowed')
})

test('an expiry gives money and budget back, once, and not a moment early (budget)', async () => {
  await rule(house, market, { authorizationWithinMs: 1_000 })
  const own = await under({ total: USD('10'), count: 1 })
  const before = await balanceOf(house, market.payer)
  const gate = await declareAndAuthorize(own, '10')
  await house.running.tick()
  assert.deepEqual(await usedOf(own), [10n, 0n])
  assert.equal(await reasonOf(own, '1'), 'grant_total_exceeded')
  pass(1_100)
  await Promise.all([house.running.tick(), house.running.tick()])
  await house.running.tick()
  const params = { gateId: gate.gateId }
  const ended = await market.agent.client.call('getGatesOne', { params })
  assert.deepEqual([ended.state, ended.settlement?.status], ['expired', 'expired'])
  assert.equal(await balanceOf(house, market.payer), before)
  assert.deepEqual(await usedOf(own), [0n, 0n])
  await rule(house, market)
  assert.equal(await reasonOf(own, '10'), 'allowed')
})

test('a gate that waits claims nothing, and its wait ends by the clock (budget)', async () => {
  await rule(house, market, { approvalWithinMs: 1_000 })
  const own = await under({ total: USD('600') })
  const waiting = await declareAndAuthorize(own, '600')
  assert.deepEqual([waiting.state, waiting.decision?.decision], ['waiting', 'challenge'])
  assert.deepEqual(await usedOf(own), [0n, 0n])
  assert.equal(await reasonOf(own, '500'), 'allowed')
  pass(1_100)
  await house.running.tick()
  const params = { gateId: waiting.gateId }
  const ended = await market.agent.client.call('getGatesOne', { params })
  assert.deepEqual([ended.state, ended.settlement?.status ?? 'none'], ['expired', 'none'])
  await rule(house, market)
})

test('a review keeps the budget reserved (budget)', async () => {
  await rule(house, market, { settlement: { ...usual.settlement, mode: 'manual' } })
  const own = await under({ total: USD('10') })
  const settled = await purchase(own, '10')
  assert.equal(settled.state, 'review')
  assert.deepEqual(await usedOf(own), [10n, 0n])
  await rule(house, market)
  assert.equal(await reasonOf(own, '1'), 'grant_total_exceeded')
})

test('editing the profile, or applying another, resets no counter (budget)', async () => {
  const payer = await openMarket(house, { fund: '100' })
  const limits = { ...usual.limits, perDay: USD('10'), perMonth: USD('20'), total: USD('20') }
  const profile = (version: number, profileId: string, changes: Partial<Profile> = {}): Profile =>
    profileFor([payer.provider.principalId], { profileId, version, limits, ...changes })
  const apply = (document: Profile) => applyProfile(house, document)
  await apply(profile(1, 'edited'))
  assert.equal(await reasonOf(payer, '10'), 'allowed')
  await apply(profile(2, 'edited', { name: 'edited' }))
  assert.equal(await reasonOf(payer, '1'), 'day_exceeded')
  await apply(profile(1, 'another'))
  assert.equal(await reasonOf(payer, '1'), 'day_exceeded')
  const wider = { ...limits, perDay: USD('1000') }
  await apply(profile(3, 'edited', { limits: wider }))
  assert.equal(await reasonOf(payer, '11'), 'month_exceeded')
  assert.equal(await reasonOf(payer, '10'), 'allowed')
  await apply(profile(4, 'edited', { limits: { ...wider, perMonth: USD('1000') } }))
  assert.equal(await reasonOf(payer, '1'), 'total_exceeded')
  // What a version that limits nothing let through still counts under the next that does.
  await apply(profile(5, 'edited', { limits: { perRequest: usual.limits.perRequest } }))
  assert.equal(await reasonOf(payer, '30'), 'allowed')
  await apply(
    profile(6, 'edited', { limits: { ...limits, perDay: USD('49'), perMonth: USD('50') } }),
  )
  assert.equal(await reasonOf(payer, '1'), 'day_exceeded')
  await rule(house, market)
})

test('another grant, or another agent, resets no counter of the payer (budget)', async () => {
  const payer = await openMarket(house, {
    fund: '100',
    profile: { limits: { ...usual.limits, perDay: USD('10') } },
  })
  assert.equal(await reasonOf(payer, '10'), 'allowed')
  const { grantHash } = await grantTo(payer.payer, payer.agent)
  assert.equal(await reasonOf({ ...payer, grantHash }, '1'), 'day_exceeded')
  const scopes = ['gates:write', 'read'] as const
  const agent = await house.member('agent', ['intent'], scopes)
  const second = await grantTo(payer.payer, agent)
  const own = { ...payer, agent, grantHash: second.grantHash }
  assert.equal(await reasonOf(own, '1'), 'day_exceeded')
  await rule(house, market)
})

test('a limit of zero is zero (budget)', async () => {
  const zero: readonly (readonly [Partial<GrantBounds>, string])[] = [
    [{ perCall: USD('0') }, 'grant_per_call_exceeded'],
    [{ perDay: USD('0') }, 'grant_day_exceeded'],
    [{ total: USD('0') }, 'grant_total_exceeded'],
    [{ count: 0 }, 'grant_count_exceeded'],
    [{ assets: [] }, 'grant_asset_not_allowed'],
    [{ payees: [] }, 'grant_payee_not_allowed'],
    [{ total: [] }, 'grant_total_exceeded'],
  ]
  for (const [bounds, reason] of zero)
    assert.equal(await reasonOf(await under(bounds), '1'), reason)
  const limits: readonly (readonly [Partial<Profile['limits']>, string])[] = [
    [{ perRequest: USD('0') }, 'per_request_exceeded'],
    [{ perDay: USD('0') }, 'day_exceeded'],
    [{ perMonth: USD('0') }, 'month_exceeded'],
    [{ total: USD('0') }, 'total_exceeded'],
    [{ tenantPerDay: USD('0') }, 'tenant_day_exceeded'],
    [{ tenantPerMonth: USD('0') }, 'tenant_month_exceeded'],
    [{ tenantTotal: USD('0') }, 'tenant_total_exceeded'],
  ]
  for (const [limit, reason] of limits) {
    await rule(house, market, { limits: { ...usual.limits, ...limit } })
    assert.equal(await reasonOf(market, '1'), reason)
  }
  await rule(house, market)
})

test('a new day opens the day’s budget and no other; a give-back goes to the day it came from', async () => {
  const own = await openMarket(house, {
    fund: '100',
    profile: {
      limits: { ...usual.limits, perDay: USD('10'), total: USD('15') },
      authorizationWithinMs: 86_400_000 * 2,
    },
  })
  const first = await declareAndAuthorize(own, '10')
  assert.equal(first.state, 'authorized')
  const untilMidnightMs = 86_400_000 - (Date.parse(first.declaredAt) % 86_400_000)
  pass(untilMidnightMs)
  await assertDay(own, '6', 'total_exceeded')
  await assertDay(own, '5', 'allowed')
  const counters = () =>
    rows(
      house.directory,
      `SELECT start, reserved FROM counters WHERE subject = 'principal:${own.payer.principalId}' AND period = 'day' ORDER BY start`,
    ).map(({ reserved }) => reserved)
  assert.deepEqual(counters(), [10n, 5n])
  await own.agent.client.call('postGatesVoid', { params: { gateId: first.gateId } })
  assert.deepEqual(counters(), [0n, 5n])
})

async function assertDay(own: Market, amount: string, reason: string): Promise<void> {
  assert.equal(await reasonOf(own, amount), reason)
}
