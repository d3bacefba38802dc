import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type DecisionFacts,
  type Modes,
  type Profile,
  Profile as ProfileSchema,
  parseAs,
  REASON_CODES,
  type ReasonCode,
} from '@surety/protocol'
import fc from 'fast-check'
import { AGENT, compiled, type PatchStep, patched, vectors } from '../../../fixtures.test.ts'
import { evaluate } from '../../evaluate.ts'
import { contradictionsOf } from '../../profile/contradictions.ts'
import { outcomeUnder } from '../../profile/modes.ts'

interface Cases {
  readonly base: { readonly facts: DecisionFacts; readonly profile: Profile }
  readonly cases: readonly {
    readonly facts?: readonly PatchStep[]
    readonly profile?: readonly PatchStep[]
  }[]
}
const { base, cases } = vectors<Cases>('policy/refused/profile-rules.json')
const SEVERITY = ['allow', 'challenge', 'escalate', 'deny'] as const
const severity = (decision: (typeof SEVERITY)[number]): number => SEVERITY.indexOf(decision)

/** Facts in which something is odd, and a profile that may mind. */
const odd = fc.constantFrom(...cases).map((each) => ({
  facts: patched(base.facts, each.facts),
  profile: patched(base.profile, each.profile),
}))

const outcome = fc.constantFrom('challenge', 'escalate', 'deny' as const)
const match = fc.record(
  {
    actions: fc.constantFrom(['purchase'], ['export']),
    tools: fc.constantFrom(['search'], ['mail']),
    riskClasses: fc.constantFrom(['action'] as const, ['read'] as const).map((list) => [...list]),
  },
  { requiredKeys: [] },
)
const rule = { outcome, windowMs: fc.constantFrom(60_000, 3_600_000), per: fc.constant('agent') }
const added: fc.Arbitrary<(profile: Profile) => Profile> = fc.oneof(
  fc
    .record({ ...rule, id: fc.constant('calls-more'), max: fc.integer({ min: 0, max: 2 }), match })
    .map((rate) => (profile: Profile) => ({
      ...profile,
      rates: [...(profile.rates ?? []), rate as never],
    })),
  fc
    .record({ ...rule, id: fc.constant('seq-more'), first: match, next: match })
    .map((sequence) => (profile: Profile) => ({
      ...profile,
      sequences: [...(profile.sequences ?? []), sequence as never],
    })),
  fc
    .record({
      id: fc.constant('more'),
      when: fc.constantFrom(
        'intent.amount > 1',
        'at.hour > 12',
        '1 / spent.day > 0',
        'payee.known',
      ),
      outcome,
    })
    .map((condition) => (profile: Profile) => ({
      ...profile,
      conditions: [...(profile.conditions ?? []), condition],
    })),
  fc.constantFrom(
    (profile: Profile) => ({
      ...profile,
      challengeOnly: profile.challengeOnly ?? {
        raise: 'challenge' as const,
        approvers: 1,
        role: 'payer',
      },
    }),
    (profile: Profile) => ({ ...profile, compliance: { ...profile.compliance, quote: true } }),
  ),
)

/** Goal: rules only ever take away. One more of any kind never lets more through than before. */
test('adding a rule never loosens', () => {
  fc.assert(
    fc.property(
      odd,
      fc.array(added, { minLength: 1, maxLength: 3 }),
      ({ facts, profile }, more) => {
        const counted = [
          ...facts.rates,
          { subject: `rate:calls-more:${AGENT}`, windowMs: 60_000, count: 1 },
        ]
        const stated = { ...facts, rates: counted }
        const before = evaluate(stated, compiled(profile))
        const written = more.reduce((sum, add) => add(sum), profile)
        const after = evaluate(stated, compiled(written))
        assert.ok(severity(after.decision) >= severity(before.decision))
        const kept = before.reasonCodes.filter((code) => code !== 'allowed')
        for (const code of kept) assert.ok(after.reasonCodes.includes(code), code)
      },
    ),
    { numRuns: 500 },
  )
})

