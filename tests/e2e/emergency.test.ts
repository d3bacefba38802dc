/** Emergency controls: every selector, at the next decision and at the moment of effect. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { ControlSelector } from '@surety/protocol'
import { fsck } from '@surety/server'
import {
  noteRail,
  RAIL_FAILURES_MAX,
} from '../../packages/server/src/app/control/system-control.ts'
import { answer, approvalOf, refuses } from '../support/approvals.ts'
import { unchanged } from '../support/books.ts'
import {
  apiKeyFor,
  balanceOf,
  clientOf,
  declareAndAuthorize,
  draftIntent,
  execute,
  host,
  type Market,
  type Member,
  openHouse,
  openMarket,
  pass,
  profileFor,
  prove,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { draining, lift, send, stop, stopping, together } from '../support/people/controls.ts'

let house: TestHouse
let market: Market
let second: Member
before(async () => {
  house = await openHouse()
  second = await house.person(['oncall', 'ops_admin', 'incident_commander'])
})
beforeEach(async () => {
  market = await openMarket(house)
})
after(async () => {
  const report = await fsck(house.directory)
  await house.close()
  assert.deepEqual(
    report.checks.flatMap(({ problems }) => problems),
    [],
  )
})

const TOOL_CALL = {
  schemaVersion: 'RequestFingerprint.v1',
  server: 'weather',
  tool: 'forecast',
  argumentsHash: 'a'.repeat(64),
} as const

/** What each selector stops, of a request that has them all, and one that it does not concern. */
const SELECTORS: readonly {
  readonly name: string
  readonly selector: (own: Market) => ControlSelector
  readonly intent?: object
  readonly beside?: object
}[] = [
  { name: 'all', selector: () => ({ type: 'all', id: 'everything' }) },
  { name: 'tenant', selector: () => ({ type: 'tenant', id: house.founded.tenantId }) },
  { name: 'agent', selector: ({ agent }) => ({ type: 'principal', id: agent.principalId }) },
  { name: 'payer', selector: ({ payer }) => ({ type: 'principal', id: payer.principalId }) },
  {
    name: 'provider',
    selector: ({ provider }) => ({ type: 'principal', id: provider.principalId }),
  },
  { name: 'grant', selector: ({ grantHash }) => ({ type: 'grant', id: grantHash }) },
  { name: 'payee', selector: ({ provider }) => ({ type: 'payee', id: provider.principalId }) },
  { name: 'rail', selector: () => ({ type: 'rail', id: 'ledger' }) },
  {
    name: 'origin',
    selector: () => ({ type: 'origin', id: 'https://api.example' }),
    beside: { requestFingerprint: TOOL_CALL },
  },
  {
    name: 'tool server',
    selector: () => ({ type: 'origin', id: 'weather' }),
    intent: { requestFingerprint: TOOL_CALL },
    beside: {},
  },
  {
    name: 'tool of the call',
    selector: () => ({ type: 'tool', id: 'forecast' }),
    intent: { requestFingerprint: TOOL_CALL },
    beside: {},
  },
  {
    name: 'tool of the intent',
    selector: () => ({ type: 'tool', id: 'search' }),
    intent: { tool: 'search' },
    beside: { tool: 'find' },
  },
  {
    name: 'risk class',
    selector: () => ({ type: 'effect', id: 'financial' }),
    beside: { riskClass: 'read' },
  },
  {
    name: 'side effects',
    selector: () => ({ type: 'effect', id: 'side_effecting' }),
    beside: { sideEffecting: false },
  },
]

for (const { name, selector, intent = {}, beside } of SELECTORS) {
  test(`a pause on ${name} stops the next decision and the next effect, and nothing else (control)`, async () => {
    const authorized = await declareAndAuthorize(market, '10', intent)
    assert.equal(authorized.state, 'authorized')
    const control = await stop(house.operator, selector(market))
    const next = await declareAndAuthorize(market, '10', intent)
    assert.equal(next.state, 'denied')
    assert.equal(next.decision?.reasonCode, 'control_paused')
    await unchanged(house.directory, () =>
      assert.rejects(execute(market, authorized), { code: 'commit_control_active' }),
    )
    if (beside !== undefined) {
      assert.equal((await declareAndAuthorize(market, '10', beside)).state, 'authorized')
    }
    await lift([house.operator], control)
    assert.equal((await execute(market, authorized)).state, 'executing')
    assert.equal((await declareAndAuthorize(market, '10', intent)).state, 'authorized')
  })
}

