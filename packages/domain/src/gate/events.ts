/**
 * The facts of a gate's stream, and what is true after each.
 *
 * @module
 */
import {
  type Authorization,
  type ClaimRecord,
  type ExecutionIntent,
  formatInstant,
  type Hash,
  type Id,
  type Instant,
  type PolicyDecision,
  type ProviderResponse,
  type Quote,
  type SettlementDecisionRecord,
  type SettlementReceipt,
  unreachable,
} from '@surety/protocol'
import type { PaymentEvent } from '../payment/payment.ts'
import type { CounterKey } from '../policy/counters.ts'
import type { Gate, Observed, Partition, Resolution, TransferRecord } from './state.ts'

interface Concluded {
  readonly receipt: SettlementReceipt
  readonly receiptHash: Hash
  readonly kid: string
  readonly transfer: TransferRecord | null
  /** What the rail did not take of what was held: it goes back to the payer. */
  readonly remainder?: TransferRecord
}

export type GateEvent =
  | {
      readonly type: 'gateDeclared'
      readonly gateId: Id<'gat'>
      readonly intent: ExecutionIntent
      readonly intentHash: Hash
      readonly kid: string | null
      readonly quote?: Quote
      readonly walletId?: Id<'wlt'>
    }
  | {
      readonly type: 'decisionRecorded'
      readonly decision: PolicyDecision
      readonly decisionHash: Hash
      readonly kid: string
    }
  | {
      readonly type: 'gateAuthorized'
      readonly authorization: Authorization
      readonly authorizationHash: Hash
      readonly kid: string
      readonly claims: readonly CounterKey[]
      readonly transfer: TransferRecord
    }
  | {
      readonly type: 'executionStarted'
      readonly executorId: Id<'prn'>
      readonly evidenceBy: string
    }
  | {
      readonly type: 'evidenceAccepted'
      readonly evidenceHash: Hash
      readonly statement: ProviderResponse
      readonly submittedBy: Id<'prn'>
    }
  | { readonly type: 'evidenceTimedOut'; readonly evidenceBy: string }
  | PaidEvent
  | {
      readonly type: 'settlementDecided'
      readonly record: SettlementDecisionRecord
      readonly kid: string
    }
  | ({ readonly type: 'gateHeldForReview' | 'gateSettled' } & Concluded)
  | ({ readonly type: 'gateResolved' } & Resolution)
  | HoldbackEvent
  | ({ readonly type: 'gateVoided' | 'gateExpired' } & Concluded)

/** The facts of what is held back after a gate was settled. */
export type HoldbackEvent =
  | {
      readonly type: 'holdbackContested'
      readonly contestedBy: Id<'prn'>
      readonly text: string
    }
  | ({ readonly type: 'holdbackReleased' } & Concluded)

/** The facts of a gate whose money leaves the house. */
export type PaidEvent =
  | { readonly type: 'paymentMoved'; readonly payment: PaymentEvent['payment'] }
  | {
      readonly type: 'paymentReported'
      readonly payment: PaymentEvent['payment']
      readonly kid: string
    }
  | ({ readonly type: 'responseObserved' } & Observed)
  | { readonly type: 'claimOpened'; readonly claim: ClaimRecord }
  | {
      readonly type: 'refundReceived'
      readonly paymentId: Id<'pay'>
      readonly transaction: string
      readonly transfer: TransferRecord
    }

/** What is true once the fact has happened at that moment. A fact out of order is a fault. */
export function evolve(gate: Gate, event: GateEvent, at: Instant): Gate {
  if (event.type === 'gateDeclared') {
    if (gate.status !== 'none') throw outOfOrder(gate, event)
    const { gateId, intent, intentHash, kid: intentKid, quote, walletId } = event
    const { tenantId, environment } = intent
    const declaredAt = formatInstant(at)
    return {
      status: 'declared',
      gateId,
      tenantId,
      environment,
      intent,
      intentHash,
      intentKid,
      declaredAt,
      ...(quote === undefined ? {} : { quote }),
      ...(walletId === undefined ? {} : { walletId }),
    }
  }
  switch (event.type) {
    case 'decisionRecorded': {
      if (gate.status !== 'declared' && gate.status !== 'waiting') throw outOfOrder(gate, event)
      const { decision, decisionHash } = event
      const status = decision.decision === 'deny' ? 'denied' : 'waiting'
      return { ...gate, status, decision, decisionHash }
    }
    case 'gateAuthorized': {
      // The allowing decision stands right before it, in the same commit.
      if (gate.status !== 'waiting' || gate.decision.decision !== 'allow') {
        throw outOfOrder(gate, event)
      }
      const { authorization, authorizationHash, claims } = event
      const partition = heldWhole(authorization.amountMax)
      return { ...gate, status: 'authorized', authorization, authorizationHash, claims, partition }
    }
    case 'executionStarted': {
      if (gate.status !== 'authorized') throw outOfOrder(gate, event)
      const { executorId, evidenceBy } = event
      const executingAt = formatInstant(at)
      return { ...gate, status: 'executing', executorId, executingAt, evidenceBy }
    }
    case 'evidenceAccepted':
    case 'evidenceTimedOut': {
      if (gate.status !== 'executing') throw outOfOrder(gate, event)
      const { statement, evidenceHash } =
        event.type === 'evidenceAccepted' ? event : { statement: null, evidenceHash: null }
      return { ...gate, status: 'executed', statement, evidenceHash }
    }
    case 'paymentMoved':
    case 'paymentReported':
    case 'responseObserved':
    case 'claimOpened':
    case 'refundReceived':
      return evolvePaid(gate, event)
    case 'holdbackContested':
    case 'holdbackReleased':
      return evolveHeldBack(gate, event, at)
    default:
      return conclude(gate, event)
  }
}

