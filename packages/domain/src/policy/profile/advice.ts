/**
 * What a profile may say and can hardly mean: rules that never count, tiers that nobody reaches,
 * limits that lower ones make idle.
 *
 * Unlike a contradiction it does not keep a profile from ruling.
 *
 * @module
 */
import { type Limit, OPERATOR_ROLES, type Profile } from '@surety/protocol'
import { limitsOf } from './compile.ts'
import type { Remark } from './contradictions.ts'

type Path = readonly (string | number)[]
type Limits = ReadonlyMap<string, bigint>

/** Everything that can hardly be meant, in the order of the document. */
export function adviceOn(profile: Profile): readonly Remark[] {
  return [
    ...idleRollout(profile),
    ...idleModes(profile),
    ...limitsOutOfOrder(profile),
    ...unitsOutOfOrder(profile),
    ...unheldRoles(profile),
    ...unreachableTiers(profile),
    ...unreachableRisk(profile),
    ...idleAutonomy(profile),
    ...idleMatches(profile),
    ...idleConditions(profile),
    ...idleWallets(profile),
    ...idleSettlement(profile),
    ...idleHoldback(profile),
    ...unknownFacts(profile),
  ]
}

/** Rules on what nobody states yet: they deny everything (docs/adr/0034). */
function unknownFacts({ compliance, session }: Profile): Remark[] {
  const found: Remark[] = []
  const check = (isThere: boolean | undefined, path: Path, what: string) => {
    const message = `nothing is known of ${what} in this version: every request is denied by this`
    if (isThere === true) found.push({ path, message })
  }
  check(compliance?.toolManifestHash, ['compliance', 'toolManifestHash'], 'the manifest of a tool')
  check(compliance?.knownToolVersion, ['compliance', 'knownToolVersion'], 'the version of a tool')
  check(session?.unknown === 'deny', ['session', 'unknown'], 'a session')
  return found
}

function idleRollout({ rollout = [] }: Profile): Remark[] {
  const all = rollout.findIndex(({ tenants, environments }) => !tenants && !environments)
  return rollout.slice(all === -1 ? rollout.length : all + 1).map((_, i) => ({
    path: ['rollout', all + 1 + i],
    message: 'the entry before it names every place, so this one never counts',
  }))
}

function idleModes(profile: Profile): Remark[] {
  const has: Readonly<Record<string, unknown>> = {
    autonomy: profile.autonomy,
    rate: profile.rates,
    sequence: profile.sequences,
    session: profile.session,
    compliance: profile.compliance,
    condition: profile.conditions,
    limit: true,
  }
  return Object.keys(profile.modes ?? {}).flatMap((name) =>
    has[name] === undefined
      ? [
          {
            path: ['modes', name],
            message: `there are no ${name} rules that it could be the mode of`,
          },
        ]
      : [],
  )
}

const ORDER = [
  ['perRequest', 'perDay'],
  ['perDay', 'perMonth'],
  ['perMonth', 'total'],
  ['tenantPerDay', 'tenantPerMonth'],
  ['tenantPerMonth', 'tenantTotal'],
  ['perDay', 'tenantPerDay'],
  ['perMonth', 'tenantPerMonth'],
  ['total', 'tenantTotal'],
] as const

/** A limit above the one that holds for longer, or for more people, never counts. */
function limitsOutOfOrder({ limits }: Profile): Remark[] {
  const found: Remark[] = []
  for (const [small, large] of ORDER) {
    const ceiling = limits[large] && limitsOf(limits[large])
    for (const [i, { asset, max }] of (limits[small] ?? []).entries()) {
      const above = ceiling?.get(asset)
      if (above === undefined || BigInt(max) <= above) continue
      const message = `\`${small}\` of ${asset} is ${max}, above \`${large}\`, which is ${above}: it never counts`
      found.push({ path: ['limits', small, i, 'max'], message })
    }
  }
  for (const [name, list] of Object.entries(limits)) {
    if (name === 'units') continue
    const seen = new Set<string>()
    for (const [i, { asset }] of (list as readonly Limit[]).entries()) {
      const message = `\`${asset}\` has two limits in \`${name}\`; the lower counts`
      if (seen.has(asset)) found.push({ path: ['limits', name, i], message })
      seen.add(asset)
    }
  }
  return found
}

function unitsOutOfOrder({ limits }: Profile): Remark[] {
  const found: Remark[] = []
  for (const [i, unit] of (limits.units ?? []).entries()) {
    for (const [small, large] of ORDER) {
      const [lower, upper] = [unit[small], unit[large]]
      if (lower === undefined || upper === undefined || BigInt(lower) <= BigInt(upper)) continue
      const message = `\`${small}\` of ${unit.unit} is ${lower}, above \`${large}\`, which is ${upper}: it never counts`
      found.push({ path: ['limits', 'units', i, small], message })
    }
  }
  return found
}

