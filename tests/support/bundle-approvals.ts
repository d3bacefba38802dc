/**
 * What a person answers in the stories of bundles: told by the machine of approvals, truly signed.
 *
 * @module
 */
import { approval, type gate } from '@surety/domain'
import {
  type AgentPassport,
  type ApprovalAct,
  type ApprovalRecord,
  type Division,
  formatInstant,
  type Hash,
  hashOf,
  type Id,
  type Instant,
  type PartyKey,
  type PrincipalKind,
} from '@surety/protocol'
import {
  ENVIRONMENT,
  idNumber,
  keyNamed,
  nodeCrypto,
  partyKey,
  TENANT,
  type TestKey,
} from './bundle-keys.ts'

const REVIEWER = idNumber('prn', 15)
const REVIEWER_KEY = keyNamed('reviewer')

/** What a house says of a principal of these stories. */
export function passport(
  principalId: Id<'prn'>,
  kind: PrincipalKind,
  keys: readonly PartyKey[],
): AgentPassport {
  return {
    schemaVersion: 'AgentPassport.v1',
    principalId,
    tenantId: TENANT,
    environment: ENVIRONMENT,
    kind,
    name: kind,
    lifecycle: 'active',
    keys: [...keys],
    seq: 1,
    issuedAt: '2026-11-01T00:00:00.000Z',
  }
}

/** Who answers in the stories: a person who reviews. */
export const REVIEWER_PASSPORT: AgentPassport = {
  ...passport(REVIEWER, 'person', [partyKey(REVIEWER_KEY, 'action')]),
  roles: [
    {
      role: 'reviewer',
      notBefore: '2026-11-01T00:00:00.000Z',
      notAfter: null,
      actionHash: null,
    },
  ],
}

/** What is told otherwise than the machine gives it; what follows is consistent with it. */
export interface AnswerLies {
  readonly record?: (record: ApprovalRecord) => ApprovalRecord
  readonly act?: (act: ApprovalAct) => ApprovalAct
  readonly key?: TestKey
}

export interface Answered {
  readonly record: ApprovalRecord
  readonly recordHash: Hash
  readonly acts: readonly { readonly act: ApprovalAct; readonly key: TestKey }[]
}

type Asking = Extract<gate.Gate, { status: 'waiting' | 'review' | 'settled' }>

/** One person's answer to what a gate asks. */
export function answered(
  state: Asking,
  said: {
    readonly number: number
    readonly payerId: Id<'prn'>
    readonly action: 'approve' | 'deny' | 'resolve_split'
    readonly division?: Division
    readonly at: Instant
    readonly lies?: AnswerLies | undefined
  },
): Answered {
  const opened = openedOf(state, said)
  const { at, lies = {} } = said
  const subject = subjectOf(opened)
  const honest = {
    schemaVersion: 'OperatorAction.v1',
    actionId: idNumber('opa', said.number),
    tenantId: TENANT,
    environment: ENVIRONMENT,
    operatorId: REVIEWER,
    action: said.action,
    role: 'reviewer',
    justificationCode: 'looked-at',
    approval: subject,
    ...(said.division === undefined ? {} : { division: said.division }),
    actedAt: formatInstant(at),
  } as ApprovalAct
  const seal = { kid: '', hash: (record: ApprovalRecord) => hashOf(record, nodeCrypto) }
  const open = approval.evolve(approval.initial, { type: 'approvalOpened', ...opened }, at)
  const decided = approval.decide(open, {
    type: 'answer',
    act: honest,
    actionHash: hashOf(lies.act?.(honest) ?? honest, nodeCrypto),
    kid: (lies.key ?? REVIEWER_KEY).kid,
    answerer: { principalId: REVIEWER, kind: 'person', kids: [], holdsRole: true },
    parties: { agent: [], payee: [], payer: [], grantors: { ids: [], kids: [] } },
    lapsed: [],
    at,
    seal,
  })
  const last = decided.ok ? decided.value.at(-1) : undefined
  if (last === undefined || !('record' in last)) throw new Error('it is not answered')
  const record = lies.record?.(last.record) ?? last.record
  const act = lies.act?.(honest) ?? honest
  return {
    record,
    recordHash: hashOf(record, nodeCrypto),
    acts: [{ act, key: lies.key ?? REVIEWER_KEY }],
  }
}

function openedOf(
  state: Asking,
  said: { readonly number: number; readonly payerId: Id<'prn'>; readonly at: Instant },
): approval.Opened {
  const isReview = state.status !== 'waiting'
  const level = isReview ? 'review' : 'challenge'
  const { intent, decision } = state
  const openedAt = decision.decidedAt
  return {
    approvalId: idNumber('apr', said.number),
    gateId: state.gateId,
    level,
    decisionHash: isReview ? hashOf(state.settlementDecision, nodeCrypto) : state.decisionHash,
    intentHash: state.intentHash,
    grantHash: intent.grantHash,
    payee: intent.payee,
    amount: isReview ? state.partition.held : intent.amount,
    asset: intent.asset,
    reasonCodes: isReview ? [] : decision.reasonCodes,
    tenantId: TENANT,
    environment: ENVIRONMENT,
    agentId: intent.agentId,
    payerId: said.payerId,
    requirements: approval.requirementsOf(isReview ? [] : decision.obligations, level),
    severity: 'low',
    openedAt,
    dueAt: openedAt,
    expiresAt: isReview ? null : decision.validUntil,
  }
}

function subjectOf(opened: approval.Opened): ApprovalAct['approval'] {
  const { approvalId, gateId, level, decisionHash, intentHash } = opened
  const { grantHash, payee, amount, asset, reasonCodes } = opened
  const named = { approvalId, gateId, level, decisionHash, intentHash }
  return { ...named, grantHash, payee, amount, asset, reasonCodes: [...reasonCodes] }
}
