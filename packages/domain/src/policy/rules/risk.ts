/** What the profile says of the risk class; a class it does not list is denied. */
import type { Findings, RuleInput } from './rule.ts'

export function checkRisk({ facts, profile }: RuleInput, findings: Findings): void {
  const entry = profile.risk.get(facts.intent.riskClass)
  const ask = { approvers: entry?.approvers ?? 1, role: entry?.role ?? 'reviewer' }
  switch (entry?.outcome ?? 'deny') {
    case 'deny':
      findings.fail('risk_class_denied', ask)
      break
    case 'escalate':
      findings.fail('risk_class_escalated', ask)
      break
    case 'challenge':
      findings.fail('risk_class_challenged', ask)
      break
    case 'allow':
  }
}
