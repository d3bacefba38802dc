/**
 * What may be true of a gate. Each state carries all that led to it.
 *
 * @module
 */
import type {
  Authorization,
  ClaimRecord,
  Environment,
  ExecutionIntent,
  Hash,
  Id,
  PaymentStatus,
  PolicyDecision,
  ProviderResponse,
  Quote,
  ResponseObservation,
  SettlementDecisionRecord,
  SettlementReceipt,
} from '@surety/protocol'
import type { CounterKey } from '../policy/counters.ts'

/** A transfer as an event records it: amounts are text. */
export interface TransferRecord {
  readonly transferId: Id<'trf'>
  readonly debit: string
  readonly credit: string
  readonly amount: string
  readonly asset: string
}

/** How a person divided what was held, in review or back: one or two transfers, one receipt. */
export interface Resolution {
  readonly approvalId: Id<'apr'>
  readonly recordHash: Hash
  readonly receipt: SettlementReceipt
  readonly receiptHash: Hash
  readonly kid: string
  readonly transfers: readonly TransferRecord[]
}

export type GateStatus = Exclude<Gate['status'], 'none'>

/** What Surety saw come back, and what the payee signed of it, if it did. */
export interface Observed {
  readonly evidenceHash: Hash
  readonly observation: ResponseObservation
  readonly signed?: { readonly statementHash: Hash; readonly statement: ProviderResponse }
}

interface Declared {
  readonly gateId: Id<'gat'>
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly intent: ExecutionIntent
  readonly intentHash: Hash
  /** `null`: nobody signed it; its agent's API key stands for it, where the profile says so. */
  readonly intentKid: string | null
  readonly declaredAt: string
  /** What the seller asks for, and what pays it: of gates whose money leaves the house. */
  readonly quote?: Quote
  readonly walletId?: Id<'wlt'>
}
interface Decided extends Declared {
  readonly decision: PolicyDecision
  readonly decisionHash: Hash
}
/** Where the money of a gate is, in minor units; the four parts make up the principal. */
export interface Partition {
  readonly principal: string
  readonly released: string
  readonly refunded: string
  readonly captured: string
  readonly held: string
}
interface Authorized extends Decided {
  readonly authorization: Authorization
  readonly authorizationHash: Hash
  readonly claims: readonly CounterKey[]
  readonly partition: Partition
}
interface Executing extends Authorized {
  readonly executorId: Id<'prn'>
  readonly executingAt: string
  readonly evidenceBy: string
  readonly payment?: PaymentStatus
  readonly observed?: Observed
}
interface Executed extends Executing {
  readonly statement: ProviderResponse | null
  readonly evidenceHash: Hash | null
  readonly claim?: ClaimRecord
}
interface Judged extends Executed {
  readonly settlementDecision: SettlementDecisionRecord
  readonly receiptHash: Hash
}
/** Money that came back after the end: a payment of its own that names what it reverses. */
export interface Refund {
  readonly transaction: string
  readonly transfer: TransferRecord
}
/** What stays in the hold of a settled gate, until when, and who said it should not go on. */
export interface Holdback {
  readonly until: string
  readonly contest?: {
    readonly contestedBy: Id<'prn'>
    /** Attacker-controlled. */
    readonly text: string
    readonly contestedAt: string
  }
}
interface Settled extends Judged {
  readonly receipt: SettlementReceipt
  /** Absent: nothing is held back, or it has gone where it was to go. */
  readonly holdback?: Holdback
  readonly refunds?: readonly Refund[]
}
interface Ended extends Decided {
  readonly authorization: Authorization | null
  readonly claims: readonly CounterKey[]
  readonly partition: Partition
  readonly receipt: SettlementReceipt
  readonly receiptHash: Hash
  readonly payment?: PaymentStatus
}

export type Gate =
  | { readonly status: 'none' }
  | ({ readonly status: 'declared' } & Declared)
  | ({ readonly status: 'waiting' } & Decided)
  | ({ readonly status: 'denied' } & Decided)
  | ({ readonly status: 'authorized' } & Authorized)
  | ({ readonly status: 'executing' } & Executing)
  | ({ readonly status: 'executed' } & Executed)
  | ({ readonly status: 'review' } & Judged)
  | ({ readonly status: 'settled' } & Settled)
  | ({ readonly status: 'voided' } & Ended)
  | ({ readonly status: 'expired' } & Ended)
