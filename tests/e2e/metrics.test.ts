/** What is counted is what happened; who may read it; and that it costs next to nothing. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { context, type Span, type SpanContext, type Tracer, trace } from '@opentelemetry/api'
import { prometheusMeter } from '../../packages/server/src/notify/prometheus/meter.ts'
import { METRICS } from '../../packages/server/src/notify/prometheus/metrics.ts'
import {
  apiKeyFor,
  applyProfile,
  declareAndAuthorize,
  execute,
  type Market,
  openHouse,
  openMarket,
  profileFor,
  purchase,
  type TestHouse,
} from '../support/house.ts'
import { metricsOf, sampleOf } from '../support/metrics.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

test('decisions, settlements, held money and requests are counted as they happened', async () => {
  await purchase(market, '250')
  await purchase(market, '100', { status: 500 })
  await execute(market, await declareAndAuthorize(market, '40'))
  await declareAndAuthorize(market, '5000')
  await declareAndAuthorize(market, '600')
  const text = await metricsOf(house)
  const sample = (name: string) => sampleOf(text, name)
  assert.equal(sample('surety_decisions_total{outcome="allow",code="allowed"}'), 3)
  assert.equal(sample('surety_decisions_total{outcome="deny",code="per_request_exceeded"}'), 1)
  const asked = 'surety_decisions_total{outcome="challenge",code="approval_challenged"}'
  assert.equal(sample(asked), 1)
  assert.equal(sample('surety_evaluation_seconds_count'), 5)
  assert.equal(sample('surety_settlements_total{outcome="released"}'), 1)
  assert.equal(sample('surety_settlements_total{outcome="refunded"}'), 1)
  assert.equal(sample('surety_held_minor_units{asset="USD/2"}'), 40)
  assert.equal(sample('surety_events_total{type="decisionRecorded"}'), 5)
  assert.equal(sample('surety_deadlines_overdue'), 0)
  assert.equal(sample('surety_requests_in_progress'), 1)
  const declared = 'surety_http_requests_total{method="POST",route="/v1/gates",status="201"}'
  assert.equal(sample(declared), 5)
  assert.ok((sample('surety_commit_seconds_count') ?? 0) > 10)
  const commands = sample('surety_commit_commands_sum') ?? 0
  assert.ok(commands >= (sample('surety_commit_seconds_count') ?? 0))
})

test('a profile in shadow is counted by what it would have made of a decision', async () => {
  const limits = { perRequest: [{ asset: 'USD/2', max: '5' }] }
  const payees = [market.provider.principalId]
  const watching = profileFor(payees, { profileId: 'watching', mode: 'shadow', limits })
  await applyProfile(house, watching)
  await declareAndAuthorize(market, '10')
  const text = await metricsOf(house)
  const name = 'surety_shadow_decisions_total{outcome="allow",shadow="deny"}'
  assert.equal(sampleOf(text, name), 1)
})

test('a payment of which nothing is known any more is counted as such', async () => {
  const meter = prometheusMeter({ version: '0', schema: 1 })
  const event = (state: string, certainty: string) => ({
    type: 'paymentReported',
    data: { payment: { state, certainty } },
  })
  const events = [event('broadcasting', 'unknown'), event('confirmed', 'known')]
  meter.committed({ streams: [{ events }] } as never)
  const { store, clock } = house.running.app
  const now = { reads: store.reads, at: clock.now(), waiting: 0, busy: 0 }
  const { text } = await meter.offer(() => now)()
  const name = 'surety_payments_total{state="broadcasting",certainty="unknown"}'
  assert.equal(sampleOf(text, name), 1)
})

test('every metric of the table is exported, with the kind and labels it states', async () => {
  const text = await metricsOf(house)
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    assert.ok(text.includes(`# TYPE ${name} ${kind}\n`), name)
    const samples = [...text.matchAll(new RegExp(`^${name}(?:_[a-z]+)?(?:\\{([^}]*)\\})? `, 'gm'))]
    for (const [, written = ''] of samples) {
      const found = [...written.matchAll(/(\w+)="/g)].map(([, label]) => label)
      assert.deepEqual(found.filter((label) => label !== 'le').sort(), [...labels].sort(), name)
    }
  }
})

test('no label takes its value from a stranger: paths, methods and statuses are of closed sets', async () => {
  const { url } = house.running
  for (const path of ['/v1/gates/gat_nobody', '/nowhere/at/all', '/%7Bx%7D', '/v1/gates?q=1']) {
    await (await fetch(`${url}${path}`)).text()
  }
  await (await fetch(`${url}/v1/gates`, { method: 'PROPFIND' })).text()
  const text = await metricsOf(house)
  const routes = [...text.matchAll(/^surety_http_requests_total\{[^}]*route="([^"]*)"/gm)]
  for (const [, route = ''] of routes) assert.match(route, /^(?:none|\/[a-z0-9/.{}-]*)$/i)
  assert.equal(text.includes('nowhere'), false)
  assert.equal(text.includes('gat_nobody'), false)
})

test('the metrics are nobody’s without a key for them, wherever the request comes from (default-deny)', async () => {
  const { url } = house.running
  const asked = async (apiKey: string | undefined) => {
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
    const answered = await fetch(`${url}/metrics`, { headers: headers as Record<string, string> })
    const body = (await answered.json()) as { readonly code: string }
    return [answered.status, body.code]
  }
  assert.deepEqual(await asked(undefined), [401, 'credentials_missing'])
  assert.deepEqual(await asked(market.agent.apiKey), [403, 'scope_missing'])
  const { operator } = house
  const reader = await apiKeyFor(operator, operator.principalId, ['read', 'read:all'])
  assert.deepEqual(await asked(reader), [403, 'scope_missing'])
  const grant = { principalId: market.agent.principalId, name: 'm', scopes: ['metrics:read'] }
  const given = operator.client.call('postApiKeys', { body: grant as never })
  await assert.rejects(given, { code: 'scope_not_grantable' })
  const other = await fetch(`${url}/metrics`, { method: 'POST' })
  assert.deepEqual([other.status, other.headers.get('allow')], [405, 'GET'])
})

test('to count costs next to nothing: a hundred thousand in well under a second', () => {
  const meter = prometheusMeter({ version: '0', schema: 1 })
  const data = { decision: { decision: 'allow', reasonCode: 'allowed' } }
  const write = { streams: [{ events: [{ type: 'decisionRecorded', data }] }] }
  const started = performance.now()
  for (let n = 0; n < 100_000; n += 1) {
    meter.evaluation(() => n)
    meter.committed(write as never)
  }
  const each = (performance.now() - started) / 100_000
  assert.ok(each < 0.02, `${String(each)} ms each`)
})

test('a request is a span of the trace its caller names, with what was decided', async () => {
  const ended: { name: string; attributes: Record<string, unknown>; context: SpanContext }[] = []
  const tracer = {
    startSpan: (name: string, { attributes = {} }: { attributes?: object } = {}) => {
      const span = {
        name,
        attributes: { ...attributes } as Record<string, unknown>,
        context: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 },
      }
      return {
        spanContext: () => span.context,
        setAttribute: (key: string, value: unknown) =>
          void Object.assign(span.attributes, { [key]: value }),
        setStatus: () => undefined,
        isRecording: () => true,
        end: () => void ended.push(span),
      } as unknown as Span
    },
  } as unknown as Tracer
  trace.setGlobalTracerProvider({ getTracer: () => tracer })
  try {
    const { gateId } = await declareAndAuthorize(market, '3')
    const events = await market.agent.client.call('getGatesEvents', { params: { gateId } })
    const decided = ended.find(({ name }) => name === 'POST /v1/gates/{gateId}/authorize')
    assert.equal(decided?.attributes['surety.decision'], 'allow')
    assert.equal(decided?.attributes['http.response.status_code'], 201)
    // The journal names the trace that the span belongs to.
    assert.deepEqual([...new Set(events.map(({ traceId }) => traceId))], ['ab'.repeat(16)])
  } finally {
    trace.disable()
    context.disable()
  }
})
