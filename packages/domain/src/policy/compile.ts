/**
 * A profile made ready to be asked often: sets for its lists, integers for its limits.
 *
 * Compiled once a version; evaluating it then costs nothing that grows with the lists.
 *
 * @module
 */
import type { Hash, Limit, Profile, RiskClass } from '@surety/protocol'

type Limits = ReadonlyMap<string, bigint>

export interface ApprovalTier {
  readonly above: bigint
  readonly approvers: number
  readonly role: string
  readonly raise: 'challenge' | 'escalate'
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
  readonly irrevocable: { readonly payees: ReadonlySet<string>; readonly max: Limits } | undefined
}

/** Compiles a profile. Cost: linear in the document. */
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
    irrevocable: irrevocable && {
      payees: new Set(irrevocable.payees),
      max: limitsOf(irrevocable.max),
    },
  }
}

/** Of two limits on one asset the lower counts. */
function limitsOf(limits: readonly Limit[]): Limits {
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

/** What a profile contradicts in itself, if anything; a profile that does is never applied. */
export function contradictionOf(profile: Profile): string | undefined {
  const listed = new Set(profile.allowlists.assets)
  const limited = [
    ...profile.limits.perRequest,
    ...(profile.limits.perDay ?? []),
    ...(profile.limits.perMonth ?? []),
    ...(profile.limits.total ?? []),
    ...(profile.limits.tenantPerDay ?? []),
    ...(profile.limits.tenantPerMonth ?? []),
    ...(profile.limits.tenantTotal ?? []),
    ...(profile.irrevocable?.max ?? []),
    ...(profile.settlement.autoReleaseMax ?? []),
    ...profile.approvalTiers,
  ]
  const stray = limited.find(({ asset }) => !listed.has(asset))
  if (stray !== undefined)
    return `\`${stray.asset}\` has a limit or tier but is not an allowed asset`
  const perRequest = limitsOf(profile.limits.perRequest)
  const open = profile.allowlists.assets.find((asset) => !perRequest.has(asset))
  if (open !== undefined) return `\`${open}\` is allowed but has no limit per request`
  const thresholds = profile.approvalTiers.map(({ asset, above }) => `${asset} ${above}`)
  if (new Set(thresholds).size !== thresholds.length) return 'two tiers begin at one amount'
  const classes = profile.risk.map((entry) => entry.riskClass)
  if (new Set(classes).size !== classes.length) return 'a risk class is listed twice'
  const { origins = [] } = profile.x402 ?? {}
  if (new Set(origins.map(({ origin }) => origin)).size !== origins.length) {
    return 'an origin is listed twice'
  }
  const aliases = origins.flatMap(({ alias }) => alias ?? [])
  if (new Set(aliases).size !== aliases.length) return 'two origins have one alias'
  const kinds = profile.settlement.verifiers.map((entry) => entry.verifier)
  if (new Set(kinds).size !== kinds.length) return 'a verifier is listed twice'
  for (const entry of profile.settlement.verifiers) {
    if (entry.verifier === 'latency' && entry.amberMs < entry.greenMs) {
      return 'the amber latency is below the green one'
    }
  }
  return undefined
}
