/** What costs nothing: places that are not named, offers not sound, money not allowed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { rows } from '../support/books.ts'
import { applyProfile } from '../support/house.ts'
import { PAID_EVENTS } from './paid-events.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown()
})
after(() => town?.close())

async function unpaid(work: () => Promise<unknown>): Promise<void> {
  const was = await moneyOf(town)
  await work()
  assert.deepEqual(await moneyOf(town), was)
}

const HOSTILE: Readonly<Record<string, string>> = {
  'look-alike-asset': 'offers_not_acceptable',
  'other-decimals': 'offers_not_acceptable',
  'other-domain': 'offers_not_acceptable',
  'main-network': 'offers_not_acceptable',
  'unknown-network': 'offers_not_acceptable',
  upto: 'offers_not_acceptable',
  'upto-no-facilitator': 'offers_not_acceptable',
  'upto-eip3009': 'offers_not_acceptable',
  'upto-upfront': 'offers_not_acceptable',
  'batch-settlement': 'offers_not_acceptable',
  permit2: 'offers_not_acceptable',
  'number-amount': 'offers_not_acceptable',
  'huge-amount': 'payment_denied',
  'overflowing-amount': 'offers_not_acceptable',
  'negative-amount': 'offers_not_acceptable',
  'zero-payee': 'offers_not_acceptable',
  'endless-validity': 'offers_not_acceptable',
  'many-offers': 'payment_required_invalid',
  'huge-terms': 'payment_required_invalid',
  'no-terms': 'payment_required_missing',
  'not-base64': 'payment_required_invalid',
  'not-json': 'payment_required_invalid',
  'version-one': 'payment_version_unsupported',
}

test('a hostile 402 costs nothing, and says what is wrong with it', async () => {
  await unpaid(async () => {
    for (const [path, code] of Object.entries(HOSTILE)) {
      await assert.rejects(buy(town, `/${path}`, { seller: 'hostile' }), { code }, path)
    }
  })
})

test('a price above the limit of the profile is denied, and above the agent’s own is not paid', async () => {
  const { asset } = town.world
  await unpaid(async () => {
    await assert.rejects(buy(town, '/forecast'), { code: 'payment_denied' })
    const maximum = { amount: '9999', asset }
    await assert.rejects(buy(town, '/weather', { maximum }), { code: 'offer_above_maximum' })
  })
})

test('nothing leaves for a place or by a method that the profile does not name', async () => {
  const { grantHash } = town
  const call = (url: string, method: 'GET' | 'DELETE' = 'GET') =>
    town.agent.client.call('postFetch', { body: { url, method, grantHash } })
  await unpaid(async () => {
    for (const url of [
      'http://169.254.169.254/latest/meta-data/',
      'http://127.0.0.1:1/',
      'http://[::1]:1/',
      'https://elsewhere.example/',
      `${town.world.urls.express?.replace('127.0.0.1', 'localhost') ?? ''}/weather`,
    ]) {
      await assert.rejects(call(url), { code: 'payment_denied' }, url)
    }
    for (const url of [
      'file:///etc/passwd',
      'ftp://shop.example/',
      'http://u:p@shop.example/',
      'x',
    ]) {
      await assert.rejects(call(url), { code: 'web_url_invalid' }, url)
    }
    const known = `${town.world.urls.express ?? ''}/weather`
    await assert.rejects(call(known, 'DELETE'), { code: 'payment_denied' })
  })
})

test('an unsafe method is allowed by name, and the probe is written down before it is sent', async () => {
  const bought = await buy(town, '/translate', {
    method: 'POST',
    headers: [{ name: 'content-type', value: 'application/json' }],
    body: '{"text":"ola"}',
  })
  assert.equal(bought.gate?.settlement?.status, 'captured')
  assert.equal(bought.gate?.intent.sideEffecting, true)
})

test('what is free costs nothing', async () => {
  await unpaid(async () => {
    const { gate, response } = await buy(town, '/free')
    assert.equal(gate, null)
    assert.equal(response?.status, 200)
  })
})

test('a profile that forbids irrevocable payment denies before the probe', async () => {
  const { irrevocable: _, ...profile } = buyingProfile(town)
  await applyProfile(town.house, profile)
  await unpaid(() => assert.rejects(buy(town, '/weather'), { code: 'payment_denied' }))
  await applyProfile(town.house, buyingProfile(town))
})

test('what is charged and not served is captured, and opens a claim', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const { gate, response } = await buy(town, '/broken-ticket')
  assert.equal(response?.status, 500)
  assert.equal(gate?.settlement?.status, 'captured')
  assert.equal(gate?.settlement?.colour, 'red')
  assert.equal(gate?.claim?.reason, 'response_red')
  assert.equal(await town.world.balance(PAYEES.express), earned + 50_000n)
  // Money that comes back is credited once, and linked to what it reverses.
  const { client } = town.house.operator
  const transaction = await town.world.transfer(PAYEES.express, town.address, 50_000n)
  await town.house.running.tick()
  const { suspense } = await moneyOf(town)
  assert.equal(suspense, '50000')
  const fund = () =>
    client.call('postWalletsFund', {
      params: { walletId: town.walletId },
      body: { transaction, refundOf: gate?.gateId ?? '' },
    })
  assert.equal((await fund()).status, 'refund')
  await assert.rejects(fund(), { code: 'inbound_already_booked' })
  const linked = await client.call('getGatesOne', { params: { gateId: gate?.gateId ?? '' } })
  assert.equal(linked.refunds.length, 1)
  const { booked, onChain, suspense: left } = await moneyOf(town)
  assert.deepEqual([booked, left], [onChain, '0'])
})

test('a frozen wallet pays nothing, until it is thawed', async () => {
  const { client } = town.house.operator
  const params = { walletId: town.walletId }
  await client.call('postWalletsFreeze', { params, body: { reason: 'lost laptop' } })
  await unpaid(() => assert.rejects(buy(town, '/weather'), { code: 'payment_denied' }))
  await client.call('postWalletsUnfreeze', { params, body: { reason: 'found' } })
  assert.equal((await buy(town, '/weather')).gate?.settlement?.status, 'captured')
})

test('what lets Permit2 spend is ordered by an operator, and lets no profile buy with it', async () => {
  const { client } = town.house.operator
  await town.world.giveGas(town.address)
  const params = { walletId: town.walletId }
  const body = { asset: town.world.asset, amount: '50000' }
  const { transaction } = await client.call('postWalletsAllowance', { params, body })
  assert.match(transaction ?? '', /^0x[0-9a-f]{64}$/)
  await unpaid(() => assert.rejects(buy(town, '/metered'), { code: 'payment_denied' }))
})

test('every fact of paying that is pinned has happened here', () => {
  const sql = "SELECT DISTINCT json_extract(event, '$.type') AS type FROM events"
  const seen = new Set(rows(town.house.directory, sql).map(({ type }) => type))
  assert.deepEqual(
    Object.keys(PAID_EVENTS).filter((type) => !seen.has(type)),
    [],
  )
})

test('everything in the data directory agrees', async () => {
  const found = await fsck(town.house.directory)
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})
