/** Approvals: what people are asked, and what they answer. */
import { Type } from '@sinclair/typebox'
import {
  ApprovalLevel,
  closed,
  InstantText,
  idOf,
  JwsText,
  type ProblemCode,
  Severity,
} from '@surety/protocol'
import { answerApproval } from '../../app/gate/approval/answer-approval.ts'
import {
  type ApprovalFilter,
  listApprovals,
  readApproval,
  readGateApproval,
} from '../../app/gate/approval/read.ts'
import { replyApproval } from '../../app/gate/approval/reply-approval.ts'
import { watchApprovals } from '../../app/gate/approval/watch-approvals.ts'
import { run } from '../../app/runtime.ts'
import { AfterReview, ApprovalState, ApprovalView, GateApprovalView } from '../approval-views.ts'
import { paged, pageQuery } from '../paging.ts'
import { PARTY_PROBLEMS, plain, type Route, route, signed, streamed } from '../route.ts'
import { pageOf } from '../views.ts'

const params = closed({ approvalId: idOf('apr') })

/** Why an answer is not taken. */
const ANSWER_PROBLEMS = [
  'commit_control_active',
  'approval_not_found',
  'approval_not_pending',
  'approval_expired',
  'approval_mismatch',
  'approval_level_mismatch',
  'approval_answer_unfit',
  'approval_division_invalid',
  'approval_override_forbidden',
  'approval_review_not_owed',
  'approver_is_requester',
  'approver_is_party',
  'approver_not_person',
  'approver_role_insufficient',
  'approver_already_answered',
  'approver_lapsed',
  'role_not_held',
  'time_out_of_range',
] as const satisfies readonly ProblemCode[]

const listing = route({
  method: 'GET',
  path: '/v1/approvals',
  summary: 'List approvals, newest first',
  description:
    'Those that answer or see all see every one; a payer sees what is asked about its money.',
  scope: 'read',
  params: null,
  query: closed({
    ...pageQuery,
    tenantId: Type.Optional(idOf('ten')),
    state: Type.Optional(ApprovalState),
    severity: Type.Optional(Severity),
    level: Type.Optional(ApprovalLevel),
    gateId: Type.Optional(idOf('gat')),
    afterReview: Type.Optional(AfterReview),
    openedBefore: Type.Optional(InstantText),
    openedAfter: Type.Optional(InstantText),
  }),
  body: null,
  status: 200,
  answer: pageOf(ApprovalView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, true, (page) => listApprovals(app, caller, page, query as ApprovalFilter)),
})

const reading = route({
  method: 'GET',
  path: '/v1/approvals/{approvalId}',
  summary: 'Read an approval with all that whoever is asked must see',
  scope: 'read',
  params,
  query: null,
  body: null,
  status: 200,
  answer: ApprovalView,
  problems: ['approval_not_found'],
  handle: async ({ app, caller, params: { approvalId } }) =>
    plain(await readApproval(app, caller, approvalId)),
})

const watching = route({
  method: 'GET',
  path: '/v1/approvals/watch',
  summary: 'Watch approvals, as server-sent events',
  description:
    'Each fact of an approval with what is true then; a comment every 15 seconds. Begins with now, or after the event that Last-Event-ID names. The server ends it after ten minutes: connect again. It ends too when the key is revoked or rotated, or its principal is no longer active. A principal may watch eight times at once.',
  scope: 'read',
  params: null,
  query: null,
  body: null,
  status: 200,
  answer: Type.String(),
  streams: ['text/event-stream'],
  problems: ['principal_not_active'],
  handle: async ({ app, caller, lastEventId, isEnding }) => {
    const told = await watchApprovals(app, caller, lastEventId, isEnding)
    return told.ok ? streamed('text/event-stream', told.value) : told
  },
})

const answering = route({
  method: 'POST',
  path: '/v1/approvals/{approvalId}/answers',
  summary: 'Answer an approval with an act that the caller signed',
  description:
    'Approve, deny, ask for information, override, or divide what is in review. The name in it counts only under the key of that person.',
  scope: 'approvals:answer',
  params,
  query: null,
  body: closed({ action: JwsText }),
  status: 201,
  answer: ApprovalView,
  problems: [...PARTY_PROBLEMS, ...ANSWER_PROBLEMS],
  handle: async ({ app, caller, params: { approvalId }, body, idempotency }) => {
    const call = { approvalId, action: body.action }
    return signed(await run(app, caller, answerApproval(app, caller, call, idempotency)))
  },
})

const ofGate = route({
  method: 'GET',
  path: '/v1/gates/{gateId}/approval',
  summary: 'Read what a gate waits for, as its agent: poll it, then authorize again',
  scope: 'read',
  params: closed({ gateId: idOf('gat') }),
  query: null,
  body: null,
  status: 200,
  answer: GateApprovalView,
  problems: ['gate_not_found', 'approval_not_found'],
  handle: async ({ app, caller, params: { gateId } }) =>
    plain(await readGateApproval(app, caller, gateId)),
})

/** As long as the words that a person signs. */
const REPLY_LENGTH_MAX = 2_000

const replying = route({
  method: 'POST',
  path: '/v1/gates/{gateId}/approval/replies',
  summary: 'Reply to a question about what waits, as the agent of the gate',
  description:
    'Once to each question. People read it; it lifts nothing, and the wait ends when it would have.',
  scope: 'gates:write',
  params: closed({ gateId: idOf('gat') }),
  query: null,
  body: closed({
    questionId: idOf('opa', 'the question, as the approval of the gate names it'),
    text: Type.String({ minLength: 1, maxLength: REPLY_LENGTH_MAX }),
  }),
  status: 201,
  answer: GateApprovalView,
  problems: [
    'gate_not_found',
    'approval_not_found',
    'approval_not_pending',
    'approval_expired',
    'approval_answer_unfit',
  ],
  handle: async ({ app, caller, params: { gateId }, body, idempotency }) => {
    const call = { gateId, ...body }
    return signed(await run(app, caller, replyApproval(app, caller, call, idempotency)))
  },
})

export const approvalRoutes: readonly Route[] = [
  listing,
  watching,
  reading,
  replying,
  answering,
  ofGate,
]
