/**
 * What callers see of an approval: one shape through every door.
 *
 * @module
 */
import { approval } from '@surety/domain'
import { type Instant, instantOf, type JsonObject } from '@surety/protocol'

type Known = Exclude<approval.Approval, { status: 'none' }>

/** An approval as JSON. INVARIANT(once): from fixed members in fixed order, however it was read. */
export function approvalView(state: Known): JsonObject {
  const ended = 'record' in state ? state : undefined
  return {
    approvalId: state.approvalId,
    gateId: state.gateId,
    tenantId: state.tenantId,
    environment: state.environment,
    state: state.status,
    level: state.level,
    severity: state.severity,
    escalations: state.escalations,
    decisionHash: state.decisionHash,
    intentHash: state.intentHash,
    grantHash: state.grantHash,
    agentId: state.agentId,
    payerId: state.payerId,
    payee: state.payee,
    amount: state.amount,
    asset: state.asset,
    reasonCodes: [...state.reasonCodes],
    requirements: state.requirements.map(requirementView),
    missing: approval
      .missingOf(state.requirements, state.answers, state.overridden)
      .map(requirementView),
    answers: state.answers.map((answer) => ({
      actionId: answer.actionId,
      actionHash: answer.actionHash,
      operatorId: answer.operatorId,
      kid: answer.kid,
      role: answer.role,
      action: answer.action,
      justificationCode: answer.justificationCode,
      answeredAt: answer.answeredAt,
    })),
    questions: state.questions.map((question) => ({
      questionId: question.actionId,
      operatorId: question.operatorId,
      actionHash: question.actionHash,
      text: question.text,
      askedAt: question.askedAt,
      reply: replyView(question),
    })),
    overridden: state.overridden,
    afterReview: ended?.afterReview ?? 'none',
    reviewDueAt: approval.owedUntil(state),
    division: ended?.record.division ?? null,
    recordHash: ended?.recordHash ?? null,
    openedAt: state.openedAt,
    dueAt: state.dueAt,
    expiresAt: state.expiresAt,
    endedAt: ended?.record.endedAt ?? null,
  } as unknown as JsonObject
}

/** What the agent said to a question; `null` so long as it said nothing. */
function replyView({ reply }: approval.Question): JsonObject | null {
  if (reply === undefined) return null
  const { agentId, text, repliedAt } = reply
  return { agentId, text, repliedAt }
}

function requirementView({ role, approvers }: Known['requirements'][number]) {
  return { role, approvers }
}

/** How often whoever waits should ask again. */
const POLL_AFTER_MS = 2_000

/** What the agent sees of what its gate waits for: that, until when, and what is asked of it. */
export function gateApprovalView(state: Known, gateState: string, now: Instant): JsonObject {
  const isOpen = state.status === 'pending'
  const isPast = state.expiresAt !== null && now > instantOf(state.expiresAt)
  return {
    approvalId: state.approvalId,
    gateId: state.gateId,
    gateState,
    state: isPast && (isOpen || state.status === 'approved') ? 'expired' : state.status,
    level: state.level,
    reasonCodes: [...state.reasonCodes],
    questions: state.questions.map((question) => ({
      questionId: question.actionId,
      text: question.text,
      askedAt: question.askedAt,
      reply: replyView(question),
    })),
    expiresAt: state.expiresAt,
    /** An allowance is used by asking for the decision again. */
    resume: state.status === 'approved' && !isPast,
    pollAfterMs: isOpen ? POLL_AFTER_MS : null,
  } as unknown as JsonObject
}
