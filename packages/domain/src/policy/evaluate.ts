/**
 * The one evaluator: facts and a profile go in, a decision comes out.
 *
 * Pure and total. Every rule is checked and every failed one reported; the registry's order picks
 * the primary reason. Runtime, simulator, offline verifier and browser run this function.
 * Rules: spec/decision.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import {
  type DecisionFacts,
  type DecisionOutcome,
  type GrantFacts,
  type Obligation,
  REASON_CODES,
  REASON_ORDER,
  type ReasonCode,
  VERIFIER_NAME,
} from '@surety/protocol'
import { isCoherent } from './coherence.ts'
import type { ApprovalTier, CompiledProfile } from './compile.ts'
import { type CounterIndex, type CounterKey, indexOf, periodsAt, usedOf } from './counters.ts'

export interface Evaluation {
  readonly decision: DecisionOutcome
  readonly reasonCode: ReasonCode
  readonly reasonCodes: readonly ReasonCode[]
  readonly obligations: readonly Obligation[]
}

const RANK: ReadonlyMap<ReasonCode, number> = new Map(
  REASON_ORDER.map((code, rank) => [code, rank]),
)
const ESCALATIONS: ReadonlySet<ReasonCode> = new Set(['risk_class_escalated', 'approval_escalated'])

/** What is worked out once and read by many rules. */
interface Reckoning {
  readonly amount: bigint
  readonly day: string
  readonly month: string
  readonly counters: CounterIndex
}

/**
 * Decides. INVARIANT(default-deny): an error in here denies.
 *
 * Cost: linear in the depth of the grant chain and its lists; constant in the size of the profile.
 */
export function evaluate(facts: DecisionFacts, profile: CompiledProfile): Evaluation {
  const failed = new Set<ReasonCode>()
  try {
    const amount = BigInt(facts.intent.amount)
    const counters = indexOf(facts.counters)
    const reckoning = { amount, ...periodsAt(facts.at), counters }
    checkIntegrity(facts, failed)
    checkParties(facts, failed)
    checkChain(facts, reckoning, failed)
    checkProfileLists(facts, profile, failed)
    checkIrrevocable(facts, profile, amount, failed)
    checkProfileLimits(facts, profile, reckoning, failed)
    checkRisk(facts, profile, failed)
    const tier = tierOf(facts, profile, amount)
    if (tier !== undefined) {
      failed.add(tier.raise === 'escalate' ? 'approval_escalated' : 'approval_challenged')
    }
    if (BigInt(facts.funds.available) < amount) failed.add('funds_insufficient')
    return conclude(failed, facts, profile, tier)
  } catch {
    failed.add('evaluator_failed')
    return conclude(failed, facts, profile, undefined)
  }
}

function conclude(
  failed: ReadonlySet<ReasonCode>,
  facts: DecisionFacts,
  profile: CompiledProfile,
  tier: ApprovalTier | undefined,
): Evaluation {
  const codes = [...failed].sort((a, b) => (RANK.get(a) ?? 0) - (RANK.get(b) ?? 0))
  const [primary] = codes
  if (primary === undefined) {
    const obligations = settlementObligations(profile)
    return { decision: 'allow', reasonCode: 'allowed', reasonCodes: ['allowed'], obligations }
  }
  const denied = codes.some((code) => REASON_CODES[code].class !== 'approval')
  if (denied) return { decision: 'deny', reasonCode: primary, reasonCodes: codes, obligations: [] }
  const decision = codes.some((code) => ESCALATIONS.has(code)) ? 'escalate' : 'challenge'
  const obligations = approvalObligations(facts, profile, tier)
  return { decision, reasonCode: primary, reasonCodes: codes, obligations }
}

function settlementObligations(profile: CompiledProfile): readonly Obligation[] {
  const { mode } = profile.profile.settlement
  const evidence: Obligation = { type: 'evidence_required', verifier: VERIFIER_NAME }
  return mode === 'manual' ? [evidence, { type: 'hold_settlement' }] : [evidence]
}

function approvalObligations(
  facts: DecisionFacts,
  profile: CompiledProfile,
  tier: ApprovalTier | undefined,
): readonly Obligation[] {
  const risk = profile.risk.get(facts.intent.riskClass)
  const obligations: Obligation[] = []
  if (risk !== undefined && risk.outcome !== 'allow') {
    const { approvers = 1, role = 'reviewer' } = risk
    obligations.push({ type: 'approvals_required', approvers, role })
  }
  if (tier !== undefined) {
    obligations.push({ type: 'approvals_required', approvers: tier.approvers, role: tier.role })
  }
  return obligations
}

