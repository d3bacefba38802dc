import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DecisionFacts,
  type DecisionRecord,
  type Hash,
  type Profile,
  portableCrypto,
} from '@surety/protocol'
import fc from 'fast-check'
import { ASSETS, compiled, factsOf, hash, id, profileOf } from '../../fixtures.test.ts'
import { decisionOf } from '../decision.ts'
import type { CompiledProfile } from '../profile/compile.ts'
import { Replay } from './replay.ts'
import type { ReplayReport } from './tally.ts'

/** The record of a decision on the n-th gate. */
function recordOf(facts: DecisionFacts, profile: CompiledProfile, n: number): DecisionRecord {
  const own = { ...facts, gateId: id('gat', n) }
  const decision = decisionOf(own, profile, {
    decisionId: id('dec', n),
    seq: 1,
    previousDecisionHash: null,
    intentHash: hash(own.intent),
    inputHash: hash(own),
  })
  const decisionHash = hash(decision)
  return { schemaVersion: 'DecisionRecord.v1', decisionHash, decision, facts: own }
}

function replayOf(
  candidate: Profile,
  recorded: readonly CompiledProfile[],
  records: readonly DecisionRecord[],
): ReplayReport {
  const profiles = new Map<Hash, CompiledProfile>(recorded.map((each) => [each.policyHash, each]))
  const replay = new Replay(compiled(candidate), (found) => profiles.get(found), portableCrypto)
  for (const record of records) replay.take(record)
  return replay.report()
}

const amount = fc.constantFrom('0', '1', '2', '3')
const asset = fc.constantFrom(...ASSETS)
const anyFacts = fc
  .record({ amount, asset, spent: amount })
  .map(({ spent, ...intent }) => factsOf({ intent, spent }))
const limits = fc.array(fc.record({ asset, max: amount }), { maxLength: 3 })
// Every outcome must turn into every other often: most limits let most amounts through.
const anyProfile = fc
  .record({
    perRequest: fc
      .tuple(amount, amount)
      .map((maxes) => ASSETS.map((each, i) => ({ asset: each, max: maxes[i] ?? '0' }))),
    perDay: fc.option(limits, { nil: undefined, freq: 2 }),
    risk: fc.constantFrom('allow', 'allow', 'allow', 'challenge', 'escalate', 'deny' as const),
    above: fc.option(amount, { nil: undefined }),
    approvers: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ perRequest, perDay, risk, above, approvers }): Profile => {
    const tier = { approvers, role: 'reviewer', raise: 'challenge' } as const
    return profileOf({
      limits: { perRequest, ...(perDay === undefined ? {} : { perDay }) },
      risk: [{ riskClass: 'action', outcome: risk }],
      approvalTiers: above === undefined ? [] : [{ ...tier, asset: 'USD/2', above }],
    })
  })

test('the profile that ruled, replayed, changes nothing', () => {
  fc.assert(
    fc.property(fc.array(anyFacts, { maxLength: 12 }), anyProfile, (traffic, profile) => {
      const ruling = compiled(profile)
      const records = traffic.map((facts, n) => recordOf(facts, ruling, n + 1))
      const report = replayOf(profile, [ruling], records)
      assert.equal(report.ok, true)
      assert.equal(report.unchanged, traffic.length)
      assert.deepEqual(report.changes, [])
      for (const { blocked, newlyAllowed, heldForApproval, newlyApprovable } of report.money) {
        assert.deepEqual(
          [blocked, newlyAllowed, heldForApproval, newlyApprovable],
          Array(4).fill('0'),
        )
      }
    }),
  )
})

