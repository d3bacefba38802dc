/** Rates, sequences and units: counted in the decision, exact under a race, the same offline. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { fromBase64url } from '@surety/protocol'
import { fsck, nodeCrypto } from '@surety/server'
import {
  declareAndAuthorize,
  type Gate,
  type Market,
  openHouse,
  openMarket,
  pass,
  rule,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house, { fund: '1000000' })
})
after(() => house.close())

const HOUR_MS = 3_600_000
const calls = (max: number, id = 'calls') =>
  ({ id, per: 'agent', max, windowMs: HOUR_MS, outcome: 'deny' }) as const

const reasonOf = (gate: Gate): string | undefined => gate.decision?.reasonCode
const ask = async (changes: object = {}): Promise<string | undefined> =>
  reasonOf(await declareAndAuthorize(market, '1', changes))

test('a rate is never passed, however many ask at once', async () => {
  await rule(house, market, { rates: [calls(5, 'race')] })
  const asked = await Promise.all(Array.from({ length: 20 }, () => ask()))
  assert.equal(asked.filter((code) => code === 'allowed').length, 5)
  assert.equal(asked.filter((code) => code === 'rate_exceeded').length, 15)
})

test('a rate counts through a void and through an edit of the profile', async () => {
  await rule(house, market, { rates: [calls(2)] })
  const gate = await declareAndAuthorize(market, '1')
  await market.agent.client.call('postGatesVoid', { params: { gateId: gate.gateId } })
  assert.equal(await ask(), 'allowed')
  assert.equal(await ask(), 'rate_exceeded')
  await rule(house, market, { rates: [{ ...calls(2), outcome: 'challenge' }] })
  assert.equal(await ask(), 'rate_challenged')
  await rule(house, market, { rates: [calls(3)] })
  assert.equal(await ask(), 'allowed')
  assert.equal(await ask(), 'rate_exceeded')
})

test('what was done is forgotten once its window has passed, and not before', async () => {
  await rule(house, market, { rates: [calls(1, 'once')] })
  assert.equal(await ask(), 'allowed')
  pass(HOUR_MS - 1_000)
  assert.equal(await ask(), 'rate_exceeded')
  pass(HOUR_MS / 4 + 1_000)
  assert.equal(await ask(), 'allowed')
})

test('what must not follow too soon does not, and what was only refused did not come first', async () => {
  const rest = { per: 'payer', windowMs: HOUR_MS, outcome: 'escalate' } as const
  const sequences = [
    { id: 'export-pay', first: { actions: ['export'] }, next: { actions: ['purchase'] }, ...rest },
  ]
  await rule(house, market, { sequences })
  assert.equal(await ask({ action: 'export', amount: '1001' }), 'per_request_exceeded')
  assert.equal(await ask(), 'allowed')
  assert.equal(await ask({ action: 'export' }), 'allowed')
  assert.equal(await ask(), 'sequence_escalated')
  assert.equal(await ask({ action: 'export' }), 'allowed')
  pass(HOUR_MS + HOUR_MS / 4)
  assert.equal(await ask(), 'allowed')
})

test('a limit of a unit knows what was spent before it was made', async () => {
  const own = await openMarket(house, { fund: '1000' })
  assert.equal(reasonOf(await declareAndAuthorize(own, '300')), 'allowed')
  const allowlists = { assets: ['USD/2', 'USDC/6'], rails: ['ledger'], networks: ['internal'] }
  const max = [
    { asset: 'USD/2', max: '1000' },
    { asset: 'USDC/6', max: '10000000' },
  ]
  const units = [{ unit: 'USD', assets: ['USD/2', 'USDC/6'], perDay: '500' }]
  await rule(house, own, { allowlists, limits: { perRequest: max, units } })
  assert.equal(reasonOf(await declareAndAuthorize(own, '201')), 'unit_day_exceeded')
  assert.equal(reasonOf(await declareAndAuthorize(own, '200')), 'allowed')
  assert.equal(reasonOf(await declareAndAuthorize(own, '1')), 'unit_day_exceeded')
})

test('a decision about rates is made again offline, and the counts are what decisions say', async () => {
  await rule(house, market, { rates: [calls(1, 'proof')] })
  await declareAndAuthorize(market, '1')
  const denied = await declareAndAuthorize(market, '1')
  assert.equal(reasonOf(denied), 'rate_exceeded')
  const params = { gateId: denied.gateId }
  const { files } = await house.operator.client.call('getGatesBundle', { params })
  const bytes = new Map(
    files.map(({ path, content }) => [path, fromBase64url(content) as Uint8Array]),
  )
  const jwks = await house.operator.client.call('getWellKnownJwksJson')
  const report = bundle.verify(bytes, jwks as never, nodeCrypto)
  assert.deepEqual([report.ok, report.summary.failed], [true, 0])
  const audit = await fsck(house.directory)
  assert.equal(audit.ok, true, JSON.stringify(audit))
})