test('a pause on a policy stops what it decides, until another rules (control)', async () => {
  const { policyHash } = await house.operator.client.call('getProfilesActive')
  const control = await stop(house.operator, { type: 'policy', id: policyHash })
  assert.equal((await declareAndAuthorize(market, '1')).decision?.reasonCode, 'control_paused')
  const other = await openMarket(house)
  assert.equal((await declareAndAuthorize(other, '1')).state, 'authorized')
  await lift([house.operator], control)
})

test('a pause on a token stops every command by it, and reading goes on (control)', async () => {
  const { agent } = market
  const apiKey = await apiKeyFor(house.operator, agent.principalId, ['gates:write', 'read'])
  const keys = await agent.client.call('getApiKeys', { query: {} })
  const keyId = keys.items[0]?.keyId as `key_${string}`
  const control = await stop(house.operator, { type: 'token', id: keyId })
  const { jws } = draftIntent(market, '1')
  const other = clientOf(house.running.url, apiKey)
  const declare = (client = agent.client) => client.call('postGates', { body: { intent: jws } })
  await unchanged(house.directory, () => assert.rejects(declare(other), { code: 'control_active' }))
  assert.ok((await other.call('getGates', { query: {} })).items)
  const declared = await declare()
  await lift([house.operator], control)
  const params = { gateId: declared.gateId }
  assert.equal((await other.call('postGatesAuthorize', { params })).state, 'authorized')
})

test('a pause on a scope stops every command that asks for it, of everybody (control)', async () => {
  const control = await stop(house.operator, { type: 'scope', id: 'gates:write' })
  await unchanged(house.directory, () =>
    assert.rejects(declareAndAuthorize(market, '1'), { code: 'control_active' }),
  )
  assert.ok((await market.agent.client.call('getGates', { query: {} })).items)
  await lift([house.operator], control)
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
})

test('a quarantined principal commands nothing; a paused one only spends nothing (control)', async () => {
  const { provider, agent } = market
  const gate = await declareAndAuthorize(market, '10')
  await execute(market, gate)
  const selector = { type: 'principal', id: provider.principalId } as const
  const paused = await stop(house.operator, selector)
  assert.equal((await prove(market, gate, statement(market, gate))).state, 'settled')
  await lift([house.operator], paused)
  const next = await declareAndAuthorize(market, '10')
  await execute(market, next)
  const quarantined = await stop(house.operator, selector, { command: 'quarantine' })
  const response = statement(market, next)
  const params = { gateId: next.gateId }
  await unchanged(house.directory, async () => {
    await assert.rejects(
      provider.client.call('postGatesEvidence', { params, body: { response } }),
      {
        code: 'control_active',
      },
    )
    await assert.rejects(agent.client.call('postGatesEvidence', { params, body: { response } }), {
      code: 'commit_control_active',
    })
  })
  await lift([house.operator], quarantined)
  assert.equal((await prove(market, next, response)).state, 'settled')
})

test('what is frozen is not released, and is refunded all the same (control)', async () => {
  const green = await declareAndAuthorize(market, '10')
  const red = await declareAndAuthorize(market, '20')
  for (const gate of [green, red]) await execute(market, gate)
  const orders = together([house.operator, second], { type: 'rail', id: 'ledger' })
  const control = await send(house.operator, ...orders)
  const response = statement(market, green)
  await unchanged(house.directory, () =>
    assert.rejects(prove(market, green, response), { code: 'commit_control_active' }),
  )
  const refunded = await prove(market, red, statement(market, red, { status: 500 }))
  assert.equal(refunded.settlement?.status, 'refunded')
  // Who cannot be heard is not silent: the deadline waits for the end of the freeze.
  pass(61_000)
  await house.running.tick()
  const { gateId } = green
  const waits = await market.agent.client.call('getGatesOne', { params: { gateId } })
  assert.equal(waits.state, 'executing')
  await lift([house.operator, second], control)
  assert.equal((await prove(market, green, response)).settlement?.status, 'released')
  assert.equal(await balanceOf(house, market.provider), '10')
})

