import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DecisionFacts,
  type GrantBounds,
  instantOf,
  type Profile,
  parseAs,
  REASON_CODES,
  REASON_ORDER,
  type ReasonCode,
} from '@surety/protocol'
import fc from 'fast-check'
import {
  ASSETS,
  compiled,
  factsOf,
  frozen,
  OTHER,
  PAYEE,
  PAYER,
  type PatchStep,
  patched,
  profileOf,
  vectors,
} from '../fixtures.test.ts'
import { type CounterKey, countersOf, shareOf } from './counters.ts'
import { evaluate } from './evaluate.ts'

const lifecycle = fc.constantFrom('active', 'throttled', 'archived' as const)
const amount = fc.constantFrom('0', '1', '2', '3')
const asset = fc.constantFrom(...ASSETS)
const limits = fc.array(fc.record({ asset, max: amount }), { maxLength: 3 })
const bounds = fc.record<GrantBounds>(
  {
    actions: fc.subarray(['purchase', 'refund']),
    tools: fc.subarray(['search', 'mail']),
    payees: fc.subarray([PAYEE, OTHER]),
    rails: fc.subarray(['ledger', 'card']),
    assets: fc.subarray([...ASSETS]),
    perCall: limits,
    perDay: limits,
    total: limits,
    count: fc.integer({ min: 0, max: 2 }),
    maxDepth: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: ['maxDepth'] },
)

/** Facts as a schema allows them, whole or not: parties missing, counters dropped or repeated. */
const anyFacts = fc
  .record({
    bounds: fc.array(bounds, { minLength: 1, maxLength: 3 }),
    intent: fc.record({ amount, asset, payee: fc.constantFrom(PAYEE, PAYER, OTHER) }),
    spent: amount,
    chainLength: fc.integer({ min: 0, max: 3 }),
    lifecycles: fc.tuple(lifecycle, lifecycle, lifecycle),
    present: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    counters: fc.array(fc.nat(12), { maxLength: 14 }),
    whole: fc.boolean(),
    environment: fc.constantFrom('sandbox', 'production' as const),
  })
  .map(({ lifecycles: [agent, payer, payee], present, ...drawn }): DecisionFacts => {
    const facts = factsOf({ intent: drawn.intent, bounds: drawn.bounds, spent: drawn.spent })
    if (drawn.whole) return facts
    const party = (name: 'payer' | 'payee', is: typeof payer) =>
      facts[name] === null ? null : { ...facts[name], lifecycle: is }
    return {
      ...facts,
      environment: drawn.environment,
      grantChain: facts.grantChain.slice(0, drawn.chainLength),
      agent: { ...facts.agent, lifecycle: agent },
      payer: present[0] ? party('payer', payer) : null,
      payee: present[1] ? party('payee', payee) : null,
      rail: present[2] ? facts.rail : null,
      counters: drawn.counters.flatMap((n) => facts.counters.slice(n, n + 1)),
    }
  })

