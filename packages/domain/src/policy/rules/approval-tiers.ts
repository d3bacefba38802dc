/** Above an amount a person is asked: of the tiers below the amount the highest counts. */
import type { ApprovalTier } from '../profile/compile.ts'
import type { Findings, RuleInput } from './rule.ts'

export function checkApprovalTiers(
  { facts, profile, amount }: RuleInput,
  findings: Findings,
): void {
  const tier = tierOf(profile.tiers.get(facts.intent.asset) ?? [], amount)
  if (tier === undefined) return
  const { approvers, role } = tier
  const code = tier.raise === 'escalate' ? 'approval_escalated' : 'approval_challenged'
  findings.fail(code, { approvers, role })
}

/** The highest stands first: where the amount is above one, it is above all that follow. */
function tierOf(tiers: readonly ApprovalTier[], amount: bigint): ApprovalTier | undefined {
  let from = 0
  let to = tiers.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (amount > (tiers[middle] as ApprovalTier).above) to = middle
    else from = middle + 1
  }
  return tiers[from]
}
