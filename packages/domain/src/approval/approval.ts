/**
 * An approval: what a person is asked about one decision, and what was answered.
 *
 * pending → approved, denied, expired, consumed · approved → consumed, denied, expired.
 * Rules: spec/approval.md, docs/concepts/approvals.md. Vectors: spec/vectors/approval/.
 *
 * @module
 */
import {
  type ApprovalAct,
  type ApprovalAnswer,
  type ApprovalRecord,
  ApprovalSubject,
  canonicalize,
  type Division,
  err,
  formatInstant,
  type Hash,
  type Id,
  type Instant,
  instantOf,
  ok,
  type ProblemCode,
  type Result,
  unreachable,
} from '@surety/protocol'
import { owedUntil, remind } from './after-review.ts'
import { type Answerer, mayOverride, type PartyKids, refusalOf } from './entitlement.ts'
import { question, reply } from './questions.ts'
import { meets, missingOf } from './quorum.ts'
import type { Approval, ApprovalEvent, Opened } from './state.ts'
import { dueAfter, ESCALATIONS_MAX, raised } from './urgency.ts'

/** What turns the end of an approval into a statement that Surety signs. */
export interface Seal {
  readonly kid: string
  readonly hash: (record: ApprovalRecord) => Hash
}

export type ApprovalCommand =
  | { readonly type: 'open'; readonly opened: Opened }
  | {
      readonly type: 'answer'
      readonly act: ApprovalAct
      readonly actionHash: Hash
      readonly kid: string
      readonly answerer: Answerer
      readonly parties: PartyKids
      /** Who answered before, and by now has lost the role or the key for it. */
      readonly lapsed: readonly Id<'prn'>[]
      readonly at: Instant
      readonly seal: Seal
    }
  /** By the agent that waits, to one question. */
  | {
      readonly type: 'reply'
      readonly questionId: Id<'opa'>
      readonly text: string
      readonly at: Instant
    }
  | { readonly type: 'escalate'; readonly at: Instant }
  | { readonly type: 'expire'; readonly at: Instant; readonly seal: Seal }
  | { readonly type: 'consume'; readonly by: Hash; readonly at: Instant }

/** In the order they are checked. */
export type ApprovalRefusal = Extract<
  ProblemCode,
  | 'approval_not_found'
  | 'approval_not_pending'
  | 'approval_expired'
  | 'approval_mismatch'
  | 'approval_level_mismatch'
  | 'approval_answer_unfit'
  | `approver_${string}`
  | 'role_not_held'
  | 'approval_override_forbidden'
  | 'approval_division_invalid'
  | 'approval_pending'
  | 'approval_review_not_owed'
>

type Events = Result<readonly ApprovalEvent[], ApprovalRefusal>
type Known = Exclude<Approval, { status: 'none' }>
type Answering = Extract<ApprovalCommand, { type: 'answer' }>

export const initial: Approval = { status: 'none' }

export function decide(approval: Approval, command: ApprovalCommand): Events {
  if (command.type === 'open') {
    if (approval.status !== 'none') throw new Error('an approval is opened once')
    return ok([{ type: 'approvalOpened', ...command.opened }])
  }
  if (approval.status === 'none') return err('approval_not_found')
  switch (command.type) {
    case 'answer':
      return answer(approval, command)
    case 'reply':
      if (approval.status !== 'pending') return err('approval_not_pending')
      if (isPast(approval, command.at)) return err('approval_expired')
      return reply(approval, command, command.at)
    case 'escalate':
      return escalate(approval, command.at)
    case 'expire': {
      if (approval.status !== 'pending' && approval.status !== 'approved') {
        return err('approval_not_pending')
      }
      if (!isPast(approval, command.at)) return err('approval_pending')
      return ok([ended('expired', approval, command.at, command.seal)])
    }
    case 'consume':
      // INVARIANT(approval): once, and before it expires.
      if (approval.status === 'pending') return err('approval_pending')
      if (approval.status !== 'approved') return err('approval_not_pending')
      if (isPast(approval, command.at)) return err('approval_expired')
      return ok([{ type: 'approvalConsumed', by: command.by }])
    default:
      return unreachable(command)
  }
}

