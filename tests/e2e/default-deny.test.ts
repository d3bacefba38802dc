/** A fresh house: nothing is applied, so nothing is paid, and every refusal is signed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { policy } from '@surety/domain'
import { hashOf, type PolicyDecision } from '@surety/protocol'
import { nodeCrypto } from '@surety/server'
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { countEvents, rows } from '../support/books.ts'
import {
  balanceOf,
  deposit,
  draftIntent,
  grantTo,
  type Market,
  openHouse,
  presentation,
  rule,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  const payer = await house.member('organisation', ['grant'], ['grants:write', 'read'])
  const agentScopes = ['gates:write', 'gates:execute', 'evidence:write', 'read'] as const
  const agent = await house.member('agent', ['intent'], agentScopes)
  const providerScopes = ['gates:execute', 'evidence:write', 'read'] as const
  const provider = await house.member('service', ['response'], providerScopes)
  await deposit(house, payer, '10000')
  const { grantHash } = await grantTo(payer, agent)
  market = { payer, agent, provider, grantHash }
})
after(() => house.close())

async function attempt(amount: string) {
  const { client } = market.agent
  const { gateId } = await client.call('postGates', {
    body: { intent: draftIntent(market, amount).jws },
  })
  return client.call('postGatesAuthorize', { params: { gateId } })
}

test('of a hundred paid attempts without a profile none is allowed, and each denial is signed (default-deny)', async () => {
  const published = await house.operator.client.call('getWellKnownJwksJson')
  const keys = createLocalJWKSet(published as unknown as JSONWebKeySet)
  const denyAll = hashOf(policy.DENY_ALL, nodeCrypto)
  const attempts = await Promise.all(
    Array.from({ length: 100 }, (_, i) => attempt(String((i % 3) + 1))),
  )
  for (const gate of attempts) {
    assert.equal(gate.state, 'denied')
    assert.equal(gate.authorization, null)
    const { receipts = [] } = gate
    assert.deepEqual(
      receipts.map(({ type }) => type),
      ['PolicyDecision.v1'],
    )
    const jws = receipts[0]?.jws ?? ''
    // A library that knows nothing of ours, with nothing but the published keys.
    const { payload, protectedHeader } = await compactVerify(jws, keys)
    assert.equal(protectedHeader.typ, 'surety/PolicyDecision.v1')
    const decision = JSON.parse(new TextDecoder().decode(payload)) as PolicyDecision
    assert.equal(decision.decision, 'deny')
    assert.equal(decision.reasonCode, 'default_deny')
    assert.equal(decision.gateId, gate.gateId)
    assert.equal(decision.policyId, 'deny-all')
    assert.equal(decision.policyHash, denyAll)
  }
})

test('none of them can be executed, and no money has moved (decision-first)', async () => {
  assert.equal(await balanceOf(house, market.payer), '10000')
  assert.equal(await balanceOf(house, market.provider), '0')
  for (const type of ['gateAuthorized', 'executionStarted', 'gateSettled']) {
    assert.equal(countEvents(house.directory, type), 0)
  }
  assert.deepEqual(rows(house.directory, "SELECT * FROM accounts WHERE account LIKE 'hold:%'"), [])
  assert.deepEqual(rows(house.directory, 'SELECT * FROM counters'), [])
  const { gateId } = await attempt('1')
  // The permission of a gate that was allowed does not open one that was denied.
  await rule(house, market)
  const allowed = await attempt('1')
  const call = { params: { gateId }, body: presentation(allowed) }
  await assert.rejects(market.provider.client.call('postGatesExecute', call), {
    code: 'gate_not_authorized',
  })
})

test('what was denied stays denied when a profile is applied later (terminal)', async () => {
  const { items } = await house.operator.client.call('getGates', { query: { state: 'denied' } })
  assert.ok(items.length > 0)
  for (const { gateId } of items.slice(0, 3)) {
    const again = market.agent.client.call('postGatesAuthorize', { params: { gateId } })
    await assert.rejects(again, { code: 'gate_not_declared' })
  }
})
