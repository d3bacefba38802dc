import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  balanceOf,
  declareAndAuthorize,
  execute,
  type Market,
  openHouse,
  openMarket,
  prove,
  purchase,
  statement,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

test('a purchase that is proven pays the provider', async () => {
  const settled = await purchase(market, '250')
  assert.equal(settled.state, 'settled')
  assert.equal(settled.settlement?.status, 'released')
  assert.equal(settled.settlement?.colour, 'green')
  assert.equal(await balanceOf(house, market.payer), '9750')
  assert.equal(await balanceOf(house, market.provider), '250')
})

test('a failed response returns the money', async () => {
  const before = await balanceOf(house, market.payer)
  const settled = await purchase(market, '100', { status: 500 })
  assert.equal(settled.settlement?.status, 'refunded')
  assert.equal(await balanceOf(house, market.payer), before)
})

test('a statement of somebody else changes nothing', async () => {
  const gate = await declareAndAuthorize(market, '100')
  await execute(market, gate)
  const forged = statement(market, gate, { amount: '1' })
  await assert.rejects(prove(market, gate, forged), { code: 'evidence_not_authentic' })
  const settled = await prove(market, gate, statement(market, gate))
  assert.equal(settled.state, 'settled')
})
