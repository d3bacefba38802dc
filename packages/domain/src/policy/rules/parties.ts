/** Everybody who takes part is known and active. */
import type { Findings, RuleInput } from './rule.ts'

export function checkParties({ facts }: RuleInput, findings: Findings): void {
  const { agent, payer, payee } = facts
  if (agent.lifecycle !== 'active') findings.fail('agent_not_active')
  if (payer !== null && payer.lifecycle !== 'active') findings.fail('payer_not_active')
  if (payee === null) findings.fail('payee_unknown')
  else if (payee.lifecycle !== 'active') findings.fail('payee_not_active')
}
