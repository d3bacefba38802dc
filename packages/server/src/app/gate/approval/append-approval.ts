/**
 * Facts of an approval appended to its stream, with what its clock and its notices need.
 *
 * @module
 */
import { approval } from '@surety/domain'
import { hashOfRecord, type Instant, instantOf } from '@surety/protocol'
import type { Stamp, Stored } from '../../../ports.ts'
import { approvalStream } from '../../runtime.ts'
import type { Writing } from '../../write-set.ts'
import { approvalNotice } from './open-approval.ts'

const TOPICS: Readonly<Partial<Record<approval.ApprovalEvent['type'], string>>> = {
  approvalQuestioned: 'approval.information_requested',
  approvalReplied: 'approval.information_given',
  approvalOverdue: 'approval.overdue',
  approvalReviewOverdue: 'approval.review_overdue',
  approvalApproved: 'approval.approved',
  approvalDenied: 'approval.denied',
  approvalExpired: 'approval.expired',
  approvalReviewed: 'approval.reviewed',
}

/** Appends, moves the deadline, and tells the outside. Answers with what is true then. */
export function appendApproval(
  writing: Writing,
  before: Stored<approval.Approval>,
  events: readonly approval.ApprovalEvent[],
  stamp: Stamp,
): Exclude<approval.Approval, { status: 'none' }> {
  const next = events.reduce(
    (state, event) => approval.evolve(state, event, stamp.at),
    before.state,
  )
  if (next.status === 'none') throw new Error('facts of an approval make one')
  const { approvalId } = next
  const stream = approvalStream(approvalId)
  writing.append({ family: 'approval', id: approvalId, stream, before }, events, next)
  writing.deadline(approvalId, approvalDeadline(before.state), approvalDeadline(next))
  for (const { type } of events) {
    const topic = TOPICS[type]
    if (topic !== undefined) writing.notify(topic, approvalNotice(next, stamp))
  }
  return next
}

/** When the clock must look at an approval: an answer, or a second look, is due. */
function approvalDeadline(state: approval.Approval): Instant | null {
  const owed = approval.owedUntil(state)
  if (owed !== null) return instantOf(owed)
  // Its expiry is its gate's.
  const isWatched = state.status === 'pending' && state.escalations < approval.ESCALATIONS_MAX
  return isWatched ? instantOf(state.dueAt) : null
}

/** How an end of an approval is stated and signed from now on. */
export function sealAt(stamp: Stamp): approval.Seal {
  return { kid: stamp.kids.decision, hash: (record) => hashOfRecord(record, stamp.crypto) }
}
