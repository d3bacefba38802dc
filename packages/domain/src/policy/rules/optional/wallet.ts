/** The wallet that pays is the one the profile assigns, within what it leaves of it. */
import { assignWallet } from '../../profile/wallets.ts'
import type { Findings, RuleInput } from '../rule.ts'

export function checkWallet({ facts, profile, amount }: RuleInput, findings: Findings): void {
  const { wallet, intent } = facts
  if (profile.profile.wallets?.rails.includes(intent.rail) !== true) return
  const assigned = assignWallet(profile.profile, {
    tenantId: facts.tenantId,
    environment: facts.environment,
    riskClass: intent.riskClass,
    depth: Math.max(0, facts.grantChain.length - 1),
  })
  if (assigned === undefined || wallet?.walletId !== assigned.walletId) {
    findings.fail('wallet_not_assigned')
  } else if (assigned.caps !== undefined && amount > (assigned.caps.get(intent.asset) ?? 0n)) {
    findings.fail('wallet_cap_exceeded')
  }
}
