/**
 * What a person's answer does to the rules that failed.
 *
 * INVARIANT(approval): it lifts the codes it names, if a person may lift them, on the decision it
 * answers and for the very payment it shows; all that failed, or nothing.
 * Rules: spec/approval.md.
 *
 * @module
 */
import {
  type ApprovalLevel,
  type ApprovalRecord,
  type DecisionFacts,
  type DecisionOutcome,
  isLiftable,
  missingOf,
  type Obligation,
  requirementsOf,
} from '@surety/protocol'
import type { Ask, Finding } from './rules/rule.ts'

/** A failure that counts under the profile, and what it causes. */
interface Counted extends Finding {
  readonly outcome: DecisionOutcome
}

/** The failures that count, after what a person answered. */
export function afterApprovals(
  counted: readonly Counted[],
  facts: DecisionFacts,
): readonly Counted[] {
  const [record] = facts.approvals
  if (record === undefined) return counted
  // An answer to something else is nobody's doing: the facts are wrong, and nothing is allowed.
  if (!isOwn(record, facts)) return [...counted, failure('evaluator_failed')]
  if (record.outcome === 'denied') return [...counted, failure('approval_denied')]
  const isUsable = record.outcome === 'approved' && isInTime(record, facts.at)
  const lifts = ({ code, outcome }: Counted) =>
    mayCure(record.level, outcome) && isLiftable(code) && record.reasonCodes.includes(code)
  // What remains is a new question, and names everything again: the answer to it lifts all.
  return isUsable && counted.every(lifts) && suffices(record, counted) ? [] : counted
}

/**
 * INVARIANT(approval): those who answered are as many, and in the roles, as the profile that rules
 * by now asks for: who answered under another profile answered its question.
 */
function suffices(record: ApprovalRecord, counted: readonly Counted[]): boolean {
  const escalates = counted.some(({ outcome }) => outcome === 'escalate')
  const level: ApprovalLevel = escalates ? 'escalation' : 'challenge'
  const requirements = requirementsOf(approvalObligations(counted), level)
  return missingOf(requirements, record.answers, record.overridden).length === 0
}

/** Who is asked about a failure that a mode softens, where its rule does not say. */
const SOMEBODY: Ask = { approvers: 1, role: 'reviewer' }

/** One for each code and role that is to be asked: of several rules the one that asks most. */
export function approvalObligations(findings: readonly Finding[]): readonly Obligation[] {
  const asked = new Map<string, Ask>()
  for (const { code, ask = SOMEBODY } of findings) {
    const place = `${code} ${ask.role}`
    const known = asked.get(place)
    if (known === undefined || known.approvers < ask.approvers) asked.set(place, ask)
  }
  return [...asked.values()].map(({ approvers, role }) => ({
    type: 'approvals_required',
    approvers,
    role,
  }))
}

/** What the profile denies by now is asked of nobody; what it escalates, of a third person. */
function mayCure(level: ApprovalRecord['level'], outcome: DecisionOutcome): boolean {
  return outcome === 'challenge' || (outcome === 'escalate' && level === 'escalation')
}

function failure(code: 'evaluator_failed' | 'approval_denied'): Counted {
  return { code, ask: undefined, rule: undefined, outcome: 'deny' }
}

/** INVARIANT(binding): the same gate, payment and authority as were shown to whoever answered. */
function isOwn(record: ApprovalRecord, { intent, gateId, payer }: DecisionFacts): boolean {
  return (
    record.level !== 'review' &&
    record.gateId === gateId &&
    record.agentId === intent.agentId &&
    record.payerId === (payer?.principalId ?? null) &&
    record.payee === intent.payee &&
    record.amount === intent.amount &&
    record.asset === intent.asset &&
    record.grantHash === intent.grantHash &&
    record.tenantId === intent.tenantId &&
    record.environment === intent.environment
  )
}

function isInTime({ endedAt, expiresAt }: ApprovalRecord, at: string): boolean {
  return endedAt <= at && (expiresAt === null || at <= expiresAt)
}