/** What the clock finds late: an answer, or a second look. It asks louder, and never answers. */
function escalate(approval: Known, at: Instant): Events {
  const owed = owedUntil(approval)
  if (owed !== null) return remind(approval, owed, at)
  if (approval.status !== 'pending') return err('approval_not_pending')
  const isLate = at > instantOf(approval.dueAt)
  if (!isLate || approval.escalations >= ESCALATIONS_MAX) return err('approval_pending')
  const severity = raised(approval.severity)
  const dueAt = dueAfter(formatInstant(at), severity, approval.expiresAt)
  return ok([{ type: 'approvalOverdue', severity, dueAt }])
}

/** A deadline is inclusive: at the very instant of its expiry an approval may still be answered. */
function isPast({ expiresAt }: Known, at: Instant): boolean {
  return expiresAt !== null && at > instantOf(expiresAt)
}

const DENYING: readonly string[] = ['deny', 'override_deny']
const FITS: Readonly<Record<Opened['level'], readonly string[]>> = {
  challenge: ['approve', 'deny', 'request_information', 'override_allow', 'override_deny'],
  escalation: ['approve', 'deny', 'request_information', 'override_allow', 'override_deny'],
  review: ['resolve_release', 'resolve_refund', 'resolve_split', 'request_information'],
}

function answer(approval: Known, command: Answering): Events {
  const { act, at } = command
  if (act.action === 'review_override') return review(approval, command)
  // An allowance that was not used yet may be taken back, by who administers.
  const takesBack = approval.status === 'approved' && act.action === 'override_deny'
  if (approval.status !== 'pending' && !takesBack) {
    return err(approval.status === 'expired' ? 'approval_expired' : 'approval_not_pending')
  }
  if (isPast(approval, at)) return err('approval_expired')
  const refused = unfit(approval, command)
  if (refused !== undefined) return refused
  if (act.action === 'request_information') {
    const { actionId, operatorId, justification: text } = act
    return question(approval, { actionId, operatorId, actionHash: command.actionHash, text }, at)
  }
  const division = divisionOf(approval, act)
  if (division === 'invalid') return err('approval_division_invalid')
  const given = answerOf(command)
  const answered: ApprovalEvent = { type: 'approvalAnswered', answer: given, division }
  const after = evolve(approval, answered, at) as Exclude<Approval, { status: 'none' }>
  if (DENYING.includes(act.action)) {
    return ok([answered, ended('denied', after, at, command.seal)])
  }
  const missing = missingOf(approval.requirements, after.answers, after.overridden)
  if (missing.length > 0) return ok([answered])
  // INVARIANT(approval): a quorum is of people who may answer at the moment that it is complete.
  const [gone] = command.lapsed
  if (gone !== undefined) return err('approver_lapsed', gone)
  return ok([answered, ended('approved', after, at, command.seal)])
}

/** What makes an act no answer to this approval. */
function unfit(approval: Known, command: Answering): Events | undefined {
  const { act, kid, answerer, parties } = command
  const differs = memberThatDiffers(approval, act.approval)
  if (differs === 'level') return err('approval_level_mismatch', act.approval.level)
  if (differs !== undefined) return err('approval_mismatch', differs)
  if (!FITS[approval.level].includes(act.action)) {
    return err('approval_answer_unfit', `${act.action} on ${approval.level}`)
  }
  const refusal = refusalOf(approval, act, answerer, parties)
  if (refusal !== undefined) return err(refusal, act.role)
  const isOverride = act.action === 'override_allow' || act.action === 'override_deny'
  const isPayersAlone = approval.requirements.every(({ role }) => role === 'payer')
  if (isOverride && (!mayOverride(act) || (act.action === 'override_allow' && isPayersAlone))) {
    return err('approval_override_forbidden', act.role)
  }
  const before = approval.answers.some(
    (given) => given.operatorId === act.operatorId || given.kid === kid,
  )
  if (DENYING.includes(act.action)) return undefined
  if (before) return err('approver_already_answered')
  // The rows of an approval never outgrow its quorum: an answer that adds nothing is not taken.
  const missing = missingOf(approval.requirements, approval.answers, approval.overridden)
  const adds = isOverride || missing.some(({ role }) => meets(act.role, role))
  if (!adds) return err('approver_role_insufficient', missing.map(({ role }) => role).join(', '))
  return undefined
}

