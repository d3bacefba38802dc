/** Operators: who holds which role, who gave it to them, and what nobody can give themselves. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Lifecycle, OPERATOR_ROLES, type OperatorRole, readJws } from '@surety/protocol'
import { newKeyPair } from '@surety/sdk'
import { fsck } from '@surety/server'
import { unchanged } from '../support/books.ts'
import {
  apiKeyFor,
  foundBeside,
  host,
  kidOf,
  type Member,
  openHouse,
  pass,
  roleAct,
  type TestHouse,
} from '../support/house.ts'
import { lift, send, together } from '../support/people/controls.ts'

let house: TestHouse
before(async () => {
  house = await openHouse()
})
after(() => house.close())

function change(by: Member, of: Member, action: string) {
  const { principalId } = of
  return by.client.call('postPrincipalsRoles', { params: { principalId }, body: { action } })
}

function move(by: Member, { principalId }: Member, to: Lifecycle) {
  const body = { to, reason: 'test' }
  return by.client.call('postPrincipalsLifecycle', { params: { principalId }, body })
}

async function refuses(asked: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(asked, { code })
}

/** Refused without a trace. */
async function refused(by: Member, of: Member, action: string, code: string): Promise<void> {
  await unchanged(house.directory, () => assert.rejects(change(by, of, action), { code }))
}

test('the founder holds what lets the next person in, and no act was needed (approval)', async () => {
  const { principalId } = house.operator
  const found = await house.operator.client.call('getPrincipalsOne', { params: { principalId } })
  assert.deepEqual(
    found.roles.map(({ role, notAfter, actionHash }) => [role, notAfter, actionHash]),
    ['reviewer', 'oncall', 'ops_admin', 'incident_commander'].map((role) => [role, null, null]),
  )
})

test('a role that was withdrawn keeps its entry, and the passport says both (receipts)', async () => {
  const person = await house.person(['oncall', 'viewer'])
  const { principalId } = person
  pass(1)
  const action = { action: 'withdraw_role', role: 'ops_admin' } as const
  const act = roleAct(house.operator, principalId, 'oncall', action)
  const found = await change(house.operator, person, act)
  const held = found.roles.map(({ role, notAfter }) => [role, notAfter !== null])
  assert.deepEqual(held, [
    ['oncall', true],
    ['viewer', false],
  ])
  const [receipt] = found.receipts ?? []
  const parts = readJws(receipt?.jws ?? '')
  assert.ok(parts.ok)
  assert.deepEqual(JSON.parse(parts.value.payload).roles, found.roles)
  assert.equal((await fsck(house.directory)).ok, true)
})

test('nobody changes their own roles, and no role gives more than it may (approval)', async () => {
  const { operator } = house
  const admin = await house.person(['ops_admin'])
  const oncall = await house.person(['oncall'])
  const other = await house.person([])
  const own = roleAct(operator, operator.principalId, 'viewer')
  await refused(operator, operator, own, 'role_change_own')
  for (const role of ['ops_admin', 'incident_commander'] as const) {
    const act = roleAct(admin, other.principalId, role, { role: 'ops_admin' })
    await refused(admin, other, act, 'role_not_assignable')
  }
  const act = roleAct(oncall, other.principalId, 'viewer', { role: 'oncall' })
  await refused(oncall, other, act, 'role_not_assignable')
})

test('a role that its signer does not hold counts for nothing (approval)', async () => {
  const { operator } = house
  const other = await house.person([])
  const admin = await house.person(['ops_admin'])
  const claimed = roleAct(admin, other.principalId, 'viewer', { role: 'incident_commander' })
  await refused(admin, other, claimed, 'role_not_held')
  const act = () => roleAct(admin, other.principalId, 'viewer', { role: 'ops_admin' })
  const withdrawn = roleAct(operator, admin.principalId, 'ops_admin', { action: 'withdraw_role' })
  await change(operator, admin, withdrawn)
  await refused(admin, other, act(), 'role_not_held')
})

