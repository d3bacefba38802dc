/** Recorded decisions as they are exported: all of them, once, in order, of one tenant. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type DecisionRecord, hashOf } from '@surety/protocol'
import { nodeCrypto } from '@surety/server'
import {
  declareAndAuthorize,
  draftIntent,
  foundBeside,
  type Market,
  type Member,
  openHouse,
  openMarket,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
let gateIds: readonly string[]
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
  const made: string[] = []
  for (const amount of ['10', '600', '5000', '20', '30']) {
    made.push((await declareAndAuthorize(market, amount)).gateId)
    // Declared and never decided: nothing is recorded of it.
    await market.agent.client.call('postGates', { body: { intent: draftIntent(market, '1').jws } })
  }
  gateIds = made
})
after(() => house.close())

async function pagesOf(who: Member, query: Readonly<Record<string, string>>) {
  const records: DecisionRecord[] = []
  let cursor: string | undefined
  do {
    const more: { readonly cursor?: string } = cursor === undefined ? {} : { cursor }
    const page = await who.client.call('getDecisions', { query: { ...query, ...more } })
    records.push(...(page.items as unknown as DecisionRecord[]))
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return records
}

const gatesOf = (records: readonly DecisionRecord[]) =>
  records.map(({ decision }) => decision.gateId)

test('pages of any size give every decision once, the oldest gate first', async () => {
  for (const limit of ['1', '2', '3', '10', '200']) {
    assert.deepEqual(gatesOf(await pagesOf(house.operator, { limit })), gateIds, limit)
  }
})

test('a record holds the decision as its hash says, and the facts as the decision says', async () => {
  for (const { decision, decisionHash, facts } of await pagesOf(house.operator, {})) {
    assert.equal(hashOf(decision, nodeCrypto), decisionHash)
    assert.equal(hashOf(facts, nodeCrypto), decision.inputHash)
  }
})

test('a span begins and ends with the moments that are named', async () => {
  const gates = await Promise.all(
    gateIds.map((gateId) => house.operator.client.call('getGatesOne', { params: { gateId } })),
  )
  const moments = gates.map(({ declaredAt }) => declaredAt)
  const [first = '', , third = ''] = moments
  const since = await pagesOf(house.operator, { since: third })
  assert.deepEqual(
    gatesOf(since),
    gateIds.filter((_, i) => (moments[i] ?? '') >= third),
  )
  const until = await pagesOf(house.operator, { until: third, limit: '1' })
  assert.deepEqual(
    gatesOf(until),
    gateIds.filter((_, i) => (moments[i] ?? '') <= third),
  )
  const one = await pagesOf(house.operator, { since: first, until: first })
  assert.deepEqual(
    gatesOf(one),
    gateIds.filter((_, i) => moments[i] === first),
  )
})

test('another tenant sees none of them, and a party of the tenant may not ask (tenancy)', async () => {
  const other = await foundBeside(house, { environment: 'sandbox' })
  assert.deepEqual(await pagesOf(other.operator, {}), [])
  await assert.rejects(pagesOf(market.agent, {}), { code: 'scope_missing' })
})