const ROLES: ReadonlySet<string> = new Set(['payer', ...OPERATOR_ROLES])

/** Whoever waits for a role that nobody can hold waits in vain. */
function unheldRoles(profile: Profile): Remark[] {
  const found: Remark[] = []
  const check = (asks: { readonly role?: string } | undefined, raises: boolean, path: Path) => {
    if (asks?.role === undefined) return
    const where = [...path, 'role']
    if (!ROLES.has(asks.role)) {
      const message = `nobody can hold the role \`${asks.role}\`: name ${[...ROLES].join(', ')}`
      found.push({ path: where, message })
    } else if (raises && asks.role === 'payer') {
      found.push({
        path: where,
        message: 'an escalation is answered by an operator, not by the payer',
      })
    }
  }
  for (const [i, tier] of profile.approvalTiers.entries()) {
    check(tier, tier.raise === 'escalate', ['approvalTiers', i])
  }
  for (const kind of ['risk', 'rates', 'sequences', 'conditions'] as const) {
    for (const [i, rule] of (profile[kind] ?? []).entries()) {
      check(rule, rule.outcome === 'escalate', [kind, i])
    }
  }
  for (const [i, row] of (profile.autonomy?.matrix ?? []).entries()) {
    check(row, false, ['autonomy', 'matrix', i])
  }
  check(profile.session, false, ['session'])
  check(profile.challengeOnly, profile.challengeOnly?.raise === 'escalate', ['challengeOnly'])
  return found
}

/** What an amount can be at most, by asset: more is denied before anybody is asked. */
function reachOf({ limits }: Profile): Limits {
  const reach = new Map(limitsOf(limits.perRequest))
  for (const name of ['perDay', 'perMonth', 'total', 'tenantPerDay', 'tenantPerMonth'] as const) {
    const list = limits[name] && limitsOf(limits[name])
    if (list === undefined) continue
    for (const [asset, most] of reach) {
      const other = list.get(asset) ?? 0n
      if (other < most) reach.set(asset, other)
    }
  }
  return reach
}

function unreachableTiers(profile: Profile): Remark[] {
  const reach = reachOf(profile)
  return profile.approvalTiers.flatMap(({ asset, above }, i) => {
    const most = reach.get(asset) ?? 0n
    if (BigInt(above) < most) return []
    const message = `no amount of ${asset} is above ${above} and allowed: the most is ${most}, so nobody reaches this tier`
    return [{ path: ['approvalTiers', i, 'above'], message }]
  })
}

function unreachableRisk({ risk }: Profile): Remark[] {
  return risk.flatMap((entry, i) => {
    const asks = entry.approvers !== undefined || entry.role !== undefined
    if (!asks || entry.outcome === 'challenge' || entry.outcome === 'escalate') return []
    const message = `the risk class \`${entry.riskClass}\` is answered \`${entry.outcome}\`: nobody is asked, so approvers and role never count`
    return [{ path: ['risk', i], message }]
  })
}

function idleAutonomy(profile: Profile): Remark[] {
  const { autonomy, risk } = profile
  if (autonomy === undefined) return []
  const found: Remark[] = []
  if (!autonomy.matrix.some(({ level }) => level === autonomy.unstated)) {
    const message = `level ${autonomy.unstated} has no row: grants that state no level are denied everything`
    found.push({ path: ['autonomy', 'unstated'], message })
  }
  const allowed = allowedClasses(risk)
  const reach = reachOf(profile)
  for (const [i, { riskClasses, above }] of autonomy.bands.entries()) {
    const path = ['autonomy', 'bands', i]
    if (riskClasses?.every((name) => !allowed.has(name)) === true) {
      const message = 'the profile denies every risk class that it names: the band never counts'
      found.push({ path: [...path, 'riskClasses'], message })
    }
    const most = above && limitsOf(above)
    const reached = [...reach].some(([asset, max]) => max > (most?.get(asset) ?? -1n))
    if (most !== undefined && !reached) {
      found.push({
        path: [...path, 'above'],
        message: 'no allowed amount is above it: the band never counts',
      })
    }
  }
  return found
}

function allowedClasses(risk: Profile['risk']): ReadonlySet<string> {
  return new Set(risk.filter(({ outcome }) => outcome !== 'deny').map((each) => each.riskClass))
}

type Match = NonNullable<NonNullable<Profile['rates']>[number]['match']>

