/**
 * A small world to try a profile in: one payer, one agent, and what is counted as time goes by.
 *
 * It decides nothing. It states facts as the runtime would, asks the one evaluator, and counts what
 * was allowed. Same scenario, same profile, same bytes, on every machine.
 *
 * @module
 */
import {
  addMs,
  type DecisionFacts,
  ensureInstant,
  formatInstant,
  type GrantBounds,
  type GrantFacts,
  type Id,
  type IdPrefix,
  type Instant,
  instantOf,
  mintId,
  type Profile,
  type ProfileScenario,
} from '@surety/protocol'
import { X402_RAIL } from '../buying.ts'
import type { Evaluation } from '../conclude.ts'
import { type CounterKey, countersOf, shareOf, unitCountersOf } from '../counters.ts'
import { evaluate } from '../evaluate.ts'
import type { CompiledProfile } from '../profile/compile.ts'
import { modeAt } from '../profile/modes.ts'
import { assignWallet } from '../profile/wallets.ts'
import { type RateBucket, ratesOf } from '../rates.ts'

export type Step = ProfileScenario['steps'][number]
type Given = NonNullable<ProfileScenario['given']>

export interface World {
  readonly at: Instant
  readonly environment: DecisionFacts['environment']
  readonly bounds: readonly GrantBounds[]
  readonly counters: ReadonlyMap<string, bigint>
  readonly rates: ReadonlyMap<string, number>
  /** By asset; of an asset that is not named there is plenty. */
  readonly funds: ReadonlyMap<string, bigint>
  readonly steps: number
}

export interface Simulated {
  readonly facts: DecisionFacts
  readonly evaluation: Evaluation
  readonly after: World
}

const ids = new Map<string, string>()

/** An id that is the same in every simulation. */
function idOf<Prefix extends IdPrefix>(prefix: Prefix, n: number): Id<Prefix> {
  const name = `${prefix}${n}`
  const known = ids.get(name)
  if (known !== undefined) return known as Id<Prefix>
  const id = mintId(prefix, ensureInstant(0), BigInt(n))
  if (ids.size < IDS_MAX) ids.set(name, id)
  return id
}
const IDS_MAX = 10_000
const TENANT = idOf('ten', 1)
const PAYER = idOf('prn', 1)
const AGENT = idOf('prn', 2)
/** Who is paid where neither the scenario nor the profile names anybody. */
const PAYEE = idOf('prn', 3)
const PLENTY = 999_999_999_999_999_999n
const DEFAULT_AT = '2026-11-20T09:30:00.000Z'
const hashLike = (n: number): string => n.toString(16).padStart(64, '0')

/** The world before the first step. */
export function worldOf({ at, environment, bounds, depth = 0, funds, spent }: Given = {}): World {
  const start = instantOf(at ?? DEFAULT_AT)
  const counters = new Map<string, bigint>()
  for (const { asset, ...periods } of spent ?? []) {
    for (const key of countersOf([], PAYER, asset, start)) {
      if (key.period === 'count') continue
      counters.set(nameOf(key), BigInt(periods[key.period] ?? 0))
    }
  }
  return {
    at: start,
    environment: environment ?? 'sandbox',
    bounds: Array.from({ length: depth + 1 }, () => bounds ?? { maxDepth: 16 }),
    counters,
    rates: new Map(),
    funds: new Map((funds ?? []).map(({ asset, max }) => [asset, BigInt(max)])),
    steps: 0,
  }
}

/** Takes one step: time passes, the request is decided, and what is allowed is counted. */
export function simulate(profile: CompiledProfile, world: World, step: Step): Simulated {
  const at = addMs(world.at, step.afterMs ?? 0)
  const facts = factsOf(profile, { ...world, at }, step)
  // A profile that would only watch here is asked what it would decide.
  const beside = modeAt(profile.profile, facts) === 'shadow'
  const evaluation = evaluate(facts, profile, beside)
  const later = { ...world, at, steps: world.steps + 1 }
  return {
    facts,
    evaluation,
    after: evaluation.decision === 'allow' ? counted(profile, later, facts) : later,
  }
}

function counted(profile: CompiledProfile, world: World, { intent, grantChain }: DecisionFacts) {
  const counters = new Map(world.counters)
  const amount = BigInt(intent.amount)
  for (const key of countersOf(grantChain, PAYER, intent.asset, world.at)) {
    const name = nameOf(key)
    counters.set(name, (counters.get(name) ?? 0n) + shareOf(key, amount))
  }
  const rates = new Map(world.rates)
  for (const bucket of ratesOf(profile.rates, intent, PAYER, world.at).claims) {
    rates.set(bucketName(bucket), (rates.get(bucketName(bucket)) ?? 0) + 1)
  }
  const funds = new Map(world.funds)
  const available = funds.get(intent.asset)
  if (available !== undefined) funds.set(intent.asset, available - amount)
  return { ...world, counters, rates, funds }
}

function nameOf({ subject, asset, period, start }: CounterKey): string {
  return `${subject} ${asset} ${period} ${start ?? ''}`
}

function bucketName({ subject, windowMs, start }: RateBucket): string {
  return `${subject} ${windowMs} ${start}`
}