function checkIntegrity(facts: DecisionFacts, failed: Set<ReasonCode>): void {
  const { intent, at, environment, payer, grantChain } = facts
  if (!isCoherent(facts)) failed.add('evaluator_failed')
  // A deadline is inclusive: at the very instant of its expiry an intent still holds.
  if (at > intent.expiresAt) failed.add('intent_expired')
  if (payer !== null && payer.principalId === intent.payee) failed.add('payer_is_payee')
  const foreign = grantChain.some((grant) => grant.environment !== environment)
  if (foreign || intent.environment !== environment) failed.add('environment_mismatch')
}

function checkParties(facts: DecisionFacts, failed: Set<ReasonCode>): void {
  const { agent, payer, payee } = facts
  if (agent.lifecycle !== 'active') failed.add('agent_not_active')
  if (payer !== null && payer.lifecycle !== 'active') failed.add('payer_not_active')
  if (payee === null) failed.add('payee_unknown')
  else if (payee.lifecycle !== 'active') failed.add('payee_not_active')
}

function checkChain(facts: DecisionFacts, reckoning: Reckoning, failed: Set<ReasonCode>): void {
  const { grantChain, intent, at } = facts
  const leaf = grantChain.at(-1)
  if (leaf === undefined) {
    failed.add('grant_missing')
    return
  }
  if (leaf.granteeId !== intent.agentId) failed.add('grant_not_held')
  for (const grant of grantChain) {
    if (grant.revoked) failed.add('grant_revoked')
    if (grant.grantorLifecycle !== 'active') failed.add('grant_grantor_not_active')
    if (at < grant.notBefore) failed.add('grant_not_yet_valid')
    if (at > grant.expiresAt) failed.add('grant_expired')
    checkGrantLists(grant, facts, failed)
    checkGrantLimits(grant, facts.intent.asset, reckoning, failed)
  }
}

function checkGrantLists(grant: GrantFacts, facts: DecisionFacts, failed: Set<ReasonCode>): void {
  const { intent } = facts
  const { actions, tools, payees, rails, networks, assets, riskClasses } = grant.bounds
  if (excludes(actions, intent.action)) failed.add('grant_action_not_allowed')
  if (excludes(tools, intent.tool)) failed.add('grant_tool_not_allowed')
  if (excludes(payees, intent.payee)) failed.add('grant_payee_not_allowed')
  if (excludes(rails, intent.rail)) failed.add('grant_rail_not_allowed')
  if (excludes(networks, intent.network)) failed.add('grant_network_not_allowed')
  if (excludes(assets, intent.asset)) failed.add('grant_asset_not_allowed')
  if (excludes(riskClasses, intent.riskClass)) failed.add('grant_risk_class_not_allowed')
}

/** A list that is present excludes what it does not name, and what has no name. */
function excludes(list: readonly string[] | undefined, name: string | undefined): boolean {
  return list !== undefined && (name === undefined || !list.includes(name))
}

function checkGrantLimits(
  grant: GrantFacts,
  asset: string,
  { amount, day, counters }: Reckoning,
  failed: Set<ReasonCode>,
): void {
  const { perCall, perDay, total, count } = grant.bounds
  const subject = `grant:${grant.grantHash}`
  if (perCall !== undefined && amount > allowed(perCall, asset)) {
    failed.add('grant_per_call_exceeded')
  }
  if (perDay !== undefined) {
    const used = usedOf(counters, { subject, asset, period: 'day', start: day })
    claim({ used, share: amount, ceiling: allowed(perDay, asset) }, 'grant_day_exceeded', failed)
  }
  if (total !== undefined) {
    const used = usedOf(counters, { subject, asset, period: 'total', start: null })
    claim({ used, share: amount, ceiling: allowed(total, asset) }, 'grant_total_exceeded', failed)
  }
  if (count !== undefined) {
    const used = usedOf(counters, { subject, asset: '*', period: 'count', start: null })
    claim({ used, share: 1n, ceiling: BigInt(count) }, 'grant_count_exceeded', failed)
  }
}