/** The sums again, one filter each, over the same two answers. */
function naive(records: readonly DecisionRecord[], candidate: CompiledProfile, of: string) {
  const rows = records.map((record) => {
    const facts = record.facts as DecisionFacts
    const again = recordOf(facts, candidate, 1).decision.decision
    return { was: record.decision.decision, would: again, intent: facts.intent }
  })
  const sum = (is: (row: (typeof rows)[number]) => boolean) =>
    String(
      rows
        .filter((row) => row.intent.asset === of && is(row))
        .reduce((total, { intent }) => total + BigInt(intent.amount), 0n),
    )
  const asks = (decision: string) => decision === 'challenge' || decision === 'escalate'
  return {
    blocked: sum(({ was, would }) => was === 'allow' && would === 'deny'),
    heldForApproval: sum(({ was, would }) => was === 'allow' && asks(would)),
    newlyAllowed: sum(({ was, would }) => was !== 'allow' && would === 'allow'),
    newlyApprovable: sum(({ was, would }) => was === 'deny' && asks(would)),
    recordedAllowed: sum(({ was }) => was === 'allow'),
    candidateAllowed: sum(({ would }) => would === 'allow'),
    changed: rows.filter(({ was, would }) => was !== would).length,
    added: rows.filter(({ was, would }) => !asks(was) && asks(would)).length,
    removed: rows.filter(({ was, would }) => asks(was) && !asks(would)).length,
  }
}

test('the money is what a plain sum over both answers gives', () => {
  fc.assert(
    fc.property(
      fc.array(anyFacts, { minLength: 1, maxLength: 12 }),
      anyProfile,
      anyProfile,
      (traffic, written, candidate) => {
        const ruling = compiled(written)
        const records = traffic.map((facts, n) => recordOf(facts, ruling, n + 1))
        const report = replayOf(candidate, [ruling], records)
        for (const of of ASSETS) {
          const { changed, added, removed, ...expected } = naive(records, compiled(candidate), of)
          const found = report.money.find((each) => each.asset === of)
          for (const [column, value] of Object.entries(expected)) {
            assert.equal(found?.[column as 'blocked'] ?? '0', value, column)
          }
          const outcomes = report.changes.filter(({ kind }) => kind === 'outcome')
          assert.equal(
            outcomes.reduce((sum, { decisions }) => sum + decisions, 0),
            changed,
          )
          assert.deepEqual([report.approvals.added, report.approvals.removed], [added, removed])
          const worst = BigInt(found?.candidateAtWorst ?? '0')
          assert.ok(worst >= BigInt(found?.candidateAllowed ?? '0'))
        }
        const answers = report.unchanged + report.changed + report.reasonsChanged
        assert.equal(answers, traffic.length)
      },
    ),
  )
})

const ruling = compiled(profileOf())
const plain = () => recordOf(factsOf(), ruling, 1)

test('what the record does not hold is unknown, never unchanged', () => {
  const reasonFor = (record: DecisionRecord, candidate = profileOf()) => {
    const report = replayOf(candidate, [ruling], [record])
    assert.equal(report.ok, false)
    assert.equal(report.unchanged + report.changed + report.reasonsChanged, 0)
    assert.deepEqual(report.money, [])
    return report.unknown.listed[0]?.reason
  }
  const record = plain()
  const { facts } = record
  assert.equal(reasonFor({ ...record, facts: null }), 'facts_not_recorded')
  const cheaper = { ...(facts as DecisionFacts), funds: { available: '5' } }
  assert.equal(reasonFor({ ...record, facts: cheaper }), 'facts_not_recorded')
  const second = { ...record, decision: { ...record.decision, seq: 2 } }
  assert.equal(reasonFor(second), 'decision_missing')
  const lie = { ...record.decision, decision: 'deny' as const }
  assert.equal(reasonFor({ ...record, decisionHash: hash(lie), decision: lie }), 'not_reproduced')
  const other = compiled(profileOf({ version: 2 }))
  assert.equal(reasonFor(recordOf(factsOf(), other, 1)), 'profile_not_recorded')
  // The ruling profile asked for no counter of the day; the candidate does.
  const blind = recordOf({ ...factsOf(), counters: [] }, ruling, 1)
  const { perRequest } = profileOf().limits
  const daily = profileOf({ limits: { perRequest, perDay: perRequest } })
  assert.equal(reasonFor(blind, daily), 'input_missing')
})

