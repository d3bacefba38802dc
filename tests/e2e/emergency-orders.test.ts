/** Who may order emergency controls, at what odds they hold, and how they are proven. */
import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { type Event, type Jwks, type OperatorRole, toUtf8 } from '@surety/protocol'
import { newKeyPair, Party } from '@surety/sdk'
import { fsck, nodeCrypto } from '@surety/server'
import { Victim } from '../crash/victim.ts'
import { rows, unchanged } from '../support/books.ts'
import {
  clientOf,
  declareAndAuthorize,
  draftIntent,
  foundBeside,
  host,
  type Member,
  openHouse,
  openMarket,
  pass,
  type TestHouse,
} from '../support/house.ts'
import { lift, send, stop, stopping, together } from '../support/people/controls.ts'

const ALL = { type: 'all', id: 'everything' } as const

let house: TestHouse
let second: Member
before(async () => {
  house = await openHouse()
  second = await house.person(['oncall', 'ops_admin', 'incident_commander'])
})
after(() => house.close())

/** Refused without a trace. */
async function refused(code: string, call: () => Promise<unknown>): Promise<void> {
  await unchanged(house.directory, () => assert.rejects(call(), { code }))
}

test('a kill switch takes two people with two keys, whatever is tried (control)', async () => {
  const { operator } = house
  const [one, other] = together([operator, second], ALL)
  await refused('dual_control_required', () => send(operator, one))
  await refused('caller_mismatch', () => send(operator, other))
  const [, twice] = together([operator, operator], ALL)
  await refused('control_orders_differ', () => send(operator, one, twice))
  const same = { command: 'kill_switch', role: 'ops_admin' } as const
  const first = stopping(operator, ALL, same)
  const { controlId } = first.order
  const again = stopping(operator, ALL, { ...same, role: 'incident_commander', controlId })
  await refused('dual_control_same_person', () => send(operator, first.jws, again.jws))
  const elsewhere = stopping(second, { type: 'rail', id: 'ledger' }, { ...same, controlId })
  await refused('control_orders_differ', () => send(operator, first.jws, elsewhere.jws))
  const key = second.keys?.[0]
  if (key === undefined) throw new Error('no key')
  const twin = await house.person(['ops_admin'])
  const why = { role: 'ops_admin', justificationCode: 'test' } as const
  const action = twin.party.addKey({ kid: key.kid, purpose: 'action' }, why)
  const body = { publicKey: key.publicKey, purpose: 'action' as const, action }
  const params = { principalId: twin.principalId }
  await twin.client.call('postPrincipalsKeys', { params, body })
  const { tenantId, environment } = house.founded
  const lent = new Party({ tenantId, environment, ...params, keys: [key] }, host)
  const ofSecond = stopping(second, ALL, { ...same, controlId }).jws
  const ofTwin = stopping({ ...twin, party: lent }, ALL, { ...same, controlId }).jws
  await refused('dual_control_same_key', () => send(second, ofSecond, ofTwin))
})

test('every command takes its roles, and lifting takes the stricter (control)', async () => {
  const { operator } = house
  const selector = { type: 'tool', id: 'none' } as const
  for (const role of ['viewer', 'reviewer'] as const) {
    const person = await house.person([role])
    await refused('operator_role_insufficient', () => stop(person, selector, { role }))
  }
  const oncall = await house.person(['oncall'])
  const claimed = { role: 'ops_admin' } as const
  await refused('role_not_held', () => stop(oncall, selector, claimed))
  const control = await stop(oncall, selector)
  await refused('operator_role_insufficient', () => lift([oncall], control, 'oncall'))
  assert.equal((await lift([second], control, 'ops_admin')).state, 'lifted')
  await refused('control_already_lifted', () => lift([second], control, 'ops_admin'))
  const orders = together([operator, second], selector)
  const frozen = await send(operator, ...orders)
  await refused('dual_control_required', () => lift([operator], frozen))
  await refused('operator_role_insufficient', () => lift([operator, second], frozen, 'ops_admin'))
  assert.equal((await lift([operator, second], frozen)).state, 'lifted')
})

test('an order is fresh, of this house, signed by a key that is still good (control)', async () => {
  const { operator } = house
  const selector = { type: 'tool', id: 'fresh' } as const
  const { jws } = stopping(operator, selector)
  const beside = await foundBeside(house, { environment: 'sandbox' })
  await refused('signing_key_unknown', () => send(beside.operator, jws))
  const tenant = { type: 'tenant', id: beside.founded.tenantId } as const
  await refused('control_selector_invalid', () => stop(operator, tenant))
  await refused('principal_not_found', () =>
    stop(operator, { type: 'principal', id: beside.operator.principalId }),
  )
  const person = await house.person(['oncall'])
  const pair = newKeyPair('action', host)
  const params = { principalId: person.principalId }
  const why = { role: 'oncall', justificationCode: 'test' } as const
  const purpose = 'action' as const
  const action = person.party.addKey(pair, why)
  const body = { publicKey: pair.publicKey, purpose, action }
  await person.client.call('postPrincipalsKeys', { params, body })
  const old = stopping(person, selector).jws
  const kid = person.keys?.[0]?.kid ?? ''
  pass(1)
  const { tenantId, environment } = house.founded
  const renewed = new Party({ tenantId, environment, ...params, keys: [pair] }, host)
  await person.client.call('postPrincipalsKeysRetire', {
    params: { ...params, kid },
    body: { action: renewed.retireKey(kid, why) },
  })
  pass(1)
  await refused('signing_key_not_valid', () => send(person, old))
  pass(300_001)
  await refused('time_out_of_range', () => send(operator, jws))
})

