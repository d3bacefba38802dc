/** One key, one payment; one budget, no overspend; a signed intent binds the offer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { policy } from '@surety/domain'
import { PAYEES } from '@surety/local-chain'
import { httpFingerprint } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { applyProfile, type Member } from '../support/house.ts'
import { send } from '../support/wire.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hostile'] } })
})
after(() => town?.close())

test('fifty at once with one key are one payment', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const body = { url: `${town.world.urls.express ?? ''}/weather`, grantHash: town.grantHash }
  const ask = () =>
    send(town.house.running.url, {
      method: 'POST',
      path: '/v1/fetch',
      apiKey: town.agent.apiKey,
      key: 'fifty-at-once',
      body,
    })
  const answers = await Promise.all(Array.from({ length: 50 }, ask))
  const statuses = new Set(answers.map(({ status }) => status))
  assert.ok([...statuses].every((status) => status === 200 || status === 409))
  const last = await ask()
  assert.equal(last.status, 200)
  assert.equal(last.headers.get('idempotent-replayed'), 'true')
  assert.equal(await town.world.balance(PAYEES.express), earned + 10_000n)
  const other = await send(town.house.running.url, {
    method: 'POST',
    path: '/v1/fetch',
    apiKey: town.agent.apiKey,
    key: 'fifty-at-once',
    body: { ...body, url: `${town.world.urls.express ?? ''}/report` },
  })
  assert.equal((JSON.parse(other.text) as { code: string }).code, 'idempotency_key_reused')
})

test('two agents that share a budget never spend more than it', async () => {
  const { asset } = town.world
  const earned = await town.world.balance(PAYEES.express)
  const spent = await spentToday()
  const limits = {
    perRequest: [{ asset, max: '50000' }],
    perDay: [{ asset, max: String(spent + 50_000n) }],
  }
  await applyProfile(town.house, buyingProfile(town, { limits }))
  const tries = await Promise.allSettled(Array.from({ length: 16 }, () => buy(town, '/weather')))
  const paid = tries.filter(({ status }) => status === 'fulfilled').length
  assert.equal(paid, 5)
  assert.equal(await town.world.balance(PAYEES.express), earned + 50_000n)
  await applyProfile(town.house, buyingProfile(town))
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
})

async function spentToday(): Promise<bigint> {
  const { items } = await town.house.operator.client.call('getGates', { query: { limit: '200' } })
  return items.reduce((sum, { settlement }) => sum + BigInt(settlement?.captured ?? '0'), 0n)
}

function intentFor(agent: Member, path: string, amount: string, seller: 'express' | 'hostile') {
  const url = `${town.world.urls[seller] ?? ''}${path}`
  const { jws } = agent.party.intent({
    requestFingerprint: httpFingerprint({ method: 'GET', url }, nodeCrypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: false,
    amount,
    asset: town.world.asset,
    payee: town.sellers[seller],
    rail: policy.X402_RAIL,
    network: town.world.network,
    grantHash: town.grantHash,
  })
  return jws
}

test('without the profile’s word an agent signs its intent, to the last unit of the offer', async () => {
  await applyProfile(town.house, buyingProfile(town, {}, true))
  const { agent } = town
  await assert.rejects(buy(town, '/weather'), { code: 'intent_signature_required' })
  const intent = intentFor(agent, '/weather', '10000', 'express')
  const bought = await buy(town, '/weather', { intent })
  assert.equal(bought.gate?.settlement?.status, 'captured')
  await assert.rejects(buy(town, '/report', { intent }), { code: 'intent_not_for_purchase' })
  const cheap = intentFor(agent, '/weather', '9999', 'express')
  await assert.rejects(buy(town, '/weather', { intent: cheap }), { code: 'quote_changed' })
  // A seller whose price rises with every question is never paid the higher one.
  const first = intentFor(agent, '/changing', '10000', 'hostile')
  await assert.rejects(buy(town, '/changing', { seller: 'hostile' }))
  await assert.rejects(buy(town, '/changing', { seller: 'hostile', intent: first }), {
    code: 'quote_changed',
  })
})
