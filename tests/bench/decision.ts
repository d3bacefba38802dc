/**
 * What one decision costs: the evaluator alone, over the starter profiles, one of long lists, and
 * one of a thousand rules.
 *
 * Facts and profiles are made here, so that a figure means the same on every day.
 *
 * @module
 */
import { policy } from '@surety/domain'
import {
  type DecisionFacts,
  ensureInstant,
  type GrantFacts,
  hashOf,
  type Id,
  type IdPrefix,
  instantOf,
  mintId,
  type Profile,
  portableCrypto,
} from '@surety/protocol'
import { readProfile } from '../../packages/cli/src/local/profile-file.ts'
import { STARTERS, starterPath } from '../../packages/cli/src/local/starters.ts'

export interface Measurement {
  readonly name: string
  readonly opsPerSecond: number
  readonly p50us: number
  readonly p99us: number
  readonly cpuUsPerOp: number
}

const warmUpRuns = 30_000
const runs = 80_000
const timedRuns = 50_000

const AT = '2026-11-20T09:30:00.000Z'
const id = <Prefix extends IdPrefix>(prefix: Prefix, n: number): Id<Prefix> =>
  mintId(prefix, ensureInstant(0), BigInt(n))
const limits = (max: string) => ['USD/2', 'USDC/6'].map((asset) => ({ asset, max }))
const payees = (count: number) => Array.from({ length: count }, (_, i) => id('prn', 1_000 + i))
const tools = (count: number) => Array.from({ length: count }, (_, i) => `tool-${i}`)

/** A starter profile; its lists hold as many payees and tools as is said. */
function profileWith(listed: number): Profile {
  const tier = { asset: 'USD/2', approvers: 1, role: 'reviewer' } as const
  return {
    schemaVersion: 'Profile.v1',
    profileId: 'starter',
    version: 1,
    name: 'starter',
    mode: 'enforce',
    allowlists: {
      assets: ['USD/2', 'USDC/6'],
      rails: ['ledger'],
      networks: ['internal'],
      payees: payees(listed),
      tools: tools(listed),
      actions: ['purchase', 'book'],
    },
    limits: {
      perRequest: limits('50000'),
      perDay: limits('200000'),
      perMonth: limits('2000000'),
      total: limits('20000000'),
    },
    approvalTiers: [
      { ...tier, above: '10000', raise: 'challenge' },
      { ...tier, above: '30000', raise: 'escalate' },
    ],
    risk: [
      { riskClass: 'read', outcome: 'allow' },
      { riskClass: 'compute', outcome: 'allow' },
      { riskClass: 'action', outcome: 'allow' },
      { riskClass: 'financial', outcome: 'escalate' },
    ],
    strictBinding: true,
    authorizationWithinMs: 900_000,
    approvalWithinMs: 86_400_000,
    settlement: {
      mode: 'automatic',
      verifiers: [{ verifier: 'status' }],
      onSilence: 'refund',
      evidenceWithinMs: 600_000,
    },
  }
}

/** A thousand rules, of which few concern one request, and a hundred conditions, which all do. */
function profileOfMany(): Profile {
  const base = profileWith(4)
  const rule = (i: number) => ({
    id: `rule-${i}`,
    per: 'agent' as const,
    windowMs: 3_600_000,
    outcome: 'deny' as const,
  })
  const tier = { asset: 'USD/2', approvers: 1, role: 'reviewer', raise: 'escalate' } as const
  const match = (i: number) => ({ tools: [`tool-${i % 300}`] })
  const wordings = [
    (i: number) => `intent.amount > ${100_000 + i} && at.hour < 6`,
    (i: number) => `intent.url.startsWith("https://host-${i}.example/")`,
    (i: number) => `intent.tool in ["none-${i}", "never-${i}"] || spent.day > ${1_000_000 + i}`,
    (i: number) => `!payee.known && grant.depth > ${i % 8}`,
  ] as const
  return {
    ...base,
    allowlists: { ...base.allowlists, tools: tools(300) },
    rates: Array.from({ length: 300 }, (_, i) => ({ ...rule(i), match: match(i), max: 1_000 })),
    sequences: Array.from({ length: 300 }, (_, i) => ({
      ...rule(i),
      first: { tools: [`tool-${(i + 1) % 300}`] },
      next: match(i),
    })),
    approvalTiers: Array.from({ length: 336 }, (_, i) => ({ ...tier, above: String(30_000 + i) })),
    autonomy: {
      unstated: 2,
      bands: Array.from({ length: 64 }, (_, i) => ({
        band: 'high' as const,
        above: limits(String(40_000 + i)),
      })),
      matrix: [{ level: 2, low: 'allow', medium: 'allow', high: 'challenge', critical: 'deny' }],
    },
    conditions: Array.from({ length: 100 }, (_, i) => ({
      id: `condition-${i}`,
      when: (wordings[i % 4] as (typeof wordings)[0])(i),
      outcome: 'deny' as const,
    })),
  }
}

