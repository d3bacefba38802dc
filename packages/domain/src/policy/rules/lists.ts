/** What the profile lists may be used; what it does not list may not. */
import type { Findings, RuleInput } from './rule.ts'

export function checkLists({ facts, profile }: RuleInput, findings: Findings): void {
  const { intent, rail } = facts
  if (profile.assets.size === 0) findings.fail('default_deny')
  if (!profile.assets.has(intent.asset)) findings.fail('asset_not_allowed')
  if (!profile.rails.has(intent.rail)) findings.fail('rail_not_allowed')
  if (!profile.networks.has(intent.network)) findings.fail('network_not_allowed')
  if (profile.payees?.has(intent.payee) === false) findings.fail('payee_not_allowed')
  const { tools } = profile
  if (tools !== undefined && !(intent.tool !== undefined && tools.has(intent.tool))) {
    findings.fail('tool_not_allowed')
  }
  if (profile.actions?.has(intent.action) === false) findings.fail('action_not_allowed')
  if (rail === null) findings.fail('rail_unknown')
}

/** What is handed over irrevocably needs the profile's word on the payee and the amount. */
export function checkIrrevocable({ facts, profile, amount }: RuleInput, findings: Findings): void {
  if (facts.rail?.irrevocable !== 'on_presentation') return
  const { payee, asset } = facts.intent
  const { irrevocable } = profile
  const may =
    irrevocable?.payees.has(payee) === true && amount <= (irrevocable.max.get(asset) ?? 0n)
  if (!may) findings.fail('irrevocable_not_allowed')
}