/** INVARIANT(binding): the first member in which an answer is about something else. */
function memberThatDiffers(
  approval: ApprovalSubject,
  stated: ApprovalSubject,
): keyof ApprovalSubject | undefined {
  const names = Object.keys(ApprovalSubject.properties) as (keyof ApprovalSubject)[]
  return names.find((name) => canonicalize(approval[name]) !== canonicalize(stated[name]))
}

/** What an answer does with held money; `null` where none is held. */
function divisionOf(approval: Known, act: ApprovalAct): Division | null | 'invalid' {
  if (approval.level !== 'review') return null
  const { amount } = approval
  const division =
    act.action === 'resolve_split'
      ? act.division
      : act.action === 'resolve_release'
        ? { released: amount, refunded: '0' }
        : { released: '0', refunded: amount }
  const { released, refunded } = division
  const isWhole = BigInt(released) + BigInt(refunded) === BigInt(amount)
  const isSplit = released !== '0' && refunded !== '0'
  if (!isWhole || (act.action === 'resolve_split') !== isSplit) return 'invalid'
  const said = approval.division
  return said === null || canonicalize(said) === canonicalize(division) ? division : 'invalid'
}

function review(approval: Known, command: Answering): Events {
  const { act, kid } = command
  const differs = memberThatDiffers(approval, act.approval)
  if (differs !== undefined) return err('approval_mismatch', differs)
  if (!('afterReview' in approval) || approval.afterReview !== 'owed') {
    return err('approval_review_not_owed')
  }
  const refusal = refusalOf(approval, act, command.answerer, command.parties)
  if (refusal !== undefined) return err(refusal, act.role)
  const isSame = approval.answers.some(
    (given) => given.operatorId === act.operatorId || given.kid === kid,
  )
  if (isSame) return err('approver_already_answered')
  if (act.action !== 'review_override') throw new Error('not an after-review')
  const { finding } = act
  return ok([{ type: 'approvalReviewed', answer: answerOf(command), finding }])
}

function answerOf({ act, actionHash, kid, at }: Answering): ApprovalAnswer {
  const { actionId, operatorId, role, action, justificationCode } = act
  const answeredAt = formatInstant(at)
  return { actionId, actionHash, operatorId, kid, role, action, justificationCode, answeredAt }
}

const END_EVENT = {
  approved: 'approvalApproved',
  denied: 'approvalDenied',
  expired: 'approvalExpired',
} as const

/** INVARIANT(receipts): however an approval ends, a statement says so. */
function ended(
  outcome: ApprovalRecord['outcome'],
  approval: Known,
  at: Instant,
  { kid, hash }: Seal,
): ApprovalEvent {
  const record = recordOf(approval, outcome, formatInstant(at))
  return { type: END_EVENT[outcome], record, recordHash: hash(record), kid }
}

/** What came of an approval, stated. */
export function recordOf(
  approval: Known,
  outcome: ApprovalRecord['outcome'],
  endedAt: string,
): ApprovalRecord {
  const { tenantId, environment, approvalId, gateId, level, decisionHash, intentHash } = approval
  const { grantHash, payee, amount, asset, reasonCodes, agentId, payerId } = approval
  const subject = { approvalId, gateId, level, decisionHash, intentHash, grantHash }
  return {
    schemaVersion: 'ApprovalRecord.v1',
    tenantId,
    environment,
    ...subject,
    payee,
    amount,
    asset,
    reasonCodes: [...reasonCodes],
    agentId,
    payerId,
    requirements: [...approval.requirements],
    outcome,
    overridden: approval.overridden,
    division: outcome === 'approved' ? approval.division : null,
    answers: [...approval.answers],
    openedAt: approval.openedAt,
    expiresAt: approval.expiresAt,
    endedAt,
  }
}