function chainOf(listed: number, depth: number): GrantFacts[] {
  return Array.from({ length: depth }, (_, i) => ({
    grantHash: hashOf({ grant: i }, portableCrypto),
    grantId: id('grt', i),
    parentGrantHash: i === 0 ? null : hashOf({ grant: i - 1 }, portableCrypto),
    grantorId: id('prn', i),
    granteeId: id('prn', i + 1),
    payerId: id('prn', 0),
    environment: 'sandbox',
    depth: i,
    bounds: {
      payees: payees(listed),
      tools: tools(listed),
      assets: ['USD/2'],
      perCall: limits(String(40_000 - i)),
      perDay: limits('200000'),
      total: limits('2000000'),
      count: 1_000,
      maxDepth: 8,
    },
    notBefore: '2026-11-01T00:00:00.000Z',
    expiresAt: '2026-12-31T00:00:00.000Z',
    revoked: false,
    grantorLifecycle: 'active',
  }))
}

function factsFrom(grantChain: GrantFacts[], n: number, listed: number): DecisionFacts {
  const agentId = id('prn', grantChain.length)
  const payee = id('prn', 1_000 + listed - 1)
  const keys = policy.countersOf(grantChain, id('prn', 0), 'USD/2', instantOf(AT))
  return {
    schemaVersion: 'DecisionFacts.v1',
    at: AT,
    tenantId: id('ten', 1),
    environment: 'sandbox',
    gateId: id('gat', n),
    intent: {
      schemaVersion: 'ExecutionIntent.v1',
      intentId: id('int', n),
      tenantId: id('ten', 1),
      environment: 'sandbox',
      agentId,
      requestFingerprint: {
        schemaVersion: 'RequestFingerprint.v1',
        server: 'provider',
        tool: 'search',
        argumentsHash: hashOf(n, portableCrypto),
      },
      action: 'purchase',
      tool: `tool-${listed - 1}`,
      riskClass: 'action',
      sideEffecting: true,
      amount: String(100 + (n % 1_000)),
      asset: 'USD/2',
      payee,
      rail: 'ledger',
      network: 'internal',
      grantHash: grantChain.at(-1)?.grantHash ?? '',
      traceId: '0'.repeat(32),
      nonce: String(n).padStart(16, '0'),
      issuedAt: AT,
      expiresAt: '2026-11-20T10:30:00.000Z',
    },
    intentKid: 'A'.repeat(43),
    grantChain,
    grantMeet: null,
    agent: { principalId: agentId, kind: 'agent', lifecycle: 'active' },
    payer: { principalId: id('prn', 0), kind: 'organisation', lifecycle: 'active' },
    payee: { principalId: payee, kind: 'service', lifecycle: 'active' },
    counters: keys.map((key) => ({ ...key, reserved: '10', spent: '20' })),
    funds: { available: '1000000' },
    rail: { rail: 'ledger', irrevocable: 'on_verdict' },
    tool: null,
    wallet: null,
    quote: null,
    controls: [],
    controlEpoch: 0,
    approvals: [],
    session: null,
    rates: [],
  }
}

function microseconds(sorted: Float64Array, share: number): number {
  const nanoseconds = sorted[Math.floor(sorted.length * share)] ?? 0
  return Math.round(nanoseconds / 10) / 100
}