/** INVARIANT(budget): what is used and what is asked for fit under the ceiling together. */
function claim(
  budget: { readonly used: bigint | undefined; readonly share: bigint; readonly ceiling: bigint },
  exceeded: ReasonCode,
  failed: Set<ReasonCode>,
): void {
  if (budget.used === undefined) failed.add('evaluator_failed')
  else if (budget.used + budget.share > budget.ceiling) failed.add(exceeded)
}

/** Of two limits on one asset the lower counts; an asset without one may not be spent. */
function allowed(limits: readonly { asset: string; max: string }[], asset: string): bigint {
  let least: bigint | undefined
  for (const limit of limits) {
    if (limit.asset !== asset) continue
    const max = BigInt(limit.max)
    if (least === undefined || max < least) least = max
  }
  return least ?? 0n
}

function checkProfileLists(
  facts: DecisionFacts,
  profile: CompiledProfile,
  failed: Set<ReasonCode>,
): void {
  const { intent, rail } = facts
  if (profile.assets.size === 0) failed.add('default_deny')
  if (!profile.assets.has(intent.asset)) failed.add('asset_not_allowed')
  if (!profile.rails.has(intent.rail)) failed.add('rail_not_allowed')
  if (!profile.networks.has(intent.network)) failed.add('network_not_allowed')
  if (profile.payees?.has(intent.payee) === false) failed.add('payee_not_allowed')
  if (
    profile.tools !== undefined &&
    !(intent.tool !== undefined && profile.tools.has(intent.tool))
  ) {
    failed.add('tool_not_allowed')
  }
  if (profile.actions?.has(intent.action) === false) failed.add('action_not_allowed')
  if (rail === null) failed.add('rail_unknown')
}

/** What is handed over irrevocably needs the profile's word on the payee and the amount. */
function checkIrrevocable(
  facts: DecisionFacts,
  profile: CompiledProfile,
  amount: bigint,
  failed: Set<ReasonCode>,
): void {
  if (facts.rail?.irrevocable !== 'on_presentation') return
  const { payee, asset } = facts.intent
  const { irrevocable } = profile
  const may =
    irrevocable?.payees.has(payee) === true && amount <= (irrevocable.max.get(asset) ?? 0n)
  if (!may) failed.add('irrevocable_not_allowed')
}

function checkProfileLimits(
  facts: DecisionFacts,
  profile: CompiledProfile,
  { amount, day, month, counters }: Reckoning,
  failed: Set<ReasonCode>,
): void {
  const { asset } = facts.intent
  const ceiling = (limits: ReadonlyMap<string, bigint>): bigint => limits.get(asset) ?? 0n
  if (amount > ceiling(profile.perRequest)) failed.add('per_request_exceeded')
  const { perDay, perMonth, total, tenantPerDay, tenantPerMonth, tenantTotal } = profile
  const check = (
    limits: ReadonlyMap<string, bigint> | undefined,
    key: Pick<CounterKey, 'subject' | 'period' | 'start'>,
    exceeded: ReasonCode,
  ): void => {
    if (limits === undefined) return
    const used = usedOf(counters, { ...key, asset })
    claim({ used, share: amount, ceiling: ceiling(limits) }, exceeded, failed)
  }
  if (facts.payer !== null) {
    const subject = `principal:${facts.payer.principalId}`
    check(perDay, { subject, period: 'day', start: day }, 'day_exceeded')
    check(perMonth, { subject, period: 'month', start: month }, 'month_exceeded')
    check(total, { subject, period: 'total', start: null }, 'total_exceeded')
  }
  const subject = 'tenant'
  check(tenantPerDay, { subject, period: 'day', start: day }, 'tenant_day_exceeded')
  check(tenantPerMonth, { subject, period: 'month', start: month }, 'tenant_month_exceeded')
  check(tenantTotal, { subject, period: 'total', start: null }, 'tenant_total_exceeded')
}

function checkRisk(facts: DecisionFacts, profile: CompiledProfile, failed: Set<ReasonCode>): void {
  switch (profile.risk.get(facts.intent.riskClass)?.outcome ?? 'deny') {
    case 'deny':
      failed.add('risk_class_denied')
      break
    case 'escalate':
      failed.add('risk_class_escalated')
      break
    case 'challenge':
      failed.add('risk_class_challenged')
      break
    case 'allow':
  }
}

/** The highest tier that the amount is above. */
function tierOf(
  facts: DecisionFacts,
  profile: CompiledProfile,
  amount: bigint,
): ApprovalTier | undefined {
  return profile.tiers.get(facts.intent.asset)?.find((tier) => amount > tier.above)
}