const mode = fc.constantFrom('enforce', 'soft', 'shadow' as const)
const modes: fc.Arbitrary<Modes> = fc.record(
  {
    limit: fc.constantFrom('enforce', 'soft' as const),
    autonomy: fc.constantFrom('enforce', 'soft' as const),
    rate: mode,
    sequence: mode,
    session: mode,
    compliance: mode,
    condition: mode,
  },
  { requiredKeys: [] },
)

/** Goal: no mode lets through what nobody may lift, and soft lets nothing through at all. */
test('a mode softens only what somebody may lift, and soft never allows', () => {
  fc.assert(
    fc.property(odd, modes, fc.constantFrom('enforce', 'soft' as const), (given, drawn, whole) => {
      const { facts } = given
      // A vector that sets modes of its own is read without them.
      const { modes: _, rollout: __, ...profile } = given.profile
      const enforced = evaluate(facts, compiled({ ...profile, mode: 'enforce' }))
      const moded = evaluate(facts, compiled({ ...profile, mode: whole, modes: drawn }))
      const codes = enforced.reasonCodes.filter((code) => code !== 'allowed')
      const unliftable = codes.filter((code) => REASON_CODES[code].lift === 'never')
      for (const code of unliftable) assert.ok(moded.reasonCodes.includes(code), code)
      if (unliftable.length > 0) assert.equal(moded.decision, 'deny')
      const soft = evaluate(facts, compiled({ ...profile, mode: 'soft' }))
      assert.deepEqual(soft.reasonCodes, enforced.reasonCodes)
      assert.equal(soft.decision === 'allow', enforced.decision === 'allow')
      if (moded.shadow === undefined) assert.deepEqual(moded.reasonCodes, enforced.reasonCodes)
    }),
    { numRuns: 500 },
  )
})

test('what nobody lifts has one outcome in every mode', () => {
  const { facts, profile } = base
  for (const code of Object.keys(REASON_CODES) as ReasonCode[]) {
    const { lift, outcome: enforced } = REASON_CODES[code]
    for (const whole of ['enforce', 'soft'] as const) {
      const all = { limit: 'soft', autonomy: 'soft' } as const
      const watch = { rate: 'shadow', sequence: 'shadow', session: 'shadow' } as const
      const rest = { compliance: 'shadow', condition: 'shadow' } as const
      const written = { ...profile, mode: whole, modes: { ...all, ...watch, ...rest } }
      const found = outcomeUnder(code, written, facts)
      if (lift === 'never') assert.equal(found, enforced, code)
      const financial = { ...facts, intent: { ...facts.intent, riskClass: 'financial' as const } }
      if (enforced !== 'allow') assert.notEqual(outcomeUnder(code, written, financial), 'allow')
    }
  }
})

const anyText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ...['intent.amount', '>', '&&', '1', '"a"', '(', ')', 'payee.known', '[', ']', '!', 'in'],
        ...['size', '.', 'intent', '+', '-', '?', ':', 'true', 'matches', 'timestamp', '/', '0'],
      ),
      { maxLength: 14 },
    )
    .map((words) => words.join(' ')),
)

/** Goal: whatever is written as a condition, it is refused or it decides; it never escapes. */
test('any text is a condition that decides, or a contradiction', () => {
  let decided = 0
  fc.assert(
    fc.property(anyText, (when) => {
      const conditions = [{ id: 'any', when, outcome: 'deny' as const }]
      const profile = { ...base.profile, conditions }
      if (!parseAs(ProfileSchema, profile).ok || contradictionsOf(profile).length > 0) return
      decided += 1
      const { reasonCodes } = evaluate(base.facts, compiled(profile))
      const expected = ['allowed', 'condition_denied', 'evaluator_failed']
      assert.ok(reasonCodes.every((code) => expected.includes(code)))
    }),
    { numRuns: 3_000 },
  )
  assert.ok(decided > 0)
})
