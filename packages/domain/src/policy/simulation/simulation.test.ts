import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Profile, ProfileScenario, parseAs } from '@surety/protocol'
import fc from 'fast-check'
import { compiled, profileOf } from '../../fixtures.test.ts'
import { runScenario } from './report.ts'
import { SEARCH_DECISIONS_MAX, searchOverspend } from './search.ts'

const DAY_MS = 86_400_000
const usd = (max: string) => [{ asset: 'USD/2', max }]

/** A profile of small numbers, so that limits meet. */
const anyProfile = fc
  .record({
    perRequest: fc.integer({ min: 1, max: 3 }),
    perDay: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    rate: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    above: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
  })
  .map(({ perRequest, perDay, rate, above }): Profile => {
    const base = profileOf()
    const outcome = 'deny' as const
    return {
      ...base,
      allowlists: { ...base.allowlists, assets: ['USD/2'] },
      limits: {
        perRequest: usd(String(perRequest)),
        ...(perDay === undefined ? {} : { perDay: usd(String(perDay)) }),
      },
      approvalTiers:
        above === undefined
          ? []
          : [{ asset: 'USD/2', above: String(above), approvers: 1, role: 'r', raise: 'escalate' }],
      ...(rate === undefined
        ? {}
        : { rates: [{ id: 'calls', per: 'agent', max: rate, windowMs: DAY_MS, outcome }] }),
    }
  })

/** The most that can be spent at once, reckoned without the evaluator. */
function mostAtOnce({ limits, approvalTiers, rates }: Profile, actions: number): number {
  const one = Number(limits.perRequest[0]?.max)
  const alone = Math.min(one, Number(approvalTiers[0]?.above ?? one))
  const day = Number(limits.perDay?.[0]?.max ?? Number.POSITIVE_INFINITY)
  return Math.min(day, alone * Math.min(actions, rates?.[0]?.max ?? actions))
}

/** Goal: the search finds a way exactly where there is one, and what it finds can be run. */
test('a schedule is found exactly where the budget can be exceeded, and it exceeds it', () => {
  const actions = fc.integer({ min: 1, max: 4 })
  fc.assert(
    fc.property(anyProfile, actions, fc.integer({ min: 0, max: 8 }), (written, k, budget) => {
      const profile = compiled(written)
      const goal = { of: 'USD/2', budget: BigInt(budget), actionsMax: k, withinMs: 0 }
      const { found, exhausted, decisions } = searchOverspend(profile, undefined, goal)
      assert.ok(decisions <= SEARCH_DECISIONS_MAX)
      assert.equal(found !== null, mostAtOnce(written, k) > budget)
      if (found === null) {
        assert.equal(exhausted, true)
        return
      }
      assert.equal(parseAs(ProfileScenario, found).ok, true)
      const report = runScenario(profile, found)
      assert.equal(report.ok, true)
      assert.ok(report.steps.length <= k)
      const spent = report.steps.reduce((sum, step) => sum + BigInt(step.request.amount), 0n)
      assert.ok(spent > goal.budget)
    }),
    { numRuns: 300 },
  )
})

test('the search waits for another day where waiting helps', () => {
  const profile = compiled(
    profileOf({ limits: { perRequest: usd('3'), perDay: usd('3') }, allowlists: only() }),
  )
  const goal = { of: 'USD', budget: 3n, actionsMax: 2 }
  assert.equal(searchOverspend(profile, undefined, { ...goal, withinMs: 0 }).found, null)
  const { found } = searchOverspend(profile, undefined, { ...goal, withinMs: DAY_MS })
  assert.equal(found?.steps[1]?.afterMs, DAY_MS)
})

const only = () => ({ assets: ['USD/2'], rails: ['ledger'], networks: ['internal'] })

test('a scenario comes out the same every time, and says what was not expected', () => {
  const profile = compiled(profileOf({ limits: { perRequest: usd('3'), perDay: usd('4') } }))
  const request = { amount: '3', riskClass: 'read', asset: 'USD/2' } as const
  const scenario: ProfileScenario = {
    schemaVersion: 'ProfileScenario.v1',
    name: 'twice',
    steps: [
      { request, expect: { decision: 'allow' } },
      { request, expect: { decision: 'allow' } },
    ],
  }
  const report = runScenario(profile, scenario)
  assert.deepEqual(runScenario(profile, structuredClone(scenario)), report)
  const [first, second] = report.steps
  assert.deepEqual([report.ok, first?.asExpected, second?.asExpected], [false, true, false])
  assert.deepEqual(second?.reasonCodes, ['day_exceeded'])
  const [failure] = second?.failures ?? []
  assert.equal(failure?.remedy, 'wait for the next UTC day, or ask for less')
})
