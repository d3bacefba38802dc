/** Facts that agree with one another, an intent in its time and place, two parties. */
import { isCoherent } from '../coherence.ts'
import type { Findings, RuleInput } from './rule.ts'

export function checkIntegrity({ facts }: RuleInput, findings: Findings): void {
  const { intent, at, environment, payer, grantChain } = facts
  if (!isCoherent(facts)) findings.fail('evaluator_failed')
  // A deadline is inclusive: at the very instant of its expiry an intent still holds.
  if (at > intent.expiresAt) findings.fail('intent_expired')
  if (payer !== null && payer.principalId === intent.payee) findings.fail('payer_is_payee')
  const foreign = grantChain.some((grant) => grant.environment !== environment)
  if (foreign || intent.environment !== environment) findings.fail('environment_mismatch')
}
