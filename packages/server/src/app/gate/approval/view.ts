/**
 * What callers see of an approval: one shape through every door.
 *
 * @module
 */
import { approval } from '@surety/domain'
import type { JsonObject } from '@surety/protocol'

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
      operatorId: question.operatorId,
      actionHash: question.actionHash,
      text: question.text,
      askedAt: question.askedAt,
    })),
    overridden: state.overridden,
    afterReview: ended?.afterReview ?? 'none',
    division: ended?.record.division ?? null,
    recordHash: ended?.recordHash ?? null,
    openedAt: state.openedAt,
    dueAt: state.dueAt,
    expiresAt: state.expiresAt,
    endedAt: ended?.record.endedAt ?? null,
  } as unknown as JsonObject
}

function requirementView({ role, approvers }: Known['requirements'][number]) {
  return { role, approvers }
}