function factsOf(profile: CompiledProfile, world: World, step: Step): DecisionFacts {
  const { at, environment } = world
  const grantChain = chainOf(world)
  const intent = intentOf(profile.profile, world, step)
  const keys = [
    ...countersOf(grantChain, PAYER, intent.asset, at),
    ...unitCountersOf(profile.units, PAYER, intent.asset, at),
  ]
  const { reads } = ratesOf(profile.rates, intent, PAYER, at)
  return {
    schemaVersion: 'DecisionFacts.v1',
    at: formatInstant(at),
    tenantId: TENANT,
    environment,
    gateId: idOf('gat', world.steps),
    intent,
    intentKid: 'A'.repeat(43),
    grantChain,
    grantMeet: null,
    agent: { principalId: AGENT, kind: 'agent', lifecycle: 'active' },
    payer: { principalId: PAYER, kind: 'organisation', lifecycle: 'active' },
    payee: { principalId: intent.payee, kind: 'service', lifecycle: 'active' },
    counters: keys.map((key) => ({
      ...key,
      reserved: '0',
      spent: String(world.counters.get(nameOf(key)) ?? 0n),
    })),
    funds: { available: String(world.funds.get(intent.asset) ?? PLENTY) },
    rail: {
      rail: intent.rail,
      irrevocable: intent.rail === X402_RAIL ? 'on_presentation' : 'on_verdict',
    },
    tool: toolOf(step),
    ...purchaseOf(profile.profile, world, intent),
    controls: [],
    controlEpoch: 0,
    approvals: [],
    session: step.session === undefined ? null : { sessionId: 'simulated', ...step.session },
    rates: reads.map(({ starts, ...row }) => ({
      ...row,
      count: starts.reduce(
        (sum, start) => sum + (world.rates.get(bucketName({ ...row, start })) ?? 0),
        0,
      ),
    })),
  }
}

function toolOf({ request, toolVersionKnown, toolManifestKnown }: Step): DecisionFacts['tool'] {
  if (request.tool === undefined) return null
  if (toolVersionKnown === undefined && toolManifestKnown === undefined) return null
  return {
    name: request.tool,
    version: toolVersionKnown === true ? '1' : null,
    versionKnown: toolVersionKnown ?? false,
    manifestHash: toolManifestKnown === true ? hashLike(1) : null,
  }
}

/** What the request leaves out is what the profile names first. */
function intentOf(profile: Profile, world: World, { request }: Step): DecisionFacts['intent'] {
  const { allowlists } = profile
  const tool = request.tool ?? allowlists.tools?.[0]
  const { method = 'GET', url = 'https://provider.example/' } = request
  return {
    schemaVersion: 'ExecutionIntent.v1',
    intentId: idOf('int', world.steps),
    tenantId: TENANT,
    environment: world.environment,
    agentId: AGENT,
    requestFingerprint: {
      schemaVersion: 'RequestFingerprint.v1',
      method,
      url,
      headers: [],
      bodyHash: hashLike(0),
    },
    action: request.action ?? allowlists.actions?.[0] ?? 'purchase',
    ...(tool === undefined ? {} : { tool }),
    riskClass: request.riskClass,
    sideEffecting: request.sideEffecting ?? request.riskClass !== 'read',
    amount: request.amount,
    asset: request.asset ?? allowlists.assets[0] ?? 'USD/2',
    payee: request.payee ?? allowlists.payees?.[0] ?? PAYEE,
    rail: request.rail ?? allowlists.rails[0] ?? 'ledger',
    network: request.network ?? allowlists.networks[0] ?? 'internal',
    grantHash: hashLike(world.bounds.length),
    traceId: '0'.repeat(31).concat('1'),
    nonce: String(world.steps).padStart(16, '0'),
    issuedAt: formatInstant(world.at),
    expiresAt: formatInstant(addMs(world.at, 3_600_000)),
  }
}

function chainOf({ bounds, at, environment }: World): GrantFacts[] {
  const holder = (depth: number): Id<'prn'> =>
    depth === 0 ? PAYER : depth === bounds.length ? AGENT : idOf('prn', 100 + depth)
  return bounds.map((own, depth) => ({
    grantHash: hashLike(depth + 1),
    grantId: idOf('grt', depth),
    parentGrantHash: depth === 0 ? null : hashLike(depth),
    grantorId: holder(depth),
    granteeId: holder(depth + 1),
    payerId: PAYER,
    environment,
    depth,
    bounds: own,
    notBefore: formatInstant(at),
    expiresAt: formatInstant(addMs(at, 3_600_000)),
    revoked: false,
    grantorLifecycle: 'active',
  }))
}

/** On a rail that pays from a wallet: the assigned wallet, and an offer of what is asked. */
function purchaseOf(
  profile: Profile,
  { environment, bounds }: World,
  intent: DecisionFacts['intent'],
): Pick<DecisionFacts, 'wallet' | 'quote'> {
  if (intent.rail !== X402_RAIL) return { wallet: null, quote: null }
  const { riskClass, asset, amount, network, payee } = intent
  const depth = bounds.length - 1
  const assigned = assignWallet(profile, { tenantId: TENANT, environment, riskClass, depth })
  const known = profile.x402?.payees.find(
    (each) => each.payee === payee && each.network === network,
  )
  return {
    wallet: {
      walletId: assigned?.walletId ?? idOf('wlt', 1),
      ownerId: PAYER,
      address: `0x${'1'.repeat(40)}`,
      status: 'active',
    },
    quote: {
      offerHash: hashLike(2),
      scheme: 'exact',
      network,
      asset,
      amount,
      payTo: known?.payTo ?? `0x${'2'.repeat(40)}`,
      validSeconds: Math.min(60, profile.x402?.validSecondsMax ?? 60),
    },
  }
}