test('the same acts again change nothing, whatever the key of the request (once)', async () => {
  const { operator } = house
  const selector = { type: 'tool', id: 'twice' } as const
  const { jws, order } = stopping(operator, selector)
  const control = await send(operator, jws)
  const facts = () => rows(house.directory, 'SELECT count(*) AS n FROM events')[0]?.n
  const known = facts()
  for (let i = 0; i < 3; i += 1) assert.equal((await send(operator, jws)).state, 'active')
  assert.equal(facts(), known)
  const { controlId } = order
  const other = stopping(operator, { type: 'tool', id: 'else' }, { controlId }).jws
  await refused('control_already_exists', () => send(operator, other))
  await lift([operator], control, 'ops_admin')
})

test('one person alone stops no operator; two people do (control)', async () => {
  const victim = await house.person(['incident_commander'])
  const selector = { type: 'principal', id: victim.principalId } as const
  for (const command of ['pause', 'quarantine'] as const) {
    await refused('control_target_operator', () => stop(second, selector, { command }))
  }
  const keys = await victim.client.call('getApiKeys', { query: {} })
  const token = keys.items.find(({ principalId }) => principalId === victim.principalId)
  const id = token?.keyId as `key_${string}`
  await refused('control_target_operator', () => stop(second, { type: 'token', id }))
  const control = await send(house.operator, ...together([house.operator, second], selector))
  await refused('control_active', () => stop(victim, { type: 'tool', id: 'x' }))
  await lift([house.operator, second], control)
  await lift(
    [house.operator],
    await stop(victim, { type: 'tool', id: 'x' }, { role: 'incident_commander' }),
  )
})

test('eight pauses stand on one selector, and no more (control)', async () => {
  const selector = { type: 'tool', id: 'crowded' } as const
  const controls = []
  for (let i = 0; i < 8; i += 1) controls.push(await stop(house.operator, selector))
  await refused('control_limit', () => stop(house.operator, selector))
  for (const control of controls) await lift([house.operator], control, 'ops_admin')
})

test('of decisions at once none is allowed after a kill switch has committed (control)', async () => {
  const market = await openMarket(house, { fund: '100000' })
  const { client } = market.agent
  const gateIds = await Promise.all(
    Array.from({ length: 64 }, async () => {
      const { jws } = draftIntent(market, '1')
      return (await client.call('postGates', { body: { intent: jws } })).gateId
    }),
  )
  const orders = together([house.operator, second], ALL)
  const half = gateIds.length / 2
  const ask = (gateId: string) => client.call('postGatesAuthorize', { params: { gateId } })
  const asked = gateIds.slice(0, half).map(ask)
  const frozen = send(house.operator, ...orders)
  const control = await frozen
  const later = await Promise.all(gateIds.slice(half).map(ask))
  const gates = [...(await Promise.all(asked)), ...later]
  const order = rows(
    house.directory,
    "SELECT event FROM events WHERE json_extract(event, '$.type') IN ('gateAuthorized', 'controlImposed') ORDER BY rowid",
  ).map(({ event }) => JSON.parse(String(event)) as Event)
  const since = order.findIndex(({ stream }) => stream === `control:${control.controlId}`)
  const after = order.slice(since + 1).filter(({ type }) => type === 'gateAuthorized')
  assert.deepEqual(after, [])
  for (const { state, decision } of gates) {
    const isStopped = decision?.reasonCode === 'control_kill_switch'
    assert.equal(state, isStopped ? 'denied' : 'authorized')
  }
  assert.ok(later.every(({ state }) => state === 'denied'))
  await lift([house.operator, second], control)
})

