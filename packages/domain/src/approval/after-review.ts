/**
 * The second look that is owed at an allowance without its quorum, and the clock that reminds.
 *
 * @module
 */
import {
  addMs,
  err,
  formatInstant,
  type Instant,
  instantOf,
  ok,
  type Result,
} from '@surety/protocol'
import type { Approval, ApprovalEvent } from './state.ts'

/** How long it may wait, and then again until the next reminder. */
export const REVIEW_WITHIN_MS = 86_400_000
/** How often the clock reminds of it; it stays owed. */
export const REMINDERS_MAX = 7

/** When the clock looks at it next; `null`: none is owed, or the clock has said all it will. */
export function owedUntil(approval: Approval): string | null {
  if (!('afterReview' in approval) || approval.afterReview !== 'owed') return null
  const reminders = approval.reminders ?? 0
  if (reminders >= REMINDERS_MAX) return null
  const since = instantOf(approval.record.endedAt)
  return formatInstant(addMs(since, REVIEW_WITHIN_MS * (reminders + 1)))
}

export function remind(
  approval: Approval,
  dueAt: string,
  at: Instant,
): Result<readonly ApprovalEvent[], 'approval_pending'> {
  if (at <= instantOf(dueAt)) return err('approval_pending')
  const before = 'reminders' in approval ? (approval.reminders ?? 0) : 0
  return ok([{ type: 'approvalReviewOverdue', reminders: before + 1 }])
}