test('what a person resolves is not released while it is stopped, and is refunded (control)', async () => {
  await rule(house, market, { settlement: { ...profileFor([]).settlement, mode: 'manual' } })
  const reviewer = await house.person(['reviewer'])
  const held = await declareAndAuthorize(market, '30')
  await execute(market, held)
  assert.equal((await prove(market, held, statement(market, held))).state, 'review')
  const review = await approvalOf(house, held.gateId)
  const orders = together([house.operator, second], { type: 'rail', id: 'ledger' })
  const control = await send(house.operator, ...orders)
  await refuses(answer(reviewer, review, 'resolve_release'), 'commit_control_active')
  assert.equal((await answer(reviewer, review, 'resolve_refund')).state, 'consumed')
  await lift([house.operator, second], control)
})

test('a control with an end lifts itself by the clock, and stands until then (control)', async () => {
  const until = new Date(host.now() + 5_000).toISOString()
  const selector = { type: 'grant', id: market.grantHash } as const
  const control = await stop(house.operator, selector, { until })
  pass(4_000)
  await house.running.tick()
  assert.equal((await declareAndAuthorize(market, '1')).decision?.reasonCode, 'control_paused')
  pass(2_000)
  // The worker is late: late is safe.
  assert.equal((await declareAndAuthorize(market, '1')).state, 'denied')
  await house.running.tick()
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
  const { controlId } = control
  const read = await house.operator.client.call('getControlsOne', { params: { controlId } })
  assert.deepEqual([read.state, read.lifted?.cause, read.lifted?.signers], ['lifted', 'clock', []])
})

test('two controls on one selector are two: both must be lifted (control)', async () => {
  const selector = { type: 'grant', id: market.grantHash } as const
  const pause = await stop(house.operator, selector)
  const quarantine = await stop(second, selector, { command: 'quarantine' })
  const denied = await declareAndAuthorize(market, '1')
  assert.deepEqual(denied.decision?.reasonCodes, ['control_quarantined', 'control_paused'])
  await lift([house.operator], quarantine)
  assert.equal((await declareAndAuthorize(market, '1')).decision?.reasonCode, 'control_paused')
  await lift([house.operator], pause)
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
})

test('a revocation is an end of its own, for good (control)', async () => {
  const orders = together(
    [house.operator, second],
    { type: 'grant', id: market.grantHash },
    { command: 'revoke' },
  )
  const revoked = await send(house.operator, ...orders)
  assert.equal((await declareAndAuthorize(market, '1')).decision?.reasonCode, 'grant_revoked')
  await assert.rejects(lift([house.operator, second], revoked), {
    code: 'control_revocation_final',
  })
  const { principalId } = market.agent
  const keys = await market.agent.client.call('getApiKeys', { query: {} })
  const keyId = keys.items[0]?.keyId as `key_${string}`
  const token = together(
    [second, house.operator],
    { type: 'token', id: keyId },
    { command: 'revoke', role: 'incident_commander' },
  )
  await send(second, ...token)
  await assert.rejects(market.agent.client.call('getGates', { query: {} }), {
    code: 'credentials_invalid',
  })
  const person = together(
    [house.operator, second],
    { type: 'principal', id: principalId },
    { command: 'revoke' },
  )
  await send(house.operator, ...person)
  const gone = await house.operator.client.call('getPrincipalsOne', { params: { principalId } })
  assert.equal(gone.lifecycle, 'decommissioned')
})

