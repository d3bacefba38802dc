/** Whose yes counts: by the profile that rules, and by who they are when it takes effect. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { fromBase64url, type Jwks } from '@surety/protocol'
import { fsck, nodeCrypto } from '@surety/server'
import {
  answer,
  approvalOf,
  ask,
  openAskingMarket,
  people,
  refuses,
  resume,
  tier,
} from '../support/approvals.ts'
import { ensureBooks } from '../support/books.ts'
import {
  declareAndAuthorize,
  execute,
  grantTo,
  type Market,
  type Member,
  openHouse,
  pass,
  prove,
  roleAct,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { lift, stop } from '../support/people/controls.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house)
})
after(async () => {
  ensureBooks(house.directory)
  const report = await fsck(house.directory)
  assert.ok(report.ok, JSON.stringify(report))
  await house.close()
})

const asking = (over: Parameters<typeof tier>[0]) => rule(house, market, tier(over))

async function relieve(person: Member): Promise<void> {
  const { principalId } = person
  const action = roleAct(house.operator, principalId, 'reviewer', { action: 'withdraw_role' })
  await house.operator.client.call('postPrincipalsRoles', {
    params: { principalId },
    body: { action },
  })
  pass(1)
}

async function verified(gateId: string): Promise<void> {
  const exported = await house.operator.client.call('getGatesBundle', { params: { gateId } })
  const files = new Map(
    exported.files.map(({ path, content }) => [path, fromBase64url(content) as Uint8Array]),
  )
  const jwks = await house.operator.client.call('getWellKnownJwksJson')
  const report = bundle.verify(files, jwks as Jwks, nodeCrypto)
  assert.ok(report.ok, JSON.stringify(report.checks.filter(({ result }) => result === 'failed')))
}

test('a yes under one profile is asked for again where the ruling one asks more (approval)', async () => {
  await asking({ approvers: 1, role: 'reviewer', raise: 'challenge' })
  const [reviewer] = await people(house, 1)
  const commanders = await people(house, 2, 'incident_commander')
  assert.ok(reviewer !== undefined)
  const waiting = await ask(house, market)
  await answer(reviewer, waiting.approval)
  await asking({ approvers: 2, role: 'incident_commander', raise: 'challenge' })
  const again = await resume(market, waiting)
  assert.deepEqual([again.state, again.decision?.seq], ['waiting', 2])
  const asked = await approvalOf(house, again.gateId)
  for (const each of commanders) {
    await answer(each, asked, 'approve', { role: 'incident_commander' })
  }
  const gate = await resume(market, { gate: again, key: waiting.key })
  assert.deepEqual([gate.state, gate.decision?.seq], ['authorized', 3])
  await verified(gate.gateId)
})

test('who handed the authority on is no third person in it (approval)', async () => {
  await asking({ approvers: 1, role: 'reviewer', raise: 'escalate' })
  const scopes = ['grants:write', 'approvals:answer', 'read'] as const
  const boss = await house.member('person', ['grant', 'action'], scopes)
  const params = { principalId: boss.principalId }
  const action = roleAct(house.operator, boss.principalId, 'reviewer')
  await house.operator.client.call('postPrincipalsRoles', { params, body: { action } })
  const root = await grantTo(market.payer, boss)
  const { notBefore, expiresAt } = root.grant
  const child = boss.party.delegate(root.grant, {
    granteeId: market.agent.principalId,
    bounds: { assets: ['USD/2'], maxDepth: 1 },
    notBefore,
    expiresAt,
  })
  await boss.client.call('postGrants', { body: { grant: child.jws } })
  const below = { ...market, grantHash: child.grantHash }
  const escalated = await ask(house, below)
  assert.equal(escalated.approval.level, 'escalation')
  await refuses(answer(boss, escalated.approval), 'approver_is_party')
  const [third] = await people(house, 1)
  assert.ok(third !== undefined)
  assert.equal((await answer(third, escalated.approval)).state, 'approved')
  const gate = await resume(below, escalated)
  assert.equal(gate.state, 'authorized')
  await verified(gate.gateId)
  await asking({ approvers: 1, role: 'reviewer', raise: 'challenge' })
  const challenged = await ask(house, below)
  assert.equal((await answer(boss, challenged.approval)).state, 'approved')
})

test('a quorum is of people who may still answer when it is complete (approval)', async () => {
  await asking({ approvers: 2, role: 'reviewer', raise: 'challenge' })
  const [first, second, third] = await people(house, 3)
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const waiting = await ask(house, market)
  await answer(first, waiting.approval)
  await relieve(first)
  await refuses(answer(second, waiting.approval), 'approver_lapsed')
  assert.equal((await answer(second, waiting.approval, 'deny')).state, 'denied')
})

test('a yes of who may not answer any more is asked for again, and used up (approval)', async () => {
  await asking({ approvers: 1, role: 'reviewer', raise: 'challenge' })
  const [gone, here] = await people(house, 2)
  assert.ok(gone !== undefined && here !== undefined)
  const waiting = await ask(house, market)
  assert.equal((await answer(gone, waiting.approval)).state, 'approved')
  await relieve(gone)
  const again = await resume(market, waiting)
  assert.deepEqual([again.state, again.decision?.seq], ['waiting', 2])
  const { approvalId } = waiting.approval
  const old = await house.operator.client.call('getApprovalsOne', { params: { approvalId } })
  assert.equal(old.state, 'consumed')
  await answer(here, await approvalOf(house, again.gateId))
  const gate = await resume(market, { gate: again, key: waiting.key })
  assert.equal(gate.state, 'authorized')
  await execute(market, gate)
  await prove(market, gate, statement(market, gate))
  await verified(gate.gateId)
})

test('a review is not released under a quarantined profile, whichever rules by then (control)', async () => {
  const settlement = { ...(await asking({})).settlement, mode: 'manual' } as const
  const { policyHash } = await reviewed(settlement)
  const gate = await inReview()
  await asking({})
  const [oncall] = await people(house, 1, 'oncall')
  const [reviewer] = await people(house, 1)
  assert.ok(oncall !== undefined && reviewer !== undefined)
  const selector = { type: 'policy', id: policyHash } as const
  const stopped = await stop(oncall, selector, { command: 'quarantine' })
  const asked = await approvalOf(house, gate.gateId)
  await refuses(answer(reviewer, asked, 'resolve_release'), 'commit_control_active')
  await lift([house.operator], stopped)
  assert.equal((await answer(reviewer, asked, 'resolve_release')).state, 'consumed')
})

async function reviewed(settlement: Awaited<ReturnType<typeof rule>>['settlement']) {
  await rule(house, market, { settlement, approvalTiers: [] })
  return house.operator.client.call('getProfilesActive')
}

async function inReview() {
  const gate = await declareAndAuthorize(market, '1')
  await execute(market, gate)
  const held = await prove(market, gate, statement(market, gate))
  assert.equal(held.state, 'review')
  return gate
}
