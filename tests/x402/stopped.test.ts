/** What an operator has stopped: nothing leaves the house for it, paid or not, first or again. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import type { ControlSelector, Profile } from '@surety/protocol'
import type { Control } from '@surety/sdk'
import { fsck } from '@surety/server'
import { answer } from '../support/approvals.ts'
import { applyProfile, grantTo, type Member, pass } from '../support/house.ts'
import { lift, send, stop, together } from '../support/people/controls.ts'
import { send as ask } from '../support/wire.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

let town: Town
let second: Member
let seller: Server
let origin: string
let came = 0
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  second = await town.house.person(['oncall', 'ops_admin', 'incident_commander'])
  seller = createServer((_request, response) => {
    came += 1
    response.end('free')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => seller.once('listening', resolve))
  origin = `http://127.0.0.1:${String((seller.address() as AddressInfo).port)}`
  await rule()
})
after(async () => {
  seller?.close()
  const found = await fsck(town.house.directory)
  await town.close()
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})

async function rule(changes: Partial<Profile> = {}): Promise<void> {
  const profile = buyingProfile(town, changes)
  const { x402 } = profile
  if (x402 === undefined) throw new Error('a profile that buys')
  const { express } = town.world.urls
  const origins = x402.origins.filter((each) => each.origin === express)
  const methods: ('GET' | 'POST')[] = ['GET', 'POST']
  const free = { origin, methods, privateAddresses: true, alias: 'free' }
  await applyProfile(town.house, { ...profile, x402: { ...x402, origins: [...origins, free] } })
}

const ENDLESS = { type: 'all', id: 'everything' } as const

async function killed(): Promise<Control> {
  const pair = [town.house.operator, second] as const
  return send(town.house.operator, ...together(pair, ENDLESS))
}

const revive = (control: Control) => lift([town.house.operator, second], control)

/** Asks for something free through either door; answers the code and the reason, if refused. */
async function through(door: 'fetch' | 'proxy', method: string, grantHash = town.grantHash) {
  const { apiKey } = town.agent
  const { url } = town.house.running
  const asked =
    door === 'fetch'
      ? { method: 'POST', path: '/v1/fetch', body: { url: `${origin}/x`, method, grantHash } }
      : { method, path: '/proxy/free/x', headers: { 'x-surety-grant': grantHash } }
  const { status, text } = await ask(url, { apiKey, ...asked })
  if (status === 200) return ['sent']
  const { code, params } = JSON.parse(text) as {
    code: string
    params?: { reasonCode?: string }
  }
  const reasonCode = params?.reasonCode
  return reasonCode === undefined ? [code] : [code, reasonCode]
}

const STOPS: readonly {
  readonly name: string
  readonly selector: () => ControlSelector
  readonly command?: 'pause' | 'quarantine'
  readonly code?: string
}[] = [
  { name: 'everything', selector: () => ENDLESS },
  { name: 'the tenant', selector: () => ({ type: 'tenant', id: town.house.founded.tenantId }) },
  { name: 'the origin', selector: () => ({ type: 'origin', id: origin }), command: 'quarantine' },
  { name: 'the agent', selector: () => ({ type: 'principal', id: town.agent.principalId }) },
  { name: 'the payer', selector: () => ({ type: 'principal', id: town.payer.principalId }) },
  { name: 'the rail', selector: () => ({ type: 'rail', id: 'x402-evm' }) },
  { name: 'the grant', selector: () => ({ type: 'grant', id: town.grantHash }) },
  { name: 'what is financial', selector: () => ({ type: 'effect', id: 'financial' }) },
  {
    name: 'the scope',
    selector: () => ({ type: 'scope', id: 'gates:write' }),
    code: 'control_active',
  },
]

for (const { name, selector, command = 'pause', code = 'payment_denied' } of STOPS) {
  test(`while ${name} is stopped no request leaves, by either door, safe or not (control)`, async () => {
    const control = await stop(town.house.operator, selector(), { command })
    const was = came
    for (const door of ['fetch', 'proxy'] as const) {
      for (const method of ['GET', 'POST']) {
        const reason = command === 'pause' ? 'control_paused' : 'control_quarantined'
        const expected = code === 'payment_denied' ? [code, reason] : [code]
        assert.deepEqual(await through(door, method), expected, `${door} ${method}`)
      }
    }
    assert.equal(came, was)
    await lift([town.house.operator], control)
    assert.deepEqual(await through('fetch', 'GET'), ['sent'])
    assert.equal(came, was + 1)
  })
}

test('a kill switch on everything is the reason of the decision that is signed (control)', async () => {
  const control = await killed()
  const was = came
  for (const method of ['GET', 'POST']) {
    const refused = await through('fetch', method)
    assert.deepEqual(refused, ['payment_denied', 'control_kill_switch'])
  }
  assert.equal(came, was)
  await revive(control)
})