test('the notices of a tenant wait while they are stopped, and leave in order after (control)', async () => {
  const control = await stop(house.operator, { type: 'webhook', id: 'notices' })
  await stop(house.operator, { type: 'grant', id: market.grantHash })
  await declareAndAuthorize(market, '1')
  const waiting = async () =>
    (await house.running.app.store.reads.outbox(house.running.app.clock.now(), 256)).length
  await house.running.tick()
  assert.ok((await waiting()) > 0)
  await lift([house.operator], control)
  await house.running.tick()
  assert.equal(await waiting(), 0)
})

test('who orders signs: another’s order changes nothing (control)', async () => {
  const { jws } = stopping(house.operator, { type: 'all', id: 'everything' })
  await unchanged(house.directory, () =>
    assert.rejects(send(second, jws), { code: 'caller_mismatch' }),
  )
})

test('a rail that fails again and again is paused; refunds on it go on (control)', async () => {
  const { app } = house.running
  const { tenantId, environment } = house.founded
  const scope = { tenantId, environment }
  const red = await declareAndAuthorize(market, '20')
  await execute(market, red)
  const fail = () => noteRail(app, scope, 'ledger', 'failed')
  for (let i = 1; i < RAIL_FAILURES_MAX; i += 1) await fail()
  await noteRail(app, scope, 'ledger', 'answered')
  for (let i = 1; i < RAIL_FAILURES_MAX; i += 1) await fail()
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
  // Never the other way round: from here on it allows nothing, however often it fails.
  for (let i = 0; i < 2 * RAIL_FAILURES_MAX; i += 1) await fail()
  assert.equal((await declareAndAuthorize(market, '1')).decision?.reasonCode, 'control_paused')
  const refunded = await prove(market, red, statement(market, red, { status: 500 }))
  assert.equal(refunded.settlement?.status, 'refunded')
  const query = { state: 'active', limit: '1' } as const
  const [control] = (await house.operator.client.call('getControls', { query })).items
  assert.ok(control !== undefined)
  assert.deepEqual([control.imposed.cause, control.imposed.signers], ['adapter', []])
  await lift([house.operator], control)
  assert.equal((await declareAndAuthorize(market, '1')).state, 'authorized')
})

test('a drain gives back what was not begun, and leaves what was (control)', async () => {
  const before = await balanceOf(house, market.payer)
  const executing = await declareAndAuthorize(market, '20')
  await execute(market, executing)
  const authorized = [
    await declareAndAuthorize(market, '10'),
    await declareAndAuthorize(market, '30'),
  ]
  const other = await openMarket(house)
  const elsewhere = await declareAndAuthorize(other, '5')
  const selector = { type: 'principal', id: market.agent.principalId } as const
  const { controlId } = await stop(house.operator, selector)
  const { client } = house.operator
  const flying = await client.call('getControlsInFlight', { params: { controlId }, query: {} })
  assert.deepEqual(
    flying.items.map(({ gateId, amount, drainable }) => [gateId, amount, drainable]),
    [
      [executing.gateId, '20', false],
      [authorized[0]?.gateId, '10', true],
      [authorized[1]?.gateId, '30', true],
    ],
  )
  const drain = (by: Member, action: string) =>
    by.client.call('postControlsDrain', { params: { controlId }, body: { action } })
  const viewer = await house.person(['viewer'])
  const how = { command: 'drain', role: 'viewer', controlId } as never
  await assert.rejects(drain(viewer, stopping(viewer, selector, how).jws), {
    code: 'operator_role_insufficient',
  })
  const action = draining(house.operator, controlId, selector)
  const drained = await drain(house.operator, action)
  assert.deepEqual(
    drained.voided,
    authorized.map(({ gateId }) => gateId),
  )
  assert.deepEqual(drained.executing, [executing.gateId])
  await assert.rejects(drain(house.operator, action), { code: 'control_drained_already' })
  assert.equal(BigInt(await balanceOf(house, market.payer)), BigInt(before) - 20n)
  const params = { gateId: elsewhere.gateId }
  assert.equal((await other.agent.client.call('getGatesOne', { params })).state, 'authorized')
  await prove(market, executing, statement(market, executing))
  const left = await client.call('getControlsInFlight', { params: { controlId }, query: {} })
  assert.deepEqual(left.items, [])
})
