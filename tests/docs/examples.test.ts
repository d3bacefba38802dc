import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AggregationTemporality, InMemoryMetricExporter } from '@opentelemetry/sdk-metrics'
import type { Jwks } from '@surety/protocol'
import { type Agent, buy, connect, giveBack, host, partyOf } from '../../examples/buy.ts'
import { exportMetrics } from '../../examples/monitor.ts'
import { authorizationOf, type Provider, sell } from '../../examples/sell.ts'
import { verifyExported } from '../../examples/verify.ts'
import {
  host as clock,
  type Market,
  openHouse,
  openMarket,
  pass,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
let agent: Agent
let provider: Provider
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const exporting = exportMetrics(exporter)
before(async () => {
  // The examples read the clock of the wall.
  pass(Date.now() - clock.now())
  house = await openHouse()
  const settlement = {
    mode: 'automatic',
    verifiers: [{ verifier: 'status' }, { verifier: 'hash' }],
    onSilence: 'refund',
    evidenceWithinMs: 60_000,
  } as const
  market = await openMarket(house, { profile: { settlement: { ...settlement } as never } })
  const { url } = house.running
  const { grantHash } = market
  agent = { party: market.agent.party, client: connect(url, market.agent.apiKey), grantHash }
  const client = connect(url, market.provider.apiKey)
  const jwks = (await client.call('getWellKnownJwksJson')) as Jwks
  provider = { party: market.provider.party, client, jwks }
})
after(async () => {
  await exporting.shutdown()
  await house.close()
})

async function bought(amount: string) {
  const result = await buy(agent, market.provider.principalId, amount)
  assert.ok(result.bought)
  return { ...result.request, authorization: result.authorization, gateId: result.gate.gateId }
}

test('what the buying guide shows yields an authorization that the provider can check', async () => {
  const received = await bought('250')
  assert.ok(authorizationOf(provider, received).ok)
  assert.equal((await giveBack(agent, received.gateId)).state, 'voided')
})

test('what the selling guide shows is paid, and its bundle verifies as the third guide shows', async () => {
  const received = await bought('250')
  assert.equal((await sell(provider, received, '250')).status, 200)
  const { gateId } = received
  const gate = await agent.client.call('getGatesOne', { params: { gateId } })
  assert.equal(gate.settlement?.status, 'released')
  assert.equal(gate.settlement?.colour, 'green')
  const exported = await agent.client.call('getGatesBundle', { params: { gateId } })
  assert.deepEqual(verifyExported(exported, provider.jwks), { ok: true, failed: [] })
  const [first, ...rest] = exported.files
  const altered = { ...first, path: `x${String(first?.path)}` }
  assert.equal(verifyExported({ files: [altered, ...rest] as never }, provider.jwks).ok, false)
})

test('a provider that is asked for another request does not work', async () => {
  const received = await bought('250')
  const other = { ...received, url: 'https://api.example/v1/more' }
  await assert.rejects(sell(provider, other, '250'), { code: 'binding_url_mismatch' })
  await assert.rejects(sell(provider, received, '999'), { code: 'binding_amount_mismatch' })
  const forged = { ...received, authorization: `${received.authorization.slice(0, -4)}AAAA` }
  assert.equal((await sell(provider, forged, '250')).status, 402)
})

test('a denied purchase yields no authorization', async () => {
  const result = await buy(agent, market.provider.principalId, '1001')
  assert.equal(result.bought, false)
  assert.equal(result.gate.decision?.reasonCode, 'per_request_exceeded')
  assert.ok(host.now() > 0)
})

test('a party made from credentials signs as the guide shows', async () => {
  const { principalId } = market.payer
  const deposit = { source: 'guide', reference: 'one', principalId, amount: '5', asset: 'USD/2' }
  const action = partyOf(house.founded).deposit(deposit, 'test')
  const recorded = await house.operator.client.call('postDeposits', { body: { action } })
  assert.equal(recorded.amount, '5')
})

test('what the monitoring guide shows exports what was decided', async () => {
  await bought('250')
  await exporting.forceFlush()
  const [exported] = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
  const found = exported?.metrics.find(({ descriptor }) => descriptor.name === DECISIONS)
  const outcomes = found?.dataPoints.map(({ attributes }) => attributes.outcome)
  assert.deepEqual([exported?.scope.name, outcomes?.includes('allow')], ['surety', true])
})

const DECISIONS = 'surety_decisions_total'
