/**
 * Looks for a way to spend more than somebody means to allow: at most so many requests in a row,
 * each allowed by the profile without asking anybody.
 *
 * It tries what the profile itself makes interesting: amounts at its edges, every kind of request
 * it tells apart, and waits until its windows and periods have passed. The number of decisions is
 * bounded; whether all was tried is part of the answer.
 *
 * @module
 */
import {
  ASSETS,
  type Instant,
  type Profile,
  type ProfileScenario,
  type RiskClass,
  UNIT_DECIMALS,
} from '@surety/protocol'
import type { CompiledProfile } from '../profile/compile.ts'
import { type Step, simulate, type World, worldOf } from './world.ts'

export interface SearchGoal {
  /** An asset, or a unit over all its assets. */
  readonly of: string
  /** What must not be exceeded, in minor units of the asset or unit. */
  readonly budget: bigint
  readonly actionsMax: number
  /** How long the schedule may take. */
  readonly withinMs: number
}

export interface SearchResult {
  /** A schedule that exceeds the budget, to be run as it stands. */
  readonly found: ProfileScenario | null
  /** The most that any tried schedule spends, in the minor units of the goal. */
  readonly most: bigint
  readonly decisions: number
  /** Whether every schedule of the steps that are tried was tried. */
  readonly exhausted: boolean
}

const RISK_CLASSES: readonly RiskClass[] = ['read', 'compute', 'action', 'financial']

/** How many decisions a search makes at most. */
export const SEARCH_DECISIONS_MAX = 20_000

interface Search {
  readonly profile: CompiledProfile
  readonly goal: SearchGoal
  readonly candidates: readonly Step[]
  readonly waits: readonly number[]
  readonly worthOf: (step: Step) => bigint
  readonly worthMax: bigint
  readonly endsAt: Instant
  /** Whether the order of requests at one moment can matter. */
  readonly ordered: boolean
  most: bigint
  decisions: number
  best: readonly Step[] | undefined
}

export function searchOverspend(
  profile: CompiledProfile,
  given: ProfileScenario['given'],
  goal: SearchGoal,
): SearchResult {
  const world = worldOf(given)
  const worthOf = (step: Step): bigint => worth(step.request, goal.of)
  const candidates = candidatesOf(profile.profile, goal.of, worthOf)
  const search: Search = {
    profile,
    goal,
    candidates,
    waits: waitsOf(profile.profile, goal.withinMs),
    worthOf,
    worthMax: candidates[0] === undefined ? 0n : worthOf(candidates[0]),
    ordered: (profile.profile.sequences ?? profile.profile.conditions) !== undefined,
    endsAt: (world.at + goal.withinMs) as Instant,
    most: 0n,
    decisions: 0,
    best: undefined,
  }
  extend(search, { world, steps: [], spent: 0n, from: 0 })
  const { best, most, decisions } = search
  return {
    found: best === undefined ? null : scenarioOf(best, given, goal),
    most,
    decisions,
    exhausted: best === undefined && decisions < SEARCH_DECISIONS_MAX,
  }
}

interface Place {
  readonly world: World
  readonly steps: readonly Step[]
  readonly spent: bigint
  /** The first candidate to go on with at the same moment. */
  readonly from: number
}

/** Depth first, the dearest request first; a branch that cannot reach the budget is left out. */
function extend(search: Search, { world, steps, spent, from }: Place): void {
  const { goal, candidates, waits, worthOf, worthMax, profile, ordered } = search
  if (spent > search.most) search.most = spent
  if (spent > goal.budget) {
    search.best = steps
    return
  }
  const left = BigInt(goal.actionsMax - steps.length)
  if (left === 0n || spent + left * worthMax <= goal.budget) return
  for (const afterMs of steps.length === 0 ? [0] : waits) {
    if (world.at + afterMs > search.endsAt) continue
    const first = afterMs === 0 && !ordered ? from : 0
    for (const [i, candidate] of candidates.slice(first).entries()) {
      if (search.decisions >= SEARCH_DECISIONS_MAX || search.best !== undefined) return
      const step = afterMs === 0 ? candidate : { ...candidate, afterMs }
      search.decisions += 1
      const { evaluation, after } = simulate(profile, world, step)
      if (evaluation.decision !== 'allow') continue
      const sum = spent + worthOf(step)
      extend(search, { world: after, steps: [...steps, step], spent: sum, from: first + i })
    }
  }
}

/** What an amount is of the goal; nothing if it is of another asset or unit. */
function worth({ asset = '', amount }: Step['request'], of: string): bigint {
  if (asset === of) return BigInt(amount)
  const known = ASSETS.get(asset)
  const decimals = UNIT_DECIMALS.get(of)
  if (known === undefined || known.unit !== of || decimals === undefined) return 0n
  const shift = known.decimals - decimals
  return shift >= 0 ? BigInt(amount) / 10n ** BigInt(shift) : BigInt(amount) * 10n ** BigInt(-shift)
}