function evolvePaid(gate: Gate, event: PaidEvent): Gate {
  switch (event.type) {
    case 'paymentMoved':
    case 'paymentReported': {
      if (gate.status !== 'executing') throw outOfOrder(gate, event)
      const { payment } = event
      if (payment.state !== 'confirmed') return { ...gate, payment }
      const { principal } = gate.partition
      // INVARIANT(partition): what the rail took has left; the rest is still there.
      const captured = payment.settled ?? principal
      const held = String(BigInt(principal) - BigInt(captured))
      const partition = { ...gate.partition, captured, held }
      const evidenceHash = gate.observed?.evidenceHash ?? null
      return { ...gate, status: 'executed', payment, partition, statement: null, evidenceHash }
    }
    case 'responseObserved': {
      if (gate.status !== 'executing') throw outOfOrder(gate, event)
      const { type: _, ...observed } = event
      return { ...gate, observed }
    }
    case 'claimOpened':
      if (gate.status !== 'executed') throw outOfOrder(gate, event)
      return { ...gate, claim: event.claim }
    case 'refundReceived': {
      if (gate.status !== 'settled') throw outOfOrder(gate, event)
      const { transaction, transfer } = event
      return { ...gate, refunds: [...(gate.refunds ?? []), { transaction, transfer }] }
    }
    default:
      return unreachable(event)
  }
}

function evolveHeldBack(gate: Gate, event: HoldbackEvent, at: Instant): Gate {
  // INVARIANT(once): what is contested waits for people; what has gone on is no longer there.
  if (gate.status !== 'settled' || gate.holdback === undefined) throw outOfOrder(gate, event)
  if (gate.holdback.contest !== undefined) throw outOfOrder(gate, event)
  const { holdback, ...rest } = gate
  if (event.type === 'holdbackContested') {
    const { contestedBy, text } = event
    const contest = { contestedBy, text, contestedAt: formatInstant(at) }
    return { ...rest, holdback: { ...holdback, contest } }
  }
  const { receipt, receiptHash } = event
  return { ...rest, receipt, receiptHash, partition: partsOf(receipt) }
}

type Conclusion = Extract<
  GateEvent,
  {
    type:
      | 'settlementDecided'
      | 'gateHeldForReview'
      | 'gateSettled'
      | 'gateResolved'
      | 'gateVoided'
      | 'gateExpired'
  }
>

function conclude(gate: Gate, event: Conclusion): Gate {
  switch (event.type) {
    case 'settlementDecided':
      if (gate.status !== 'executed') throw outOfOrder(gate, event)
      return { ...gate, status: 'review', settlementDecision: event.record, receiptHash: '' }
    case 'gateHeldForReview':
    case 'gateSettled': {
      if (gate.status !== 'review') throw outOfOrder(gate, event)
      // Held is said once, right after the verdict that says so.
      const isHeld = gate.receiptHash !== ''
      if (isHeld && event.type === 'gateHeldForReview') throw outOfOrder(gate, event)
      const { receipt, receiptHash } = event
      const partition = partsOf(receipt)
      if (event.type === 'gateHeldForReview') return { ...gate, receiptHash, partition }
      const settled = { ...gate, status: 'settled', receipt, receiptHash, partition } as const
      const { heldUntil } = receipt
      return heldUntil === undefined ? settled : { ...settled, holdback: { until: heldUntil } }
    }
    case 'gateResolved':
      return resolved(gate, event)
    case 'gateVoided':
    case 'gateExpired': {
      const isWaiting = gate.status === 'waiting' && event.type === 'gateExpired'
      // INVARIANT(unknown): once a credential was presented, only its disproof voids.
      const isDisproved =
        gate.status === 'executing' &&
        gate.payment?.state === 'failed' &&
        event.type === 'gateVoided'
      if (gate.status !== 'authorized' && !isWaiting && !isDisproved) throw outOfOrder(gate, event)
      const status = event.type === 'gateVoided' ? 'voided' : 'expired'
      const { receipt, receiptHash } = event
      const rest = gate.status === 'waiting' ? { ...gate, authorization: null, claims: [] } : gate
      return { ...rest, status, receipt, receiptHash, partition: partsOf(receipt) }
    }
    default:
      return unreachable(event)
  }
}

/** INVARIANT(approval): a person divides what is in review, or held back and contested. */
function resolved(gate: Gate, event: Extract<Conclusion, { type: 'gateResolved' }>): Gate {
  const { receipt, receiptHash } = event
  const ended = { receipt, receiptHash, partition: partsOf(receipt) }
  if (gate.status === 'settled' && gate.holdback?.contest !== undefined) {
    const { holdback: _, ...rest } = gate
    return { ...rest, ...ended }
  }
  if (gate.status !== 'review' || gate.receiptHash === '') throw outOfOrder(gate, event)
  return { ...gate, status: 'settled', ...ended }
}

function heldWhole(principal: string): Partition {
  return { principal, released: '0', refunded: '0', captured: '0', held: principal }
}

function partsOf(receipt: SettlementReceipt): Partition {
  const { principal, released, refunded, captured, held } = receipt
  return { principal, released, refunded, captured, held }
}

function outOfOrder(gate: Gate, event: GateEvent): Error {
  return new Error(`${event.type} after ${gate.status}`)
}
