/** Authority: every grant of the chain stands, and allows this request within what is left. */
import type { GrantFacts } from '@surety/protocol'
import { usedOf } from '../counters.ts'
import { claim } from './budget.ts'
import type { Findings, RuleInput } from './rule.ts'

export function checkGrantChain(input: RuleInput, findings: Findings): void {
  const { grantChain, intent, at } = input.facts
  const leaf = grantChain.at(-1)
  if (leaf === undefined) {
    findings.fail('grant_missing')
    return
  }
  if (leaf.granteeId !== intent.agentId) findings.fail('grant_not_held')
  for (const grant of grantChain) {
    checkStanding(grant, at, findings)
    checkLists(grant, input, findings)
    checkLimits(grant, input, findings)
  }
}

/** Whether a grant stands at all, whatever is asked under it. */
export function checkStanding(grant: GrantFacts, at: string, findings: Findings): void {
  if (grant.revoked) findings.fail('grant_revoked')
  if (grant.grantorLifecycle !== 'active') findings.fail('grant_grantor_not_active')
  if (at < grant.notBefore) findings.fail('grant_not_yet_valid')
  if (at > grant.expiresAt) findings.fail('grant_expired')
}

function checkLists(grant: GrantFacts, { facts }: RuleInput, findings: Findings): void {
  const { intent } = facts
  const { actions, tools, payees, rails, networks, assets, riskClasses } = grant.bounds
  if (excludes(actions, intent.action)) findings.fail('grant_action_not_allowed')
  if (excludes(tools, intent.tool)) findings.fail('grant_tool_not_allowed')
  if (excludes(payees, intent.payee)) findings.fail('grant_payee_not_allowed')
  if (excludes(rails, intent.rail)) findings.fail('grant_rail_not_allowed')
  if (excludes(networks, intent.network)) findings.fail('grant_network_not_allowed')
  if (excludes(assets, intent.asset)) findings.fail('grant_asset_not_allowed')
  if (excludes(riskClasses, intent.riskClass)) findings.fail('grant_risk_class_not_allowed')
}

/** A list that is present excludes what it does not name, and what has no name. */
function excludes(list: readonly string[] | undefined, name: string | undefined): boolean {
  return list !== undefined && (name === undefined || !list.includes(name))
}

function checkLimits(
  grant: GrantFacts,
  { facts, amount, day, counters }: RuleInput,
  findings: Findings,
): void {
  const { asset } = facts.intent
  const { perCall, perDay, total, count } = grant.bounds
  const subject = `grant:${grant.grantHash}`
  if (perCall !== undefined && amount > allowed(perCall, asset)) {
    findings.fail('grant_per_call_exceeded')
  }
  if (perDay !== undefined) {
    const used = usedOf(counters, { subject, asset, period: 'day', start: day })
    const budget = { used, share: amount, ceiling: allowed(perDay, asset) }
    claim(budget, 'grant_day_exceeded', findings)
  }
  if (total !== undefined) {
    const used = usedOf(counters, { subject, asset, period: 'total', start: null })
    const budget = { used, share: amount, ceiling: allowed(total, asset) }
    claim(budget, 'grant_total_exceeded', findings)
  }
  if (count !== undefined) {
    const used = usedOf(counters, { subject, asset: '*', period: 'count', start: null })
    claim({ used, share: 1n, ceiling: BigInt(count) }, 'grant_count_exceeded', findings)
  }
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