test('without a grant that stands nothing is sent (default-deny)', async () => {
  const was = came
  const stranger = await town.house.member('agent', ['intent'], ['gates:write', 'read'])
  const { grantHash: foreign } = await grantTo(town.payer, stranger, { assets: [town.world.asset] })
  const { grantHash: ended } = await grantTo(town.payer, town.agent, { assets: [town.world.asset] })
  const { client } = town.payer
  await client.call('postGrantsRevoke', { params: { grantHash: ended }, body: { reason: 'over' } })
  for (const [grantHash, reason] of [
    ['0'.repeat(64), 'grant_missing'],
    [foreign, 'grant_not_held'],
    [ended, 'grant_revoked'],
  ] as const) {
    for (const method of ['GET', 'POST']) {
      assert.deepEqual(await through('fetch', method, grantHash), ['payment_denied', reason])
    }
  }
  assert.equal(came, was)
})

const params = () => ({ walletId: town.walletId })
const freeze = () =>
  town.house.operator.client.call('postWalletsFreeze', {
    params: params(),
    body: { reason: 'the key may be known' },
  })
const unfreeze = () =>
  town.house.operator.client.call('postWalletsUnfreeze', {
    params: params(),
    body: { reason: 'it is not' },
  })

test('what the chain shows is written down while everything is stopped (unknown)', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const idempotencyKey = randomUUID()
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 300 })
  const first = await buy(town, '/weather', { idempotencyKey })
  await town.world.breakFacilitator({ type: 'none' })
  assert.equal(first.gate?.settlement?.status, 'unknown')
  const control = await killed()
  await freeze()
  while ((await town.world.balance(PAYEES.express)) === earned) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const again = await buy(town, '/weather', { idempotencyKey })
  assert.equal(again.gate?.settlement?.status, 'captured')
  await unfreeze()
  await revive(control)
  assert.equal((await buy(town, '/weather')).gate?.settlement?.status, 'captured')
})

test('a wallet that was frozen since makes no credential for what was allowed (control)', async () => {
  const earned = await town.world.balance(PAYEES.express)
  const { asset } = town.world
  const tier = { asset, above: '5000', approvers: 1, role: 'reviewer', raise: 'escalate' } as const
  await rule({ approvalTiers: [tier] })
  const reviewer = await town.house.person(['reviewer'])
  const idempotencyKey = randomUUID()
  await assert.rejects(buy(town, '/weather', { idempotencyKey }), { code: 'payment_waiting' })
  const { client } = town.house.operator
  const [asked] = (await client.call('getApprovals', { query: { state: 'pending' } })).items
  assert.ok(asked !== undefined)
  await answer(reviewer, asked)
  const gate = { gateId: asked.gateId ?? '' }
  const held = await town.agent.client.call('postGatesAuthorize', { params: gate })
  assert.equal(held.state, 'authorized')
  await freeze()
  const code = 'commit_wallet_frozen'
  await assert.rejects(buy(town, '/weather', { idempotencyKey }), { code })
  const { state, payment } = await client.call('getGatesOne', { params: gate })
  assert.deepEqual([state, payment], ['authorized', null])
  assert.equal(await town.world.balance(PAYEES.express), earned)
  await unfreeze()
  const bought = await buy(town, '/weather', { idempotencyKey })
  assert.equal(bought.gate?.settlement?.status, 'captured')
  await rule()
})

const LATER: readonly {
  readonly name: string
  readonly code: string
  readonly impose: () => Promise<() => Promise<unknown>>
}[] = [
  {
    name: 'a kill switch on everything',
    code: 'commit_control_active',
    impose: async () => {
      const control = await killed()
      return () => revive(control)
    },
  },
  {
    name: 'a frozen wallet',
    code: 'commit_wallet_frozen',
    impose: async () => {
      await freeze()
      return unfreeze
    },
  },
  {
    name: 'an origin that is struck from the profile',
    code: 'commit_policy_changed',
    impose: async () => {
      const { x402, ...others } = buyingProfile(town)
      if (x402 === undefined) throw new Error('a profile that buys')
      await applyProfile(town.house, { ...others, x402: { ...x402, origins: [] } })
      return () => rule()
    },
  },
  {
    name: 'a quarantined API key',
    code: 'control_active',
    impose: async () => {
      const { items } = await town.agent.client.call('getApiKeys', { query: {} })
      const selector = { type: 'token', id: items[0]?.keyId ?? '' } as ControlSelector
      const control = await stop(town.house.operator, selector, { command: 'quarantine' })
      return () => lift([town.house.operator], control)
    },
  },
]

for (const { name, code, impose } of LATER) {
  test(`${name} keeps a credential from being handed over again, and the money comes back (control)`, async () => {
    const money = await moneyOf(town)
    const earned = await town.world.balance(PAYEES.express)
    const idempotencyKey = randomUUID()
    await town.world.breakFacilitator({ type: 'down' })
    const first = await buy(town, '/weather', { idempotencyKey })
    await town.world.breakFacilitator({ type: 'none' })
    assert.equal(first.gate?.settlement?.status, 'unknown')
    const undo = await impose()
    await assert.rejects(buy(town, '/weather', { idempotencyKey }), { code })
    assert.equal(await town.world.balance(PAYEES.express), earned)
    // Nobody else ends what is unknown: the chain does, and no control keeps it from being asked.
    pass(61_000)
    await town.world.warp(61)
    await town.house.running.tick()
    const read = { params: { gateId: first.gate?.gateId ?? '' } }
    const { state } = await town.house.operator.client.call('getGatesOne', read)
    assert.equal(state, 'voided')
    assert.deepEqual(await moneyOf(town), money)
    await undo()
  })
}