const anyProfile = fc
  .record({
    assets: fc.subarray([...ASSETS]),
    perRequest: limits,
    perDay: fc.option(limits, { nil: undefined }),
    tenantTotal: fc.option(limits, { nil: undefined }),
    risk: fc.constantFrom('allow', 'challenge', 'escalate', 'deny' as const),
    tiers: fc.array(
      fc.record({
        asset,
        above: amount,
        approvers: fc.integer({ min: 1, max: 2 }),
        role: fc.constant('reviewer'),
        raise: fc.constantFrom('challenge', 'escalate' as const),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ assets, risk, tiers, perRequest, perDay, tenantTotal }): Profile => {
    const base = profileOf()
    return {
      ...base,
      allowlists: { ...base.allowlists, assets },
      limits: {
        perRequest,
        ...(perDay === undefined ? {} : { perDay }),
        ...(tenantTotal === undefined ? {} : { tenantTotal }),
      },
      risk: [{ riskClass: 'action', outcome: risk }],
      approvalTiers: tiers,
    }
  })

/** Goal: no facts make the evaluator throw, write to them, or answer twice in two ways. */
test('evaluate is pure and total', () => {
  fc.assert(
    fc.property(anyFacts, anyProfile, (facts, written) => {
      assert.equal(parseAs(DecisionFacts, facts).ok, true)
      const profile = compiled(frozen(written))
      const first = evaluate(frozen(facts), profile)
      assert.deepEqual(evaluate(structuredClone(facts), profile), first)
      const ranks = first.reasonCodes.map((code) => REASON_ORDER.indexOf(code))
      assert.deepEqual(
        ranks,
        ranks.toSorted((a, b) => a - b),
      )
      assert.equal(new Set(ranks).size, ranks.length)
      assert.equal(first.reasonCode, first.reasonCodes[0])
      assert.equal(first.decision === 'allow', first.reasonCode === 'allowed')
    }),
    { numRuns: 1_000 },
  )
})

test('an error inside the evaluator denies', () => {
  const broken = { ...factsOf(), counters: null } as unknown as DecisionFacts
  const { decision, reasonCodes } = evaluate(broken, compiled(profileOf()))
  assert.deepEqual([decision, reasonCodes], ['deny', ['evaluator_failed']])
})

test('a rule that ends in an error hides no other', () => {
  const facts = factsOf({ intent: { amount: '11' } })
  const broken = { ...facts, grantChain: null } as unknown as DecisionFacts
  const { decision, reasonCodes } = evaluate(broken, compiled(profileOf()))
  assert.deepEqual([decision, reasonCodes], ['deny', ['evaluator_failed', 'per_request_exceeded']])
})

interface Reasons {
  readonly base: { readonly facts: DecisionFacts; readonly profile: Profile }
  readonly cases: readonly {
    readonly facts?: readonly PatchStep[]
    readonly profile?: readonly PatchStep[]
    readonly expected: { readonly reasonCodes: readonly ReasonCode[] }
  }[]
}
const reasons = vectors<Reasons>('policy/refused/reasons.json')

/** Whether two wrongs touch one member, so that the second would undo the first. */
function collide(a: Reasons['cases'][number], b: Reasons['cases'][number]): boolean {
  // Where no grant is known, none of them can be said to be exceeded.
  const codes = [...a.expected.reasonCodes, ...b.expected.reasonCodes]
  if (codes.includes('grant_missing') && codes.every((code) => code.startsWith('grant_'))) {
    return true
  }
  return (['facts', 'profile'] as const).some((part) =>
    (a[part] ?? []).some((one) =>
      (b[part] ?? []).some(
        (other) => `${one.path}/`.startsWith(`${other.path}/`) || within(one.path, other.path),
      ),
    ),
  )
}
const within = (path: string, inner: string): boolean => `${inner}/`.startsWith(`${path}/`)

/** Goal: wrongs add up. Each is reported whatever else is wrong, and none makes another right. */
test('every failed rule is reported, and one more never turns a refusal into an allowance', () => {
  const index = fc.nat(reasons.cases.length - 1)
  const severity = ['allow', 'challenge', 'escalate', 'deny']
  fc.assert(
    fc.property(fc.array(index, { maxLength: 12 }), (drawn) => {
      const wrongs: Reasons['cases'][number][] = []
      let { facts, profile } = reasons.base
      let before = severity.indexOf(evaluate(facts, compiled(profile)).decision)
      for (const i of drawn) {
        const wrong = reasons.cases[i]
        if (wrong === undefined || wrongs.some((other) => collide(other, wrong))) continue
        wrongs.push(wrong)
        facts = patched(facts, wrong.facts)
        profile = patched(profile, wrong.profile)
        const { decision, reasonCodes } = evaluate(facts, compiled(profile))
        const expected = new Set(wrongs.flatMap((each) => each.expected.reasonCodes))
        assert.deepEqual(
          reasonCodes,
          REASON_ORDER.filter((code) => expected.has(code)),
        )
        const now = severity.indexOf(decision)
        assert.ok(now >= before && now > 0)
        before = now
        const fatal = reasonCodes.some((code) => REASON_CODES[code].outcome === 'deny')
        assert.equal(decision === 'deny', fatal)
      }
    }),
    { numRuns: 400 },
  )
})

type Step =
  | { readonly do: 'ask'; readonly amount: bigint; readonly asset: string; readonly day: number }
  | { readonly do: 'giveBack' | 'spend'; readonly which: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('ask' as const),
    amount: fc.bigInt({ min: 1n, max: 3n }),
    asset,
    day: fc.integer({ min: 0, max: 1 }),
  }),
  fc.record({ do: fc.constantFrom('giveBack', 'spend' as const), which: fc.nat(5) }),
)

const max = (value: bigint) => ASSETS.map((each) => ({ asset: each, max: String(value) }))
const CEILINGS = { grantDay: 4n, grantTotal: 6n, count: 4n, day: 3n, month: 5n, tenant: 6n }
const budgeted: readonly GrantBounds[] = [
  { perDay: max(CEILINGS.grantDay), total: max(CEILINGS.grantTotal), maxDepth: 2 },
  { count: Number(CEILINGS.count), perDay: max(9n), maxDepth: 1 },
]
const budgets = compiled(
  profileOf({
    limits: {
      perRequest: max(9n),
      perDay: max(CEILINGS.day),
      perMonth: max(CEILINGS.month),
      tenantTotal: max(CEILINGS.tenant),
    },
  }),
)
const DAYS = ['2026-11-29T23:59:59.999Z', '2026-11-30T00:00:00.000Z'] as const

