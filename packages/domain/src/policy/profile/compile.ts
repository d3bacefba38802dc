/**
 * A profile made ready to be asked often: sets for its lists, integers for its limits.
 *
 * Compiled once a version; evaluating it then costs nothing that grows with the lists.
 *
 * @module
 */
import type { Hash, Limit, Profile, RiskClass } from '@surety/protocol'
import { type CompiledRates, compileRates } from '../rates.ts'
import { type Condition, compileCondition } from './conditions.ts'
import { type CompiledUnit, compileUnits } from './units.ts'

export type Limits = ReadonlyMap<string, bigint>

export interface ApprovalTier {
  readonly above: bigint
  readonly approvers: number
  readonly role: string
  readonly raise: 'challenge' | 'escalate'
}

type Autonomy = NonNullable<Profile['autonomy']>
type Band = Autonomy['bands'][number]

export interface CompiledBand extends Pick<Band, 'band' | 'sideEffecting' | 'irrevocable'> {
  readonly riskClasses: ReadonlySet<RiskClass> | undefined
  readonly above: Limits | undefined
}

export interface CompiledAutonomy {
  readonly unstated: number
  /** The gravest first. */
  readonly bands: readonly CompiledBand[]
  readonly rows: ReadonlyMap<number, Autonomy['matrix'][number]>
}

export interface CompiledCondition {
  readonly rule: NonNullable<Profile['conditions']>[number]
  readonly holds: Condition
}

export interface CompiledProfile {
  readonly profile: Profile
  readonly policyHash: Hash
  readonly assets: ReadonlySet<string>
  readonly rails: ReadonlySet<string>
  readonly networks: ReadonlySet<string>
  readonly payees: ReadonlySet<string> | undefined
  readonly tools: ReadonlySet<string> | undefined
  readonly actions: ReadonlySet<string> | undefined
  readonly perRequest: Limits
  readonly perDay: Limits | undefined
  readonly perMonth: Limits | undefined
  readonly total: Limits | undefined
  readonly tenantPerDay: Limits | undefined
  readonly tenantPerMonth: Limits | undefined
  readonly tenantTotal: Limits | undefined
  readonly risk: ReadonlyMap<RiskClass, Profile['risk'][number]>
  /** By asset, the highest threshold first; of equal ones the first that is listed. */
  readonly tiers: ReadonlyMap<string, readonly ApprovalTier[]>
  /** By asset, the limits of the unit that it is one of. */
  readonly units: ReadonlyMap<string, CompiledUnit>
  readonly autonomy: CompiledAutonomy | undefined
  readonly rates: CompiledRates
  readonly conditions: readonly CompiledCondition[]
  readonly sessionCeiling: Limits | undefined
  readonly irrevocable: { readonly payees: ReadonlySet<string>; readonly max: Limits } | undefined
}

/** Compiles a profile that does not contradict itself. Cost: linear in the document. */
export function compile(profile: Profile, policyHash: Hash): CompiledProfile {
  const { allowlists, limits, irrevocable } = profile
  return {
    profile,
    policyHash,
    assets: new Set(allowlists.assets),
    rails: new Set(allowlists.rails),
    networks: new Set(allowlists.networks),
    payees: allowlists.payees && new Set(allowlists.payees),
    tools: allowlists.tools && new Set(allowlists.tools),
    actions: allowlists.actions && new Set(allowlists.actions),
    perRequest: limitsOf(limits.perRequest),
    perDay: limits.perDay && limitsOf(limits.perDay),
    perMonth: limits.perMonth && limitsOf(limits.perMonth),
    total: limits.total && limitsOf(limits.total),
    tenantPerDay: limits.tenantPerDay && limitsOf(limits.tenantPerDay),
    tenantPerMonth: limits.tenantPerMonth && limitsOf(limits.tenantPerMonth),
    tenantTotal: limits.tenantTotal && limitsOf(limits.tenantTotal),
    risk: new Map(profile.risk.map((entry) => [entry.riskClass, entry])),
    tiers: tiersOf(profile),
    units: compileUnits(limits.units ?? []),
    autonomy: profile.autonomy && compileAutonomy(profile.autonomy),
    rates: compileRates(profile),
    conditions: (profile.conditions ?? []).map((rule) => ({ rule, holds: ensureCondition(rule) })),
    sessionCeiling: profile.session?.escalateAbove && limitsOf(profile.session.escalateAbove),
    irrevocable: irrevocable && {
      payees: new Set(irrevocable.payees),
      max: limitsOf(irrevocable.max),
    },
  }
}

function ensureCondition({ id, when }: CompiledCondition['rule']): Condition {
  const compiled = compileCondition(when)
  if (!compiled.ok) throw new Error(`condition ${id}: ${compiled.fault.message}`)
  return compiled.value
}

const GRAVITY = { critical: 0, high: 1, medium: 2 } as const

function compileAutonomy({ unstated, bands, matrix }: Autonomy): CompiledAutonomy {
  return {
    unstated,
    bands: bands
      .toSorted((a, b) => GRAVITY[a.band] - GRAVITY[b.band])
      .map(({ riskClasses, above, ...band }) => ({
        ...band,
        riskClasses: riskClasses && new Set(riskClasses),
        above: above && limitsOf(above),
      })),
    rows: new Map(matrix.map((row) => [row.level, row])),
  }
}

/** Of two limits on one asset the lower counts. */
export function limitsOf(limits: readonly Limit[]): Limits {
  const map = new Map<string, bigint>()
  for (const { asset, max } of limits) {
    const limit = BigInt(max)
    const known = map.get(asset)
    if (known === undefined || limit < known) map.set(asset, limit)
  }
  return map
}

function tiersOf(profile: Profile): ReadonlyMap<string, readonly ApprovalTier[]> {
  const tiers = new Map<string, ApprovalTier[]>()
  for (const { asset, above, approvers, role, raise } of profile.approvalTiers) {
    const list = tiers.get(asset) ?? []
    list.push({ above: BigInt(above), approvers, role, raise })
    tiers.set(asset, list)
  }
  for (const list of tiers.values())
    list.sort((a, b) => (a.above === b.above ? 0 : a.above < b.above ? 1 : -1))
  return tiers
}