/** What a profile needs besides: its own lists, counts of its rates, and the assets of a unit. */
function factsFor(profile: policy.CompiledProfile, chain: GrantFacts[], n: number): DecisionFacts {
  const base = factsFrom(chain, n, 4)
  const { allowlists } = profile.profile
  const tool = allowlists.tools?.[n % allowlists.tools.length]
  const { tool: _, ...intentOfBase } = base.intent
  const intent: DecisionFacts['intent'] = {
    ...intentOfBase,
    action: allowlists.actions?.[0] ?? 'purchase',
    riskClass: 'read',
    ...(tool === undefined ? {} : { tool }),
  }
  const at = instantOf(AT)
  const payerId = id('prn', 0)
  const keys = policy.unitCountersOf(profile.units, payerId, 'USD/2', at)
  return {
    ...base,
    intent,
    counters: [...base.counters, ...keys.map((key) => ({ ...key, reserved: '10', spent: '20' }))],
    rates: policy
      .ratesOf(profile.rates, intent, payerId, at)
      .reads.map(({ subject, windowMs }) => ({ subject, windowMs, count: 0 })),
  }
}

/** A chain that allows whatever the profile does. */
const openChain = (): GrantFacts[] =>
  chainOf(4, 3).map(({ bounds, ...grant }) => {
    const { payees: _, tools: __, ...rest } = bounds
    return { ...grant, bounds: rest }
  })

function measureProfile(name: string, profile: Profile): Measurement {
  const compiled = policy.compile(profile, hashOf(profile, portableCrypto))
  const chain = openChain()
  return timed(name, compiled, (n) => factsFor(compiled, chain, n))
}

function measure(
  name: string,
  chain: GrantFacts[],
  listed: number,
  inProfile: number,
): Measurement {
  const profile = policy.compile(profileWith(inProfile), hashOf(name, portableCrypto))
  return timed(name, profile, (n) => factsFrom(chain, n, listed))
}

/** Facts are read from text, as a store gives them: no two share a string. */
function timed(
  name: string,
  profile: policy.CompiledProfile,
  factsAt: (n: number) => DecisionFacts,
): Measurement {
  const facts = Array.from(
    { length: 200 },
    (_, n): DecisionFacts => JSON.parse(JSON.stringify(factsAt(n))),
  )
  const decide = (i: number): boolean =>
    policy.evaluate(facts[i % facts.length] as DecisionFacts, profile).decision === 'allow'
  let allowed = 0
  for (let i = 0; i < warmUpRuns; i += 1) allowed += decide(i) ? 1 : 0
  if (allowed !== warmUpRuns) throw new Error(`${name}: a decision that does not allow`)
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  for (let i = 0; i < runs; i += 1) decide(i)
  const elapsed = Number(process.hrtime.bigint() - start)
  const { user, system } = process.cpuUsage(cpu)
  const times = new Float64Array(timedRuns)
  for (let i = 0; i < timedRuns; i += 1) {
    const before = process.hrtime.bigint()
    decide(i)
    times[i] = Number(process.hrtime.bigint() - before)
  }
  times.sort()
  return {
    name,
    opsPerSecond: Math.round(runs / (elapsed / 1e9)),
    p50us: microseconds(times, 0.5),
    p99us: microseconds(times, 0.99),
    cpuUsPerOp: Math.round(((user + system) / runs) * 100) / 100,
  }
}

/**
 * Times the evaluator. Targets: p99 of at most 25 µs with a starter profile, of at most 100 µs with
 * a thousand rules and a hundred conditions.
 */
export function benchDecision(): readonly Measurement[] {
  return [
    measure('starter profile, 3 grants', chainOf(4, 3), 4, 4),
    measure('1,000 payees and tools, 3 grants of 256', chainOf(256, 3), 256, 1_000),
    measure('starter profile, 17 grants', chainOf(4, 17), 4, 4),
    ...STARTERS.map((name) =>
      measureProfile(`${name}, 3 grants`, readProfile(starterPath(name)).profile),
    ),
    measureProfile('1,000 rules and 100 conditions, 3 grants', profileOfMany()),
  ]
}