/** A match that names only what the lists of the profile deny anyway. */
function idleMatches(profile: Profile): Remark[] {
  const found: Remark[] = []
  const check = (match: Match | undefined, path: Path): void => {
    const name = idleListOf(profile, match ?? {})
    if (name === undefined) return
    const message = `the profile allows none of these ${name}: the rule never counts`
    found.push({ path: [...path, name], message })
  }
  for (const [i, { match }] of (profile.rates ?? []).entries()) check(match, ['rates', i, 'match'])
  for (const [i, { first, next }] of (profile.sequences ?? []).entries()) {
    check(first, ['sequences', i, 'first'])
    check(next, ['sequences', i, 'next'])
  }
  const { challengeOnly } = profile
  if (challengeOnly !== undefined) check(challengeOnly, ['challengeOnly'])
  return found
}

function idleListOf({ allowlists, risk }: Profile, match: Match): keyof Match | undefined {
  const lists: Readonly<Record<keyof Match, ReadonlySet<string> | undefined>> = {
    actions: allowlists.actions && new Set(allowlists.actions),
    tools: allowlists.tools && new Set(allowlists.tools),
    payees: allowlists.payees && new Set<string>(allowlists.payees),
    riskClasses: allowedClasses(risk),
  }
  for (const name of ['actions', 'tools', 'payees', 'riskClasses'] as const) {
    const allowed = lists[name]
    if (allowed === undefined) continue
    if (match[name]?.every((each) => !allowed.has(each)) === true) return name
  }
  return undefined
}

function idleConditions({ conditions = [] }: Profile): Remark[] {
  return conditions.flatMap(({ id, when }, i) => {
    const constant = when.trim()
    if (constant !== 'true' && constant !== 'false') return []
    const message = `condition \`${id}\` is always ${constant}: it ${constant === 'true' ? 'concerns every request' : 'never counts'}`
    return [{ path: ['conditions', i, 'when'], message }]
  })
}

function idleWallets({ wallets, allowlists }: Profile): Remark[] {
  if (wallets === undefined) return []
  const found: Remark[] = []
  for (const [i, rail] of wallets.rails.entries()) {
    if (allowlists.rails.includes(rail)) continue
    found.push({
      path: ['wallets', 'rails', i],
      message: `the profile does not allow the rail \`${rail}\``,
    })
  }
  const all = wallets.assignments.findIndex(
    ({ tenants, environments, riskClasses, depthMax }) =>
      !tenants && !environments && !riskClasses && depthMax === undefined,
  )
  for (let i = all + 1; all !== -1 && i < wallets.assignments.length; i += 1) {
    const message = 'the assignment before it serves everything, so this one never counts'
    found.push({ path: ['wallets', 'assignments', i], message })
  }
  return found
}

function idleSettlement(profile: Profile): Remark[] {
  const { settlement } = profile
  const found: Remark[] = []
  if (settlement.mode === 'manual' && settlement.autoReleaseMax !== undefined) {
    const message = 'everything is settled by hand, so nothing is released by itself up to it'
    found.push({ path: ['settlement', 'autoReleaseMax'], message })
  }
  const reach = reachOf(profile)
  for (const [i, { asset, max }] of (settlement.autoReleaseMax ?? []).entries()) {
    if (settlement.mode === 'manual' || BigInt(max) <= (reach.get(asset) ?? 0n)) continue
    const message = `no allowed amount of ${asset} reaches it: it never counts`
    found.push({ path: ['settlement', 'autoReleaseMax', i, 'max'], message })
  }
  return found
}

/** Rails whose money stays in the house until there is a verdict; others hold nothing back. */
const HOLDING_RAILS: ReadonlySet<string> = new Set(['ledger'])

function idleHoldback(profile: Profile): Remark[] {
  const { settlement, allowlists } = profile
  const { holdback, mode, autoReleaseMax } = settlement
  if (holdback === undefined) return []
  const path = ['settlement', 'holdback']
  if (mode === 'manual') {
    const message = 'what a person divides is final: nothing is ever held back'
    return [{ path, message: `everything is settled by hand, and ${message}` }]
  }
  const found: Remark[] = []
  const gone = allowlists.rails.filter((rail) => !HOLDING_RAILS.has(rail))
  if (gone.length === allowlists.rails.length) {
    const rails = gone.map((rail) => `\`${rail}\``).join(', ') || 'none'
    const message = `no allowed rail (${rails}) holds back: what it takes is gone`
    found.push({ path, message })
  }
  const ceilings = autoReleaseMax && limitsOf(autoReleaseMax)
  const reach = [...reachOf(profile)].map(([asset, most]) => {
    const ceiling = ceilings === undefined ? most : (ceilings.get(asset) ?? 0n)
    return ceiling < most ? ceiling : most
  })
  if (reach.every((most) => most * BigInt(holdback.basisPoints) < 10_000n)) {
    const message = 'the share of every amount that is released by itself is less than a minor unit'
    found.push({ path: [...path, 'basisPoints'], message: `${message}: nothing is held back` })
  }
  return found
}
