/** What the failure of a rule leads to, as the profile says: a denial, or somebody is asked. */
import type { DecisionOutcome, ReasonCode } from '@surety/protocol'
import type { Findings } from '../rule.ts'

const CODES = {
  autonomy: {
    deny: 'autonomy_denied',
    escalate: 'autonomy_escalated',
    challenge: 'autonomy_challenged',
  },
  session: {
    deny: 'session_denied',
    escalate: 'session_escalated',
    challenge: 'session_challenged',
  },
  condition: {
    deny: 'condition_denied',
    escalate: 'condition_escalated',
    challenge: 'condition_challenged',
  },
  rate: { deny: 'rate_exceeded', escalate: 'rate_escalated', challenge: 'rate_challenged' },
  sequence: {
    deny: 'sequence_denied',
    escalate: 'sequence_escalated',
    challenge: 'sequence_challenged',
  },
} as const satisfies Record<string, Record<Exclude<DecisionOutcome, 'allow'>, ReasonCode>>

export interface Consequence {
  readonly id?: string
  readonly outcome: Exclude<DecisionOutcome, 'allow'>
  readonly approvers?: number
  readonly role?: string
}

export function failWith(kind: keyof typeof CODES, rule: Consequence, findings: Findings): void {
  const { id, outcome, approvers = 1, role = 'reviewer' } = rule
  findings.fail(CODES[kind][outcome], { approvers, role }, id)
}