test('a lie in a decision that its own hash betrays counts for nothing', () => {
  const record = plain()
  const lie = { ...record, decision: { ...record.decision, decision: 'deny' as const } }
  const report = replayOf(profileOf(), [ruling], [lie])
  // The decision is made again: what the record says of its outcome is not even read.
  assert.equal(report.unchanged, 1)
  assert.equal(report.money[0]?.recordedAllowed, '2')
})

test('decisions out of order are refused, since a gate could count twice', () => {
  const records = [2, 1].map((n) => recordOf(factsOf(), ruling, n))
  assert.throws(() => replayOf(profileOf(), [ruling], records), RangeError)
})

test('a gate that was approved counts once, and the approval that is not needed is removed', () => {
  const tiers = { asset: 'USD/2', above: '1', approvers: 1, role: 'reviewer', raise: 'challenge' }
  const asking = compiled(profileOf({ approvalTiers: [tiers as never] }))
  const first = recordOf(factsOf(), asking, 1)
  const firstHash = first.decisionHash
  // As if the tier had been lifted: decided again, and allowed.
  const again = { ...(first.facts as DecisionFacts), at: '2026-11-20T09:31:00.000Z' }
  const decision = decisionOf(again, ruling, {
    ...first.decision,
    decisionId: id('dec', 2),
    seq: 2,
    previousDecisionHash: firstHash,
    inputHash: hash(again),
  })
  const second: DecisionRecord = {
    schemaVersion: 'DecisionRecord.v1',
    decisionHash: hash(decision),
    decision,
    facts: again,
  }
  const report = replayOf(profileOf(), [asking, ruling], [first, second])
  assert.equal(report.gates, 1)
  assert.equal(report.decisions, 2)
  const [usd] = report.money
  assert.deepEqual(
    [usd?.recordedAllowed, usd?.candidateAllowed, usd?.newlyAllowed],
    ['2', '2', '0'],
  )
  assert.deepEqual(report.approvals, { recorded: 1, candidate: 0, added: 0, removed: 1 })
})

test('a gate that the candidate denies is over, whatever was decided on it later', () => {
  const tier = { asset: 'USD/2', above: '1', approvers: 1, role: 'reviewer', raise: 'challenge' }
  const asking = compiled(profileOf({ approvalTiers: [tier as never] }))
  const first = recordOf(factsOf({ spent: '1' }), asking, 1)
  const later = { ...factsOf(), gateId: id('gat', 1), at: '2026-11-20T09:31:00.000Z' }
  const decision = decisionOf(later, ruling, {
    ...first.decision,
    decisionId: id('dec', 2),
    seq: 2,
    previousDecisionHash: first.decisionHash,
    inputHash: hash(later),
  })
  const schemaVersion = 'DecisionRecord.v1'
  const second = { schemaVersion, decisionHash: hash(decision), decision, facts: later } as const
  const perDay = [{ asset: 'USD/2', max: '2' }]
  const candidate = profileOf({ limits: { ...profileOf().limits, perDay } })
  const report = replayOf(candidate, [asking, ruling], [first, second])
  const [usd] = report.money
  assert.deepEqual([usd?.blocked, usd?.candidateAllowed], ['2', '0'])
})

test('at worst counts what a budget alone kept back, and not what a list did', () => {
  const budget = profileOf({
    limits: { ...profileOf().limits, perDay: [{ asset: 'USD/2', max: '1' }] },
  })
  const list = profileOf({ allowlists: { ...profileOf().allowlists, payees: [] } })
  const worst = (candidate: Profile) => replayOf(candidate, [ruling], [plain()]).money[0]
  assert.equal(worst(budget)?.blocked, '2')
  assert.equal(worst(budget)?.candidateAtWorst, '2')
  assert.equal(worst(list)?.candidateAtWorst, '0')
})
