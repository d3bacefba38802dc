/**
 * Who may answer an approval, and when enough people have.
 *
 * No role includes another; this table says which roles meet what is asked for.
 * Rules: spec/approval.md.
 *
 * @module
 */

import type { Obligation } from '../../objects/decision.ts'
import type {
  ApprovalAnswer,
  ApprovalLevel,
  ApprovalRequirement,
  ApproverRole,
} from '../../objects/people/approval.ts'

/** The roles that meet a requirement. A role that is not listed here is met by nobody. */
const MEETS: ReadonlyMap<string, readonly ApproverRole[]> = new Map([
  ['payer', ['payer']],
  ['reviewer', ['reviewer', 'ops_admin', 'incident_commander']],
  ['oncall', ['oncall', 'ops_admin', 'incident_commander']],
  ['ops_admin', ['ops_admin', 'incident_commander']],
  ['incident_commander', ['incident_commander']],
])

/** Whether there is anybody who could meet a requirement of this role. */
export function isAnswerable(role: string): boolean {
  return MEETS.has(role)
}

export function meets(role: ApproverRole, required: string): boolean {
  return MEETS.get(required)?.includes(role) === true
}

/**
 * What has to be met before anything is lifted: for each role the most that is asked for.
 *
 * INVARIANT(approval): an escalation needs a third person; who pays never cures one alone.
 */
export function requirementsOf(
  obligations: readonly Obligation[],
  level: ApprovalLevel,
): readonly ApprovalRequirement[] {
  const most = new Map<string, number>()
  for (const { type, role = 'reviewer', approvers = 1 } of obligations) {
    if (type === 'approvals_required') most.set(role, Math.max(most.get(role) ?? 0, approvers))
  }
  const requirements = [...most].map(([role, approvers]) => ({ role, approvers }))
  const needsThird = level !== 'challenge' && requirements.every(({ role }) => role === 'payer')
  const third = { role: 'reviewer', approvers: 1 }
  return needsThird || requirements.length === 0 ? [...requirements, third] : requirements
}

/** What is still asked for, after some answers. */
export function missingOf(
  requirements: readonly ApprovalRequirement[],
  answers: readonly Pick<ApprovalAnswer, 'role'>[],
  isOverridden: boolean,
): readonly ApprovalRequirement[] {
  return requirements.flatMap(({ role, approvers }) => {
    // INVARIANT(approval): nobody says yes for the person whose money it is.
    if (isOverridden && role !== 'payer') return []
    const given = answers.filter((answer) => meets(answer.role, role)).length
    return given >= approvers ? [] : [{ role, approvers: approvers - given }]
  })
}