/** One request for each kind the profile tells apart and each amount at one of its edges. */
function candidatesOf(
  profile: Profile,
  of: string,
  worthOf: (step: Step) => bigint,
): readonly Step[] {
  const steps: Step[] = []
  const actions = namesIn(profile, 'actions')
  const tools = namesIn(profile, 'tools')
  for (const asset of profile.allowlists.assets) {
    if (asset !== of && ASSETS.get(asset)?.unit !== of) continue
    for (const amount of edgesOf(profile, asset)) {
      for (const riskClass of RISK_CLASSES) {
        const verdict = profile.risk.find((entry) => entry.riskClass === riskClass)?.outcome
        if (verdict !== 'allow') continue
        for (const action of actions) {
          for (const tool of tools) steps.push(stepOf({ asset, amount, riskClass, action, tool }))
        }
      }
    }
  }
  return steps.sort((a, b) => (worthOf(a) === worthOf(b) ? 0 : worthOf(a) < worthOf(b) ? 1 : -1))
}

function stepOf(request: {
  readonly asset: string
  readonly amount: string
  readonly riskClass: Step['request']['riskClass']
  readonly action: string | undefined
  readonly tool: string | undefined
}): Step {
  const { action, tool, ...rest } = request
  return {
    request: {
      ...rest,
      ...(action === undefined ? {} : { action }),
      ...(tool === undefined ? {} : { tool }),
    },
    session: { tainted: false, signals: [] },
    ...(tool === undefined ? {} : { toolVersionKnown: true, toolManifestKnown: true }),
  }
}

/** The names that rules tell apart, and one that none of them names. */
function namesIn(profile: Profile, kind: 'actions' | 'tools'): readonly (string | undefined)[] {
  const listed = profile.allowlists[kind]
  const told = new Set<string>()
  for (const { match } of profile.rates ?? [])
    for (const name of match?.[kind] ?? []) told.add(name)
  for (const { first, next } of profile.sequences ?? []) {
    for (const name of [...(first[kind] ?? []), ...(next[kind] ?? [])]) told.add(name)
  }
  if (listed === undefined) return [undefined, ...[...told].slice(0, 4)]
  const other = listed.find((name) => !told.has(name))
  const names = [...told].filter((name) => listed.includes(name)).slice(0, 4)
  return other === undefined ? names : [other, ...names]
}

/** Amounts at which the profile changes its mind, each the most that is still on the near side. */
function edgesOf(profile: Profile, asset: string): readonly string[] {
  const edges = new Set<bigint>()
  const add = (limits: readonly { readonly asset: string; readonly max: string }[] = []): void => {
    for (const limit of limits) if (limit.asset === asset) edges.add(BigInt(limit.max))
  }
  add(profile.limits.perRequest)
  add(profile.limits.perDay)
  add(profile.limits.perMonth)
  add(profile.limits.total)
  add(profile.session?.escalateAbove)
  for (const band of profile.autonomy?.bands ?? []) add(band.above)
  for (const { perRequest } of profile.wallets?.assignments ?? []) add(perRequest)
  for (const tier of profile.approvalTiers) if (tier.asset === asset) edges.add(BigInt(tier.above))
  for (const unit of profile.limits.units ?? []) {
    const shift = (ASSETS.get(asset)?.decimals ?? 0) - (UNIT_DECIMALS.get(unit.unit) ?? 0)
    if (!unit.assets.includes(asset) || unit.perRequest === undefined) continue
    const scale = 10n ** BigInt(Math.abs(shift))
    edges.add(shift >= 0 ? BigInt(unit.perRequest) * scale : BigInt(unit.perRequest) / scale)
  }
  // What is left of a larger limit once a smaller one has been used as often as fits.
  for (const large of [...edges]) {
    for (const small of [...edges]) if (small > 0n) edges.add(large % small)
  }
  const most = [...edges].filter((edge) => edge > 0n).sort((a, b) => (a < b ? 1 : -1))
  return most.slice(0, EDGES_MAX).map(String)
}

const EDGES_MAX = 24
const HOUR_MS = 3_600_000

/** No wait, and the waits after which a window, a day or a month is another. */
function waitsOf(profile: Profile, withinMs: number): readonly number[] {
  const windows = [...(profile.rates ?? []), ...(profile.sequences ?? [])].map(
    ({ windowMs }) => windowMs + windowMs / 4,
  )
  const waits = new Set([0, ...windows, 24 * HOUR_MS, 31 * 24 * HOUR_MS])
  return [...waits].filter((wait) => wait <= withinMs).sort((a, b) => a - b)
}

function scenarioOf(
  steps: readonly Step[],
  given: ProfileScenario['given'],
  { of, budget }: SearchGoal,
): ProfileScenario {
  return {
    schemaVersion: 'ProfileScenario.v1',
    name: `a schedule of ${steps.length} that spends more than ${budget} of ${of}`,
    ...(given === undefined ? {} : { given }),
    steps: steps.map((step) => ({ ...step, expect: { decision: 'allow' } })),
  }
}
