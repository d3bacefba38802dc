/**
 * What may be true of an approval, and the facts that make it so.
 *
 * @module
 */
import type {
  ApprovalAnswer,
  ApprovalRecord,
  ApprovalRequirement,
  ApprovalSubject,
  Division,
  Environment,
  Hash,
  Id,
  Severity,
} from '@surety/protocol'

/** What is fixed when an approval is opened. */
export interface Opened extends ApprovalSubject {
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly agentId: Id<'prn'>
  readonly payerId: Id<'prn'> | null
  /** Each must be met, by distinct people with distinct keys. */
  readonly requirements: readonly ApprovalRequirement[]
  readonly severity: Severity
  readonly openedAt: string
  /** When an answer is late. */
  readonly dueAt: string
  /** Expiry denies. `null`: what is in review has no end but an answer; the money stays held. */
  readonly expiresAt: string | null
}

/** A question that was put to whoever asked. */
export interface Question {
  readonly actionId: Id<'opa'>
  readonly operatorId: Id<'prn'>
  readonly actionHash: Hash
  readonly text: string
  readonly askedAt: string
  /** What whoever asked for the gate said to it, once. It counts for nothing; people read it. */
  readonly reply?: Reply
}

/** Attacker-controlled: the words of the agent that waits. */
export interface Reply {
  readonly agentId: Id<'prn'>
  readonly text: string
  readonly repliedAt: string
}

interface Known extends Opened {
  /** Bounded by the quorum: rows of the approval itself. */
  readonly answers: readonly ApprovalAnswer[]
  readonly questions: readonly Question[]
  /** How often the clock found no answer in time. */
  readonly escalations: number
  readonly overridden: boolean
  readonly division: Division | null
}
interface Ended extends Known {
  readonly record: ApprovalRecord
  readonly recordHash: Hash
  /** An allowance without a quorum owes a second person's look at it. */
  readonly afterReview: 'none' | 'owed' | 'upheld' | 'contested'
  /** How often the clock found the after-review still owed; absent: never. */
  readonly reminders?: number
}

export type Approval =
  | { readonly status: 'none' }
  | ({ readonly status: 'pending' } & Known)
  | ({ readonly status: 'approved' } & Ended)
  | ({ readonly status: 'denied' } & Ended)
  | ({ readonly status: 'expired' } & Ended)
  | ({ readonly status: 'consumed' } & Ended)
export type ApprovalStatus = Exclude<Approval['status'], 'none'>

interface Recorded {
  readonly record: ApprovalRecord
  readonly recordHash: Hash
  readonly kid: string
}

export type ApprovalEvent =
  | ({ readonly type: 'approvalOpened' } & Opened)
  | {
      readonly type: 'approvalAnswered'
      readonly answer: ApprovalAnswer
      readonly division: Division | null
    }
  | { readonly type: 'approvalQuestioned'; readonly question: Question }
  | {
      readonly type: 'approvalReplied'
      readonly questionId: Id<'opa'>
      readonly reply: Reply
    }
  | {
      readonly type: 'approvalReviewOverdue'
      readonly reminders: number
    }
  | {
      readonly type: 'approvalOverdue'
      readonly severity: Severity
      readonly dueAt: string
    }
  | ({ readonly type: 'approvalApproved' } & Recorded)
  | ({ readonly type: 'approvalDenied' } & Recorded)
  | ({ readonly type: 'approvalExpired' } & Recorded)
  /** By the decision that was made with it, or the receipt of the division it named. */
  | { readonly type: 'approvalConsumed'; readonly by: Hash }
  | {
      readonly type: 'approvalReviewed'
      readonly answer: ApprovalAnswer
      readonly finding: 'upheld' | 'contested'
    }
