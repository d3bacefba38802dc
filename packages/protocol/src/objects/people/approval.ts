/**
 * An approval: a person's answer to a decision that asks for one, or to a gate in review.
 *
 * The answer is an act that the person signs; what came of it is a record that Surety signs.
 * Rules: spec/approval.md. Vectors: spec/vectors/approval/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  document,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  KidText,
  NameText,
  words,
} from '../../schema.ts'
import { OPERATOR_ROLES, underRole } from './role.ts'

/** Who may cure it: the party whose authority is used, a third person, or a person who judges. */
export const ApprovalLevel = words(['challenge', 'escalation', 'review'])
export type ApprovalLevel = Static<typeof ApprovalLevel>

/** `payer` is whoever pays; every other role is held by a person as an operator. */
export const ApproverRole = words(['payer', ...OPERATOR_ROLES])
export type ApproverRole = Static<typeof ApproverRole>

export const Severity = words(['low', 'medium', 'high', 'critical'])
export type Severity = Static<typeof Severity>

const reasonText = Type.String({ pattern: '^[a-z][a-z0-9_]{2,63}$' })
const reasons = Type.Array(reasonText, { maxItems: 64 })

/** What an answer is about. Each member must be that of the approval, so that it fits no other. */
export const ApprovalSubject = closed({
  approvalId: idOf('apr'),
  gateId: idOf('gat'),
  level: ApprovalLevel,
  decisionHash: HashText,
  intentHash: HashText,
  grantHash: HashText,
  payee: idOf('prn'),
  amount: AmountText,
  asset: AssetText,
  reasonCodes: reasons,
})
export type ApprovalSubject = Static<typeof ApprovalSubject>

/** How held money is divided; both parts together are all of it. */
export const Division = closed({ released: AmountText, refunded: AmountText })
export type Division = Static<typeof Division>

function answering<const Words extends readonly string[]>(list: Words) {
  return { ...underRole, action: words(list), role: ApproverRole, approval: ApprovalSubject }
}

export const AnswerAct = closed(
  answering([
    'approve',
    'deny',
    'request_information',
    'override_allow',
    'override_deny',
    'resolve_release',
    'resolve_refund',
  ]),
)
export const SplitAct = closed({ ...answering(['resolve_split']), division: Division })
/** What a second person finds of an allowance that was given without a quorum. */
export const AfterReviewAct = closed({
  ...answering(['review_override']),
  finding: words(['upheld', 'contested']),
})

/** The acts that answer an approval. */
export type ApprovalAct =
  | Static<typeof AnswerAct>
  | Static<typeof SplitAct>
  | Static<typeof AfterReviewAct>

export const ApprovalRequirement = closed({
  role: NameText,
  approvers: Type.Integer({ minimum: 1, maximum: 16 }),
})
export type ApprovalRequirement = Static<typeof ApprovalRequirement>

export const ApprovalAnswer = closed({
  actionId: idOf('opa'),
  actionHash: HashText,
  operatorId: idOf('prn'),
  kid: KidText,
  role: ApproverRole,
  action: NameText,
  justificationCode: NameText,
  answeredAt: InstantText,
})
export type ApprovalAnswer = Static<typeof ApprovalAnswer>

export const ApprovalRecord = document(
  'ApprovalRecord.v1',
  {
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    ...ApprovalSubject.properties,
    agentId: idOf('prn'),
    payerId: Type.Union([idOf('prn'), Type.Null()]),
    requirements: Type.Array(ApprovalRequirement, { maxItems: 16 }),
    outcome: words(['approved', 'denied', 'expired']),
    overridden: Type.Boolean({ description: 'given by one person without the quorum' }),
    division: Type.Union([Division, Type.Null()]),
    answers: Type.Array(ApprovalAnswer, { maxItems: 64 }),
    openedAt: InstantText,
    expiresAt: Type.Union([InstantText, Type.Null()]),
    endedAt: InstantText,
  },
  'What came of one approval: who answered what, under which role, and what it lifts.',
)
export type ApprovalRecord = Static<typeof ApprovalRecord>

export const AuditStatement = document(
  'AuditStatement.v1',
  {
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    format: words(['jsonl', 'csv']),
    since: Type.Union([InstantText, Type.Null()]),
    until: Type.Union([InstantText, Type.Null()]),
    rows: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 }),
    sha256: HashText,
    at: InstantText,
  },
  'What Surety exported of what people decided: so many rows, and the hash of their bytes.',
)
export type AuditStatement = Static<typeof AuditStatement>
