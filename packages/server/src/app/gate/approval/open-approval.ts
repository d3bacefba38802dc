/**
 * Opens the approval that a decision or a verdict asks for, in the commit of that very fact.
 *
 * INVARIANT(approval): one decision that asks opens one approval, and no other fact opens any.
 *
 * @module
 */
import { approval, type gate } from '@surety/domain'
import { hashOf, type Id, instantOf, type JsonObject, type Profile } from '@surety/protocol'
import type { Stamp } from '../../../ports.ts'
import { approvalStream } from '../../runtime.ts'
import { fresh, type Writing } from '../../write-set.ts'

/** `settled`: what is held back of it is contested. */
type Asking = Extract<gate.Gate, { status: 'waiting' | 'review' | 'settled' }>

/** A gate that just came to wait for a person, under which profile, and whose money it is. */
export interface Asked {
  readonly state: Asking
  readonly profile: Profile | undefined
  readonly payerId: Id<'prn'> | null
}

/** Adds the approval to what is being written; says which it is. */
export function openApproval(writing: Writing, asked: Asked, stamp: Stamp): Id<'apr'> {
  const approvalId = stamp.mint('apr')
  const opened = openedOf(approvalId, asked, stamp)
  const decided = approval.decide(approval.initial, { type: 'open', opened })
  if (!decided.ok) throw new Error(decided.refusal)
  const next = decided.value.reduce(
    (before, event) => approval.evolve(before, event, stamp.at),
    approval.initial,
  )
  const stream = approvalStream(approvalId)
  const place = { family: 'approval', id: approvalId, stream } as const
  writing.append({ ...place, before: fresh(approval.initial) }, decided.value, next)
  writing
    .unique({
      family: 'approval',
      key: opened.decisionHash,
      owner: approvalId,
      refusal: 'gate_not_declared',
    })
    .deadline(approvalId, null, instantOf(opened.dueAt))
    .notify('approval.opened', approvalNotice(next, stamp))
  return approvalId
}

function openedOf(
  approvalId: Id<'apr'>,
  { state, profile, payerId }: Asked,
  stamp: Stamp,
): approval.Opened {
  const { intent, decision, gateId, tenantId, environment } = state
  const level = levelOf(state)
  // What the payee has already is not asked about.
  const amount = state.status === 'settled' ? state.partition.held : intent.amount
  const requirements = approval.requirementsOf(
    level === 'review' ? [] : decision.obligations,
    level,
  )
  const limit = profile && approval.limitOf(profile, intent.asset)
  const severity = approval.severityOf({
    riskClass: intent.riskClass,
    level,
    amount: BigInt(amount),
    limit: limit === undefined ? undefined : BigInt(limit),
  })
  const openedAt = stamp.atText
  // What is in review has no expiry: no clock says where the money goes.
  const expiresAt = level === 'review' ? null : decision.validUntil
  const isReview = state.status !== 'waiting'
  return {
    approvalId,
    gateId,
    tenantId,
    environment,
    level,
    decisionHash: isReview ? hashOf(state.settlementDecision, stamp.crypto) : state.decisionHash,
    intentHash: state.intentHash,
    grantHash: intent.grantHash,
    payee: intent.payee,
    amount,
    asset: intent.asset,
    reasonCodes: isReview ? [] : [...decision.reasonCodes],
    agentId: intent.agentId,
    payerId,
    requirements,
    severity,
    openedAt,
    dueAt: approval.dueAfter(openedAt, severity, expiresAt),
    expiresAt,
  }
}

function levelOf(state: Asking): approval.Opened['level'] {
  if (state.status !== 'waiting') return 'review'
  return state.decision.decision === 'escalate' ? 'escalation' : 'challenge'
}

/** What is told to the outside of an approval: ids and words, nothing of the request. */
export function approvalNotice(state: approval.Approval, stamp: Stamp): JsonObject {
  if (state.status === 'none') throw new Error('there is no such approval')
  const { approvalId, gateId, status, level, severity } = state
  return { approvalId, gateId, state: status, level, severity, at: stamp.atText }
}
