import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ApprovalAnswer,
  type ApprovalRecord,
  type ApproverRole,
  type DecisionFacts,
  isLiftable,
  type Profile,
  REASON_CODES,
  type ReasonCode,
} from '@surety/protocol'
import fc from 'fast-check'
import {
  AGENT,
  AT,
  compiled,
  factsOf,
  GATE,
  hash,
  id,
  OTHER,
  PAYEE,
  PAYER,
  profileOf,
  TENANT,
} from '../fixtures.test.ts'
import { decisionOf } from './decision.ts'
import { evaluate } from './evaluate.ts'

const ASKING: Profile = profileOf({
  approvalTiers: [
    { asset: 'USD/2', above: '1', approvers: 1, role: 'reviewer', raise: 'challenge' },
  ],
})
const facts = factsOf()
const asked = decisionOf(facts, compiled(ASKING), {
  decisionId: id('dec', 1),
  seq: 1,
  previousDecisionHash: null,
  intentHash: hash(facts.intent),
  inputHash: hash(facts),
})

function given(role: ApproverRole, person: number): ApprovalAnswer {
  return {
    actionId: id('opa', person),
    actionHash: hash(person),
    operatorId: id('prn', 50 + person),
    kid: String(person).padStart(43, 'K'),
    role,
    action: 'approve',
    justificationCode: 'looked-at',
    answeredAt: AT,
  }
}

function recordOf(over: Partial<ApprovalRecord> = {}): ApprovalRecord {
  return {
    schemaVersion: 'ApprovalRecord.v1',
    tenantId: TENANT,
    environment: 'sandbox',
    approvalId: id('apr', 1),
    gateId: GATE,
    level: 'challenge',
    decisionHash: hash(asked),
    intentHash: hash(facts.intent),
    grantHash: facts.intent.grantHash,
    payee: PAYEE,
    amount: facts.intent.amount,
    asset: facts.intent.asset,
    reasonCodes: [...asked.reasonCodes],
    agentId: AGENT,
    payerId: PAYER,
    requirements: [{ role: 'reviewer', approvers: 1 }],
    outcome: 'approved',
    overridden: false,
    division: null,
    answers: [given('reviewer', 1)],
    openedAt: AT,
    expiresAt: '2026-11-20T10:30:00.000Z',
    endedAt: AT,
    ...over,
  }
}

const under = (
  profile: Profile,
  over: Partial<ApprovalRecord> = {},
  more: Partial<DecisionFacts> = {},
) => evaluate({ ...facts, approvals: [recordOf(over)], ...more }, compiled(profile))

test('an answer under one profile is none to what another asks of more or other people (approval)', () => {
  const tier = { asset: 'USD/2', above: '1', raise: 'challenge' } as const
  const asking = (approvers: number, role: string) =>
    profileOf({ approvalTiers: [{ ...tier, approvers, role }] })
  const allows = (profile: Profile, over: Partial<ApprovalRecord> = {}) =>
    under(profile, over).decision === 'allow'
  const two = { answers: [given('reviewer', 1), given('ops_admin', 2)] }
  assert.ok(allows(asking(1, 'reviewer')))
  assert.ok(!allows(asking(2, 'reviewer')))
  assert.ok(allows(asking(2, 'reviewer'), two))
  assert.ok(!allows(asking(1, 'incident_commander'), two))
  assert.ok(!allows(asking(1, 'payer'), two))
  // Whoever set the quorum aside answered for every role but the payer’s own.
  const overridden = { answers: [given('incident_commander', 1)], overridden: true }
  assert.ok(allows(asking(3, 'reviewer'), overridden))
  assert.ok(!allows(asking(1, 'payer'), overridden))
})

test('an answer lifts what was asked, and the decision allows', () => {
  assert.equal(asked.decision, 'challenge')
  assert.deepEqual(under(ASKING).reasonCodes, ['allowed'])
})

