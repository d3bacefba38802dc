/** What is known of the conversation that the request comes from. */
import type { DecisionOutcome } from '@surety/protocol'
import type { Findings, RuleInput } from '../rule.ts'
import { failWith } from './consequence.ts'

export function checkSession({ facts, profile, amount }: RuleInput, findings: Findings): void {
  const rules = profile.profile.session
  if (rules === undefined) return
  const { session, intent } = facts
  const { approvers = 1, role = 'reviewer' } = rules
  const ceiling = profile.sessionCeiling
  const grave = ceiling !== undefined && amount > (ceiling.get(intent.asset) ?? 0n)
  const raise = (outcome: DecisionOutcome, id: string): void => {
    if (outcome === 'allow') return
    const raised = outcome === 'challenge' && grave ? 'escalate' : outcome
    failWith('session', { id, outcome: raised, approvers, role }, findings)
  }
  if (session === null) {
    raise(rules.unknown, 'unknown')
    return
  }
  if (session.tainted) raise(rules.tainted, 'tainted')
  for (const signal of session.signals) {
    raise(signal === 'bad_actor' ? rules.badActor : rules.promptContagion, signal)
  }
}