test('only people hold roles, each once (approval)', async () => {
  const { operator } = house
  const agent = await house.member('agent', ['intent'], ['read'])
  const organisation = await house.member('organisation', ['grant', 'action'], ['read'])
  for (const holder of [agent, organisation]) {
    await refused(
      operator,
      holder,
      roleAct(operator, holder.principalId, 'viewer'),
      'role_holder_not_person',
    )
  }
  const person = await house.person(['viewer'])
  const { principalId } = person
  await refused(operator, person, roleAct(operator, principalId, 'viewer'), 'role_already_held')
  const withdraw = (role: OperatorRole) =>
    roleAct(operator, principalId, role, { action: 'withdraw_role' })
  await refused(operator, person, withdraw('oncall'), 'role_not_assigned')
  const idle = await house.person([])
  await move(operator, idle, 'suspended')
  const act = roleAct(operator, idle.principalId, 'oncall')
  await refused(operator, idle, act, 'principal_not_active')
})

test('the act is brought by its signer, to the principal it names, while it is fresh', async () => {
  const { operator } = house
  const person = await house.person([])
  const other = await house.person(['incident_commander'])
  const act = roleAct(operator, person.principalId, 'viewer')
  await refused(other, person, act, 'caller_mismatch')
  await refused(operator, other, act, 'principal_mismatch')
  const deposit = operator.party.act({
    action: 'deposit',
    justificationCode: 'test',
    deposit: {
      source: 'bank',
      reference: 'r',
      principalId: person.principalId,
      amount: '1',
      asset: 'USD/2',
    },
  })
  await refused(operator, person, deposit, 'schema_mismatch')
  pass(300_001)
  await refused(operator, person, act, 'time_out_of_range')
})

test('the act of another tenant or environment is refused (tenancy)', async () => {
  const beside = await foundBeside(house, { environment: 'sandbox' })
  const above = await foundBeside(house, {
    tenantId: house.founded.tenantId,
    environment: 'production',
  })
  const person = await house.person([])
  for (const { operator } of [beside, above]) {
    const act = roleAct(operator, person.principalId, 'viewer')
    await refused(house.operator, person, act, 'signing_key_unknown')
    await refused(operator, person, act, 'principal_not_found')
  }
})

test('nobody lends an operator a key but the operator (approval)', async () => {
  const { operator } = house
  const person = await house.person(['reviewer'])
  const { principalId } = person
  const pair = newKeyPair('action', host)
  const { publicKey } = pair
  const call = { params: { principalId }, body: { publicKey, purpose: 'action' as const } }
  await unchanged(house.directory, () =>
    assert.rejects(operator.client.call('postPrincipalsKeys', call), {
      code: 'operator_key_not_own',
    }),
  )
  // Not with an API key that is theirs, either: it takes a key that they sign with.
  await assert.rejects(person.client.call('postPrincipalsKeys', call), {
    code: 'operator_key_not_own',
  })
  const { kid } = pair
  const why = { role: 'reviewer', justificationCode: 'test' } as const
  const asGrant = person.party.addKey({ kid, purpose: 'grant' }, why)
  for (const [by, action, code] of [
    [operator, person.party.addKey(pair, why), 'caller_mismatch'],
    [operator, operator.party.addKey(pair, { ...why, role: 'ops_admin' }), 'principal_mismatch'],
    [person, asGrant, 'operator_action_mismatch'],
    [person, person.party.retireKey(kid, why), 'operator_action_mismatch'],
    [person, person.party.addKey(pair, { ...why, role: 'oncall' }), 'role_not_held'],
  ] as const) {
    const body = { ...call.body, action }
    const added = by.client.call('postPrincipalsKeys', { ...call, body })
    await assert.rejects(added, { code })
  }
  const action = person.party.addKey(pair, why)
  const body = { ...call.body, action }
  const added = await person.client.call('postPrincipalsKeys', { ...call, body })
  assert.equal(added.keys.at(-1)?.kid, kid)
  assert.equal((await fsck(house.directory)).ok, true)
})

