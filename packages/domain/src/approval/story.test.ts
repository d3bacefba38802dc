/**
 * One approval as the tests and vectors tell it: who is asked, who answers, and what with.
 *
 * @module
 */
import type { ApprovalAct, ApprovalRecord, ApproverRole } from '@surety/protocol'
import { instantOf } from '@surety/protocol'
import {
  AGENT,
  AT,
  GATE,
  grantHashOf,
  hash,
  id,
  KID,
  OPERATOR,
  PAYEE,
  PAYER,
  TENANT,
} from '../fixtures.test.ts'
import { type ApprovalCommand, decide, evolve, initial } from './approval.ts'
import type { Approval, Opened } from './state.ts'

export const GRANTOR = id('prn', 77)
export const START = instantOf(AT)
export const EXPIRES = '2026-11-20T10:30:00.000Z'

const opened: Opened = {
  approvalId: id('apr', 1),
  gateId: GATE,
  level: 'challenge',
  decisionHash: hash('decision'),
  intentHash: hash('intent'),
  grantHash: grantHashOf(0),
  payee: PAYEE,
  amount: '2',
  asset: 'USD/2',
  reasonCodes: ['approval_challenged'],
  tenantId: TENANT,
  environment: 'sandbox',
  agentId: AGENT,
  payerId: PAYER,
  requirements: [{ role: 'reviewer', approvers: 1 }],
  severity: 'medium',
  openedAt: AT,
  dueAt: '2026-11-20T10:00:00.000Z',
  expiresAt: EXPIRES,
}

export const seal = { kid: KID, hash: (record: ApprovalRecord) => hash(record) }

/** An approval that is asked of these people. */
export function openedAs(over: Partial<Opened> = {}): Extract<Approval, { status: 'pending' }> {
  const state = evolve(initial, { type: 'approvalOpened', ...opened, ...over }, START)
  if (state.status !== 'pending') throw new Error(state.status)
  return state
}

type Answering = Extract<ApprovalCommand, { type: 'answer' }>

export interface Said {
  /** The n-th person of the story. */
  readonly person?: number
  readonly action?: ApprovalAct['action']
  readonly role?: ApproverRole
  readonly division?: { readonly released: string; readonly refunded: string }
  readonly finding?: 'upheld' | 'contested'
  readonly at?: Answering['at']
}

/** Somebody's answer to what an approval asks. */
export function answerCommand(
  asked: Exclude<Approval, { status: 'none' }>,
  { person = 1, action = 'approve', role = 'reviewer', division, finding, at = START }: Said = {},
): Answering {
  const operatorId = person === 1 ? OPERATOR : role === 'payer' ? PAYER : id('prn', 50 + person)
  const { approvalId, gateId, level, decisionHash, intentHash } = asked
  const { grantHash, payee, amount, asset, reasonCodes } = asked
  const named = { approvalId, gateId, level, decisionHash, intentHash }
  const act = {
    schemaVersion: 'OperatorAction.v1',
    actionId: id('opa', person),
    tenantId: TENANT,
    environment: 'sandbox',
    operatorId,
    action,
    role,
    justificationCode: 'looked-at',
    approval: { ...named, grantHash, payee, amount, asset, reasonCodes: [...reasonCodes] },
    ...(division === undefined ? {} : { division }),
    ...(finding === undefined ? {} : { finding }),
    actedAt: AT,
  } as ApprovalAct
  const kid = `${String(person)}`.padStart(43, 'K')
  return {
    type: 'answer',
    act,
    actionHash: hash(act),
    kid,
    answerer: { principalId: operatorId, kind: 'person', kids: [kid], holdsRole: true },
    parties: {
      agent: ['agent-key'],
      payee: ['payee-key'],
      payer: ['payer-key'],
      grantors: { ids: [GRANTOR], kids: ['grantor-key'] },
    },
    lapsed: [],
    at,
    seal,
  }
}

/** What is true after a command; a refused one is a fault of the story. */
export function after(
  state: Approval,
  command: ApprovalCommand,
): Exclude<Approval, { status: 'none' }> {
  const decided = decide(state, command)
  if (!decided.ok) throw new Error(`${command.type} after ${state.status}: ${decided.refusal}`)
  const at = 'at' in command ? command.at : START
  const next = decided.value.reduce((before, event) => evolve(before, event, at), state)
  if (next.status === 'none') throw new Error('no approval')
  return next
}