/** An independent book of claims: who took what, of which day. */
interface Claim {
  readonly amount: bigint
  readonly asset: string
  readonly day: number
  readonly state: 'reserved' | 'spent'
}

function factsWith(claims: readonly Claim[], asked: Extract<Step, { do: 'ask' }>): DecisionFacts {
  const at = DAYS[asked.day] as string
  const expiresAt = '2026-12-01T00:00:00.000Z'
  const intent = { amount: String(asked.amount), asset: asked.asset, expiresAt }
  const facts = factsOf({ at, bounds: budgeted, intent })
  const keys = countersOf(facts.grantChain, PAYER, asked.asset, instantOf(at))
  const sum = (key: CounterKey, state: Claim['state']): string => {
    const counted = claims.filter(
      (claim) =>
        claim.state === state &&
        (key.asset === '*' || key.asset === claim.asset) &&
        (key.period !== 'day' || DAYS[claim.day]?.slice(0, 10) === key.start?.slice(0, 10)),
    )
    return String(counted.reduce((all, claim) => all + shareOf(key, claim.amount), 0n))
  }
  const counters = keys.map((key) => ({
    ...key,
    reserved: sum(key, 'reserved'),
    spent: sum(key, 'spent'),
  }))
  return { ...facts, counters }
}

function ensureCeilings(claims: readonly Claim[]): void {
  assert.ok(BigInt(claims.length) <= CEILINGS.count)
  for (const each of ASSETS) {
    const own = claims.filter((claim) => claim.asset === each)
    const total = own.reduce((sum, claim) => sum + claim.amount, 0n)
    assert.ok(total <= CEILINGS.month && total <= CEILINGS.tenant && total <= CEILINGS.grantTotal)
    for (const day of [0, 1]) {
      const ofDay = own.filter((claim) => claim.day === day)
      assert.ok(ofDay.reduce((sum, claim) => sum + claim.amount, 0n) <= CEILINGS.day)
    }
  }
}

/** Goal: whatever is asked, given back and spent in whatever order, no budget is ever overdrawn. */
test('no order of claims passes a ceiling', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 24 }), (steps) => {
      let claims: readonly Claim[] = []
      for (const each of steps) {
        if (each.do === 'ask') {
          const { decision } = evaluate(factsWith(claims, each), budgets)
          const { amount: share, asset: of, day } = each
          const claim: Claim = { amount: share, asset: of, day, state: 'reserved' }
          if (decision === 'allow') claims = [...claims, claim]
        } else if (each.do === 'spend') {
          claims = claims.map((claim, i) =>
            i === each.which ? { ...claim, state: 'spent' } : claim,
          )
        } else {
          claims = claims.filter((claim, i) => i !== each.which || claim.state === 'spent')
        }
        ensureCeilings(claims)
      }
    }),
    { numRuns: 300 },
  )
})

test('a budget that is whole again is spent to the last unit', () => {
  const ask = { do: 'ask', amount: 3n, asset: 'USD/2', day: 0 } as const
  assert.equal(evaluate(factsWith([], ask), budgets).decision, 'allow')
})

test('a payment counts for every bounded grant, the payer and the tenant, and for no version', () => {
  const chain = factsOf({ bounds: budgeted }).grantChain
  const keys = countersOf(chain, PAYER, 'USD/2', instantOf(DAYS[1]))
  const [root, leaf] = chain.map(({ grantHash }) => `grant:${grantHash}`)
  const periods = (subject: string | undefined) =>
    keys.filter((key) => key.subject === subject).map(({ period, start }) => `${period} ${start}`)
  assert.deepEqual(periods(root), ['day 2026-11-30T00:00:00.000Z', 'total null'])
  assert.deepEqual(periods(leaf), ['day 2026-11-30T00:00:00.000Z', 'count null'])
  const all = ['day 2026-11-30T00:00:00.000Z', 'month 2026-11-01T00:00:00.000Z', 'total null']
  assert.deepEqual(periods(`principal:${PAYER}`), all)
  assert.deepEqual(periods('tenant'), all)
  assert.equal(countersOf([], undefined, 'USD/2', instantOf(DAYS[0])).length, 3)
})