test('no credential alone puts an operator out of action (control)', async () => {
  const { operator } = house
  const ann = await house.person(['incident_commander', 'ops_admin'])
  const bob = await house.person(['incident_commander'])
  const thief = { ...(await house.member('person', [], ['read'])), client: operator.client }
  const params = { principalId: ann.principalId }
  const kid = kidOf(ann, 'action')
  const own = 'operator_key_not_own'
  const retired = { params: { ...params, kid }, body: {} }
  for (const each of [thief, ann]) {
    await refuses(each.client.call('postPrincipalsKeysRetire', retired), own)
    for (const to of [
      'throttled',
      'suspended',
      'quarantined',
      'frozen',
      'decommissioned',
    ] as const) {
      await refuses(move(each, ann, to), 'operator_lifecycle_fixed')
    }
  }
  // Nor does it make, take over or end what they call with.
  const keyId = `key_${ann.apiKey.split('_')[2] ?? ''}`
  const { client } = thief
  await refuses(apiKeyFor(operator, ann.principalId, ['read']), own)
  await refuses(client.call('postApiKeysRotate', { params: { keyId } }), own)
  await refuses(client.call('postApiKeysRevoke', { params: { keyId } }), own)
  await apiKeyFor(ann, ann.principalId, ['read'])
  const all = { type: 'all', id: 'everything' } as const
  const stopped = await send(ann, ...together([ann, bob], all))
  await lift([ann, bob], stopped)
})

test('an operator ends their keys but the last, and goes for good only if a commander stays (control)', async () => {
  const ann = await house.person(['incident_commander'])
  const bob = await house.person(['ops_admin'])
  const cleo = await house.person(['ops_admin'])
  const why = { role: 'incident_commander', justificationCode: 'test' } as const
  const params = { principalId: ann.principalId, kid: kidOf(ann, 'action') }
  const retire = (action: string) =>
    ann.client.call('postPrincipalsKeysRetire', { params, body: { action } })
  await refuses(retire(ann.party.retireKey(params.kid, why)), 'operator_key_in_use')
  const selector = { type: 'principal', id: ann.principalId } as const
  const admins = { command: 'revoke', role: 'ops_admin' } as const
  await refuses(send(bob, ...together([bob, cleo], selector, admins)), 'control_target_operator')
  const founder = { ...house.operator }
  const revoked = { command: 'revoke', role: 'incident_commander' } as const
  await send(founder, ...together([founder, ann], selector, revoked))
  const found = await bob.client.call('getPrincipalsOne', {
    params: { principalId: ann.principalId },
  })
  assert.equal(found.lifecycle, 'decommissioned')
  // Who holds no role any more is like anybody else.
  const act = roleAct(founder, bob.principalId, 'ops_admin', { action: 'withdraw_role' })
  await change(founder, bob, act)
  await move(founder, bob, 'suspended')
})

test('the entries of a person are bounded', async () => {
  const { operator } = house
  const person = await house.person([])
  const { principalId } = person
  for (let i = 0; i < 64; i += 1) {
    await change(operator, person, roleAct(operator, principalId, 'viewer'))
    const withdraw = { action: 'withdraw_role' } as const
    await change(operator, person, roleAct(operator, principalId, 'viewer', withdraw))
  }
  await refused(operator, person, roleAct(operator, principalId, 'viewer'), 'role_limit')
})

test('every role can be given', async () => {
  const person = await house.person(OPERATOR_ROLES)
  const { principalId } = person
  const found = await house.operator.client.call('getPrincipalsOne', { params: { principalId } })
  assert.deepEqual(
    found.roles.map(({ role }) => role),
    OPERATOR_ROLES,
  )
})

test('an act that was taken is refused when it comes again, and nobody else pays for it (once)', async () => {
  const { operator } = house
  const person = await house.person([])
  const act = roleAct(operator, person.principalId, 'viewer')
  await change(operator, person, act)
  const withdrawn = { action: 'withdraw_role' } as const
  await change(operator, person, roleAct(operator, person.principalId, 'viewer', withdrawn))
  const replays = Array.from({ length: 8 }, () =>
    assert.rejects(change(operator, person, act), { code: 'operator_action_used' }),
  )
  const others = Array.from({ length: 24 }, () => house.member('agent', [], ['read']))
  await Promise.all([...replays, ...others])
  const params = { principalId: person.principalId }
  const found = await operator.client.call('getPrincipalsOne', { params })
  assert.deepEqual(
    found.roles.map(({ notAfter }) => notAfter !== null),
    [true],
  )
})
