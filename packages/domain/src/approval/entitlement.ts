/**
 * Whether somebody may answer at all: a person, not who asked, not who is paid, in a role held.
 *
 * @module
 */
import type { ApprovalAct, Id, PrincipalKind, ProblemCode } from '@surety/protocol'
import { meets } from './quorum.ts'
import type { Approval } from './state.ts'

/** Who answers, as registered at this moment. */
export interface Answerer {
  readonly principalId: Id<'prn'>
  readonly kind: PrincipalKind
  /** Every key it ever had, for whatever purpose. */
  readonly kids: readonly string[]
  /** Whether it holds the role that the act names, now. */
  readonly holdsRole: boolean
}

/** The keys of those who must not answer. */
export interface PartyKids {
  readonly agent: readonly string[]
  readonly payee: readonly string[]
  readonly payer: readonly string[]
  /** Everybody who handed on the authority that the agent acts under, and their keys. */
  readonly grantors: { readonly ids: readonly Id<'prn'>[]; readonly kids: readonly string[] }
}

export type EntitlementRefusal = Extract<
  ProblemCode,
  | 'approver_is_requester'
  | 'approver_is_party'
  | 'approver_not_person'
  | 'role_not_held'
  | 'approver_role_insufficient'
>

type Known = Exclude<Approval, { status: 'none' }>

/**
 * INVARIANT(approval): an answer comes from a person who is not the requester, shares nothing with
 * it, gains nothing by it, and holds the role the answer names.
 */
export function refusalOf(
  approval: Known,
  act: ApprovalAct,
  answerer: Answerer,
  parties: PartyKids,
): EntitlementRefusal | undefined {
  const { principalId, kind, kids } = answerer
  const shares = (others: readonly string[]) => kids.some((kid) => others.includes(kid))
  if (principalId === approval.agentId || shares(parties.agent)) return 'approver_is_requester'
  if (principalId === approval.payee || shares(parties.payee)) return 'approver_is_party'
  const asPayer = act.role === 'payer'
  const isPayer = principalId === approval.payerId
  if (asPayer && approval.level === 'review') return 'approver_is_party'
  // INVARIANT(approval): a third person is none of those whose authority is being used.
  const isGrantor = parties.grantors.ids.includes(principalId) || shares(parties.grantors.kids)
  const isConcerned = isPayer || shares(parties.payer) || isGrantor
  if (!asPayer && approval.level !== 'challenge' && isConcerned) return 'approver_is_party'
  if (kind !== 'person' && !(asPayer && kind === 'organisation')) return 'approver_not_person'
  if (asPayer ? !isPayer : !answerer.holdsRole) return 'role_not_held'
  const isAsked = approval.requirements.some(({ role }) => meets(act.role, role))
  const mayOverride = OVERRIDERS[act.action]?.includes(act.role) === true
  return isAsked || mayOverride ? undefined : 'approver_role_insufficient'
}

/** Who may set a quorum aside: one person allows, any who administers denies. */
const OVERRIDERS: Readonly<Record<string, readonly string[]>> = {
  override_allow: ['incident_commander'],
  override_deny: ['ops_admin', 'incident_commander'],
  review_override: ['reviewer', 'ops_admin', 'incident_commander'],
}

/** Whether the role may set the quorum aside with this act. */
export function mayOverride(act: Pick<ApprovalAct, 'action' | 'role'>): boolean {
  return OVERRIDERS[act.action]?.includes(act.role) === true
}