test('a kill switch survives the death of the server, with no worker running (control)', async () => {
  const own = await openHouse()
  const other = await own.person(['incident_commander'])
  const market = await openMarket(own)
  const room = mkdtempSync(join(tmpdir(), 'surety-crash-'))
  const directory = join(room, 'data')
  try {
    const orders = together([own.operator, other], ALL)
    await own.running.stop()
    cpSync(own.directory, directory, { recursive: true })
    chmodSync(join(directory, 'keys'), 0o700)
    const first = await new Victim(directory).ready()
    const operator = clientOf(first.url, own.operator.apiKey)
    const imposed = await operator.call('postControls', { body: { actions: [...orders] } })
    await first.kill()
    const next = await new Victim(directory).ready()
    const agent = clientOf(next.url, market.agent.apiKey)
    const { jws } = draftIntent(market, '1')
    const { gateId } = await agent.call('postGates', { body: { intent: jws } })
    const gate = await agent.call('postGatesAuthorize', { params: { gateId } })
    assert.equal(gate.decision?.reasonCode, 'control_kill_switch')
    const { controlId } = imposed
    const params = { controlId }
    const read = await clientOf(next.url, own.operator.apiKey).call('getControlsOne', { params })
    assert.equal(read.receipts?.[0]?.type, 'EmergencyControlEvent.v1')
    await next.kill()
    const report = await fsck(directory)
    assert.deepEqual(
      report.checks.flatMap(({ problems }) => problems),
      [],
    )
  } finally {
    await own.close()
    rmSync(room, { recursive: true, force: true })
  }
})

async function bundleOf(gateId: string): Promise<Map<string, Uint8Array>> {
  const params = { gateId }
  const { files } = await house.operator.client.call('getGatesBundle', { params })
  return new Map(
    files.map(({ path, content }) => [path, new Uint8Array(Buffer.from(content, 'base64url'))]),
  )
}

test('the controls that denied a gate are in its bundle, and verify without a network (receipts)', async () => {
  const market = await openMarket(house)
  const roles: readonly OperatorRole[] = ['incident_commander']
  const third = await house.person(roles)
  const control = await send(house.operator, ...together([house.operator, third], ALL))
  const pause = await stop(house.operator, { type: 'grant', id: market.grantHash })
  const gate = await declareAndAuthorize(market, '1')
  assert.deepEqual(gate.decision?.reasonCodes, ['control_kill_switch', 'control_paused'])
  await lift([house.operator, third], control)
  await lift([house.operator], pause)
  // Whoever lost the role since had it then.
  const params = { principalId: third.principalId }
  const action = house.operator.party.act({
    action: 'withdraw_role',
    role: 'incident_commander',
    justificationCode: 'test',
    assignment: { principalId: third.principalId, role: 'incident_commander' },
  })
  await house.operator.client.call('postPrincipalsRoles', { params, body: { action } })
  const files = await bundleOf(gate.gateId)
  const names = [...files.keys()].filter((path) => path.includes('control-'))
  assert.equal(names.length, 5, 'two statements, three orders')
  const jwks = (await house.operator.client.call('getWellKnownJwksJson')) as unknown as Jwks
  const report = bundle.verify(files, jwks, nodeCrypto)
  assert.deepEqual(
    report.checks.filter(({ result }) => result === 'failed'),
    [],
  )
  assert.equal(report.ok, true)
  const checked = report.checks.find(({ check }) => check === 'controls')
  assert.deepEqual([checked?.result, checked?.required], ['passed', true])
  for (const path of names) {
    const bytes = files.get(path) as Uint8Array
    for (const [what, changed] of [
      ['flipped', bytes.map((byte, i) => (i === bytes.length - 2 ? byte ^ 1 : byte))],
      [
        'another',
        toUtf8(
          Buffer.from(
            files.get(names.find((name) => name !== path) as string) as Uint8Array,
          ).toString(),
        ),
      ],
    ] as const) {
      const lie = bundle.verify(new Map(files).set(path, changed), jwks, nodeCrypto)
      assert.equal(lie.ok, false, `${path} ${what}`)
      assert.ok(lie.checks.some(({ check, result }) => check === 'controls' && result === 'failed'))
    }
  }
  const other = { keys: jwks.keys.filter(({ purpose }) => purpose !== 'control') }
  assert.equal(bundle.verify(files, other, nodeCrypto).ok, false)
})

test('what no request is called is not stopped in name, and everything takes two (control)', async () => {
  const { operator } = house
  for (const id of [
    'https://shop.example:443',
    'http://shop.example:80',
    'Https://Shop.Example/',
    'https://127.1',
    'https://[0:0:0:0:0:0:0:1]',
  ]) {
    await refused('control_selector_invalid', () => stop(operator, { type: 'origin', id }))
  }
  await refused('control_selector_invalid', () => stop(operator, { type: 'rail', id: 'x402' }))
  for (const selector of [
    { type: 'origin', id: 'https://shop.example' },
    { type: 'origin', id: 'mcp.tools' },
    { type: 'rail', id: 'x402-evm' },
    { type: 'scope', id: 'wallets:write' },
    { type: 'scope', id: 'grants:revoke-any' },
  ] as const) {
    await lift([operator], await stop(operator, selector))
  }
  const tenant = { type: 'tenant', id: house.founded.tenantId } as const
  for (const selector of [ALL, tenant]) {
    const alone = { command: 'quarantine', role: 'incident_commander' } as const
    await refused('dual_control_required', () => stop(operator, selector, alone))
    const both = { command: 'quarantine', role: 'ops_admin' } as const
    const control = await send(operator, ...together([operator, second], selector, both))
    await refused('dual_control_required', () => lift([operator], control))
    assert.equal((await lift([operator, second], control)).state, 'lifted')
  }
})