test('an answer to something else lifts nothing, and the facts are wrong', () => {
  const others: readonly Partial<ApprovalRecord>[] = [
    { gateId: id('gat', 2) },
    { agentId: OTHER },
    { payerId: OTHER },
    { payee: OTHER },
    { amount: '3' },
    { asset: 'EUR/2' },
    { grantHash: hash('another') },
    { tenantId: id('ten', 2) },
    { environment: 'production' },
    { level: 'review' },
  ]
  for (const other of others) {
    const { decision, reasonCode } = under(ASKING, other)
    assert.deepEqual([decision, reasonCode], ['deny', 'evaluator_failed'], JSON.stringify(other))
  }
})

test('an answer to another decision is a fault, wherever it is made again', () => {
  const place = {
    decisionId: id('dec', 2),
    seq: 2,
    previousDecisionHash: hash(asked),
    intentHash: hash(facts.intent),
    inputHash: hash('facts'),
  }
  const again = { ...facts, approvals: [recordOf()] }
  assert.equal(decisionOf(again, compiled(ASKING), place).decision, 'allow')
  for (const other of [{ previousDecisionHash: null }, { intentHash: hash('other') }]) {
    assert.throws(() => decisionOf(again, compiled(ASKING), { ...place, ...other }))
  }
})

test('it lifts for as long as it lives, both ends inclusive', () => {
  const late = '2026-11-20T10:30:00.001Z'
  assert.equal(under(ASKING, { expiresAt: AT }).decision, 'allow')
  assert.equal(under(ASKING, { expiresAt: '2026-11-20T09:29:59.999Z' }).decision, 'challenge')
  assert.equal(under(ASKING, { endedAt: late }).decision, 'challenge')
  assert.equal(under(ASKING, { outcome: 'expired' }).decision, 'challenge')
})

test('a denial denies, also what the profile would allow by now', () => {
  for (const profile of [ASKING, profileOf()]) {
    const { decision, reasonCodes } = under(profile, { outcome: 'denied' })
    assert.equal(decision, 'deny')
    assert.ok(reasonCodes.includes('approval_denied'))
  }
})

test('a code that it does not name asks again, and names everything', () => {
  const more = { ...ASKING, risk: [{ riskClass: 'action', outcome: 'escalate' }] } as Profile
  const { decision, reasonCodes } = under(more)
  assert.equal(decision, 'escalate')
  assert.deepEqual([...reasonCodes], ['risk_class_escalated', 'approval_challenged'])
})

test('a yes to a challenge is no yes to an escalation, though it names the code', () => {
  const raised = { ...ASKING, risk: [{ riskClass: 'action', outcome: 'escalate' }] } as Profile
  const named = { reasonCodes: ['risk_class_escalated', 'approval_challenged'] }
  assert.equal(under(raised, named).decision, 'escalate')
  assert.equal(under(raised, { ...named, level: 'escalation' }).decision, 'allow')
})

test('what nobody may lift is never lifted, whatever a record names (approval)', () => {
  const all = Object.keys(REASON_CODES) as ReasonCode[]
  const fixed = all.filter((code) => !isLiftable(code))
  assert.ok(fixed.includes('funds_insufficient') && fixed.includes('grant_revoked'))
  const bents: readonly Partial<Profile>[] = [
    {
      limits: {
        perRequest: [
          { asset: 'USD/2', max: '1' },
          { asset: 'EUR/2', max: '1' },
        ],
      },
    },
    { allowlists: { assets: ['USD/2', 'EUR/2'], rails: ['other'], networks: ['internal'] } },
    { risk: [] },
  ]
  fc.assert(
    fc.property(fc.constantFrom(...bents), fc.subarray(all), (bent, named) => {
      const reasonCodes = [...new Set([...named, 'approval_challenged'])]
      const { decision } = under({ ...ASKING, ...bent }, { reasonCodes })
      assert.equal(decision, 'deny')
    }),
  )
  const poor = { funds: { available: '0' } }
  assert.equal(under(ASKING, { reasonCodes: all }, poor).decision, 'deny')
})
