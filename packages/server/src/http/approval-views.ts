/**
 * The shapes of what the API answers about approvals.
 *
 * @module
 */
import { type TSchema, Type } from '@sinclair/typebox'
import {
  AmountText,
  ApprovalAnswer,
  ApprovalLevel,
  ApprovalRequirement,
  AssetText,
  closed,
  Division,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  RequestFingerprint,
  SessionFacts,
  Severity,
  words,
} from '@surety/protocol'
import { ContestView, ReceiptList } from './views.ts'

const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()])

const Reply = orNull(
  closed(
    { agentId: idOf('prn'), text: Type.String(), repliedAt: InstantText },
    { description: 'what the agent that waits said to it; it counts for nothing' },
  ),
)

export const ApprovalState = words(['pending', 'approved', 'denied', 'expired', 'consumed'])
export const AfterReview = words(['none', 'owed', 'upheld', 'contested'])

const Showing = closed(
  {
    request: RequestFingerprint,
    action: Type.String(),
    riskClass: Type.String(),
    differences: Type.Array(
      closed({
        reasonCode: Type.String(),
        meaning: Type.String(),
        rule: orNull(Type.String({ description: 'which rule, where the profile has many' })),
        asked: Type.String(),
        allowed: Type.String({ description: 'what passes without anybody being asked' }),
        used: orNull(Type.String({ description: 'how much was used before, if it is counted' })),
        asset: orNull(AssetText),
      }),
    ),
    money: closed({
      amount: AmountText,
      asset: AssetText,
      perRequest: orNull(AmountText),
      available: AmountText,
      budgets: Type.Array(
        closed({
          whose: words(['grant', 'payer', 'tenant']),
          period: words(['day', 'month', 'total']),
          used: AmountText,
          limit: AmountText,
        }),
        { description: 'what the payment counts against besides, and a yes does not lift' },
      ),
    }),
    grantChain: Type.Array(
      closed({
        grantHash: HashText,
        grantorId: idOf('prn'),
        granteeId: idOf('prn'),
        depth: Type.Integer({ minimum: 0 }),
        expiresAt: InstantText,
      }),
    ),
    session: orNull(SessionFacts),
    contest: orNull(ContestView),
    approving: Type.String({ description: 'what approving will allow' }),
  },
  { description: 'the exact request, each rule it is beyond, and the money at stake' },
)

export const ApprovalView = closed(
  {
    approvalId: idOf('apr'),
    gateId: idOf('gat'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    state: ApprovalState,
    level: ApprovalLevel,
    severity: Severity,
    escalations: Type.Integer({ minimum: 0 }),
    decisionHash: HashText,
    intentHash: HashText,
    grantHash: HashText,
    agentId: idOf('prn'),
    payerId: orNull(idOf('prn')),
    payee: idOf('prn'),
    amount: AmountText,
    asset: AssetText,
    reasonCodes: Type.Array(Type.String()),
    requirements: Type.Array(ApprovalRequirement),
    missing: Type.Array(ApprovalRequirement, { description: 'what is still asked for' }),
    answers: Type.Array(ApprovalAnswer),
    questions: Type.Array(
      closed({
        questionId: idOf('opa'),
        operatorId: idOf('prn'),
        actionHash: HashText,
        text: Type.String(),
        askedAt: InstantText,
        reply: Reply,
      }),
    ),
    overridden: Type.Boolean(),
    afterReview: AfterReview,
    reviewDueAt: orNull(InstantText),
    division: orNull(Division),
    recordHash: orNull(HashText),
    openedAt: InstantText,
    dueAt: InstantText,
    expiresAt: orNull(InstantText),
    endedAt: orNull(InstantText),
    showing: Type.Optional(Showing),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'Approval', description: 'what a person is asked about a gate, and what they answered' },
)

export const GateApprovalView = closed(
  {
    approvalId: idOf('apr'),
    gateId: idOf('gat'),
    gateState: Type.String(),
    state: ApprovalState,
    level: ApprovalLevel,
    reasonCodes: Type.Array(Type.String()),
    questions: Type.Array(
      closed({
        questionId: idOf('opa'),
        text: Type.String(),
        askedAt: InstantText,
        reply: Reply,
      }),
    ),
    expiresAt: orNull(InstantText),
    resume: Type.Boolean({ description: 'asking for the decision again goes on' }),
    pollAfterMs: orNull(Type.Integer({ minimum: 0 })),
    receipts: Type.Optional(ReceiptList),
  },
  { $id: 'GateApproval', description: 'what a gate waits for, as its agent sees it' },
)
