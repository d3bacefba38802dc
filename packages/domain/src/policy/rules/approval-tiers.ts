/** Above an amount a person is asked: of the tiers below the amount the highest counts. */
import type { Findings, RuleInput } from './rule.ts'

export function checkApprovalTiers(
  { facts, profile, amount }: RuleInput,
  findings: Findings,
): void {
  const tier = profile.tiers.get(facts.intent.asset)?.find(({ above }) => amount > above)
  if (tier === undefined) return
  const { approvers, role } = tier
  const code = tier.raise === 'escalate' ? 'approval_escalated' : 'approval_challenged'
  findings.fail(code, { approvers, role })
}
