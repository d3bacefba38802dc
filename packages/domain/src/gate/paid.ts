/**
 * A gate whose money leaves the house on presentation: what may happen to it, and what ends it.
 *
 * Handing over the credential is the commit point. Afterwards only the rail ends the hold: the
 * transfer seen, or the credential disproved. Rules: spec/payment.md, spec/gate.md.
 *
 * @module
 */
import {
  type ClaimRecord,
  err,
  type Hash,
  type Id,
  ok,
  type PaymentStatus,
  type ProblemCode,
  type ProviderResponse,
  type ResponseObservation,
  type Result,
  type SettlementReceipt,
  unreachable,
} from '@surety/protocol'
import type { GateEvent, PaidEvent } from './events.ts'
import { ensureConclusion, isStatementOf } from './soundness.ts'
import type { Gate, Observed, TransferRecord } from './state.ts'

type PaymentFact = Extract<PaidEvent, { type: 'paymentMoved' | 'paymentReported' }>

export type PaidCommand =
  | {
      readonly type: 'pay'
      readonly payments: readonly PaymentFact[]
      readonly observed: Observed | null
    }
  | { readonly type: 'claim'; readonly claim: ClaimRecord }
  | {
      readonly type: 'disprove'
      readonly payment: Extract<PaymentFact, { type: 'paymentReported' }>
      readonly receipt: SettlementReceipt
      readonly receiptHash: Hash
      readonly kid: string
      readonly transfer: TransferRecord | null
    }
  | {
      readonly type: 'reverse'
      readonly paymentId: Id<'pay'>
      readonly transaction: string
      readonly transfer: TransferRecord
    }

type Refusal = Extract<ProblemCode, 'gate_not_executing' | 'gate_settled'>
type Known = Exclude<Gate, { status: 'none' }>
type Executing = Extract<Gate, { status: 'executing' }>

export function decidePaid(
  gate: Known,
  command: PaidCommand,
): Result<readonly GateEvent[], Refusal> {
  switch (command.type) {
    case 'pay': {
      if (gate.status !== 'executing') return notExecuting(gate)
      const { payments, observed } = command
      for (const { payment } of payments) ensureOwn(gate, payment)
      if (observed !== null) ensureObserved(gate, payments, observed)
      const first: readonly GateEvent[] =
        observed === null ? [] : [{ type: 'responseObserved', ...observed }]
      return ok([...first, ...payments])
    }
    case 'claim':
      if (gate.status !== 'executed' || gate.payment?.paymentId !== command.claim.paymentId) {
        return err('gate_not_executing')
      }
      return ok([{ type: 'claimOpened', claim: command.claim }])
    case 'disprove': {
      if (gate.status !== 'executing') return notExecuting(gate)
      const { payment, type: _, ...ending } = command
      ensureOwn(gate, payment.payment)
      if (payment.payment.state !== 'failed') throw new Error('voided by what is no disproof')
      ensureConclusion(gate, 'voided', ending.receipt, ending.transfer)
      return ok([payment, { type: 'gateVoided', ...ending }])
    }
    case 'reverse':
      return reverse(gate, command)
    default:
      return unreachable(command)
  }
}

function notExecuting(gate: Known) {
  return err('executingAt' in gate ? 'gate_settled' : 'gate_not_executing')
}

/** INVARIANT(binding): what is paid is what was authorized, from the wallet that was. */
function ensureOwn(gate: Executing, payment: PaymentStatus): void {
  const { authorization, quote } = gate
  const isOwn =
    payment.gateId === gate.gateId &&
    payment.tenantId === gate.tenantId &&
    payment.amount === authorization.amountMax &&
    payment.asset === authorization.asset &&
    payment.rail === authorization.rail &&
    payment.payee === authorization.payee &&
    payment.walletId === authorization.walletRef &&
    payment.offerHash === quote?.offerHash &&
    payment.scheme === quote.scheme &&
    payment.payTo === quote.payTo &&
    payment.network === quote.network
  const follows =
    gate.payment === undefined
      ? payment.state !== 'confirmed' && payment.state !== 'failed'
      : gate.payment.paymentId === payment.paymentId && gate.payment.nonce === payment.nonce
  // INVARIANT(once): one payment a gate; a first fact that ends it would be nobody's credential.
  if (!isOwn || !follows) throw new Error('another payment than that of the gate')
}

function ensureObserved(
  gate: Executing,
  payments: readonly PaymentFact[],
  { observation, signed }: Observed,
): void {
  const { paymentId } = payments[0]?.payment ?? gate.payment ?? {}
  const isOwn = observation.gateId === gate.gateId && observation.paymentId === paymentId
  if (!isOwn) throw new Error('an observation of something else')
  if (!takesPlace(gate.observed, observation)) throw new Error('what served has stood until now')
  const isSaid = signed === undefined || isSignedFor(gate, observation, signed.statement)
  if (!isSaid) throw new Error('a statement of something else')
}

/**
 * Whether an answer takes the place of the one recorded before: the latest counts, but what served
 * stands until something serves again. INVARIANT(one-truth): what counts is judged and kept.
 */
export function takesPlace(
  recorded: Observed | undefined,
  next: Pick<ResponseObservation, 'status'>,
): boolean {
  return recorded === undefined || !isServed(recorded.observation) || isServed(next)
}

function isServed({ status }: Pick<ResponseObservation, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** INVARIANT(binding): what a payee signed counts for this authorization, and for these bytes. */
export function isSignedFor(
  gate: Executing,
  observation: ResponseObservation,
  statement: ProviderResponse,
): boolean {
  const { responseHash, status } = observation
  return (
    isStatementOf(gate, statement) &&
    statement.responseHash === responseHash &&
    statement.status === status
  )
}

function reverse(
  gate: Known,
  command: Extract<PaidCommand, { type: 'reverse' }>,
): Result<readonly GateEvent[], Refusal> {
  if (gate.status !== 'settled' || gate.payment === undefined) return err('gate_not_executing')
  const { paymentId, transaction, transfer } = command
  const { payment, authorization, refunds = [] } = gate
  const before = refunds.reduce((sum, refund) => sum + BigInt(refund.transfer.amount), 0n)
  // It came in just now, or it lay in suspense until somebody said what it is.
  const walletId = String(authorization.walletRef)
  const sources = [`rail:${authorization.rail}/${walletId}`, `suspense:${walletId}`]
  const isOwn =
    payment.paymentId === paymentId &&
    transfer.asset === payment.asset &&
    sources.includes(transfer.debit) &&
    transfer.credit === `principal:${authorization.payerId}` &&
    refunds.every((refund) => refund.transaction !== transaction) &&
    before + BigInt(transfer.amount) <= BigInt(payment.settled ?? payment.amount)
  if (!isOwn) throw new Error('a refund of another payment')
  return ok([{ type: 'refundReceived', paymentId, transaction, transfer }])
}