/** What is true once the fact has happened. A fact out of order is a fault. */
export function evolve(approval: Approval, event: ApprovalEvent, at: Instant): Approval {
  if (event.type === 'approvalOpened') {
    if (approval.status !== 'none') throw outOfOrder(approval, event)
    const { type: _, ...opened } = event
    const none = { answers: [], questions: [], escalations: 0 }
    return { status: 'pending', ...opened, ...none, overridden: false, division: null }
  }
  if (approval.status === 'none') throw outOfOrder(approval, event)
  switch (event.type) {
    case 'approvalAnswered': {
      const isOpen = approval.status === 'pending' || approval.status === 'approved'
      if (!isOpen) throw outOfOrder(approval, event)
      const { answer: given, division } = event
      const overridden = approval.overridden || given.action === 'override_allow'
      return {
        ...approval,
        answers: [...approval.answers, given],
        overridden,
        division: division ?? approval.division,
      }
    }
    case 'approvalQuestioned':
      if (approval.status !== 'pending') throw outOfOrder(approval, event)
      return { ...approval, questions: [...approval.questions, event.question] }
    case 'approvalReplied': {
      if (approval.status !== 'pending') throw outOfOrder(approval, event)
      const { questionId, reply: said } = event
      const questions = approval.questions.map((asked) =>
        asked.actionId === questionId ? { ...asked, reply: said } : asked,
      )
      return { ...approval, questions }
    }
    case 'approvalOverdue': {
      if (approval.status !== 'pending') throw outOfOrder(approval, event)
      const { severity, dueAt } = event
      return { ...approval, severity, dueAt, escalations: approval.escalations + 1 }
    }
    default:
      return conclude(approval, event, at)
  }
}

type Conclusion = Exclude<
  ApprovalEvent,
  {
    type:
      | 'approvalOpened'
      | 'approvalAnswered'
      | 'approvalQuestioned'
      | 'approvalReplied'
      | 'approvalOverdue'
  }
>

function conclude(approval: Known, event: Conclusion, at: Instant): Approval {
  switch (event.type) {
    case 'approvalApproved': {
      if (approval.status !== 'pending') throw outOfOrder(approval, event)
      const { record, recordHash } = event
      const afterReview = approval.overridden ? 'owed' : 'none'
      return { ...approval, status: 'approved', record, recordHash, afterReview }
    }
    case 'approvalDenied':
    case 'approvalExpired': {
      const isOpen = approval.status === 'pending' || approval.status === 'approved'
      if (!isOpen) throw outOfOrder(approval, event)
      const { record, recordHash } = event
      const status = event.type === 'approvalDenied' ? 'denied' : 'expired'
      return { ...approval, status, record, recordHash, afterReview: 'none' }
    }
    case 'approvalConsumed':
      if (approval.status !== 'approved' || isPast(approval, at)) throw outOfOrder(approval, event)
      return { ...approval, status: 'consumed' }
    case 'approvalReviewOverdue':
      if (!('afterReview' in approval) || approval.afterReview !== 'owed') {
        throw outOfOrder(approval, event)
      }
      return { ...approval, reminders: event.reminders }
    case 'approvalReviewed': {
      if (!('afterReview' in approval) || approval.afterReview !== 'owed') {
        throw outOfOrder(approval, event)
      }
      const { answer: given, finding } = event
      return { ...approval, answers: [...approval.answers, given], afterReview: finding }
    }
    default:
      return unreachable(event)
  }
}

function outOfOrder(approval: Approval, event: ApprovalEvent): Error {
  return new Error(`${event.type} after ${approval.status}`)
}
