/**
 * What one decision costs: the evaluator alone, over a starter profile and one of long lists.
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

/** Facts are read from text, as a store gives them: no two share a string. */
function measure(
  name: string,
  chain: GrantFacts[],
  listed: number,
  inProfile: number,
): Measurement {
  const profile = policy.compile(profileWith(inProfile), hashOf(name, portableCrypto))
  const facts = Array.from(
    { length: 200 },
    (_, n): DecisionFacts => JSON.parse(JSON.stringify(factsFrom(chain, n, listed))),
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

/** Times the evaluator. Targets: p99 of at most 25 µs, at least 100,000 decisions a second. */
export function benchDecision(): readonly Measurement[] {
  return [
    measure('starter profile, 3 grants', chainOf(4, 3), 4, 4),
    measure('1,000 payees and tools, 3 grants of 256', chainOf(256, 3), 256, 1_000),
    measure('starter profile, 17 grants', chainOf(4, 17), 4, 4),
  ]
}
