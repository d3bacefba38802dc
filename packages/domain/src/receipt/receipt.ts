/**
 * What goes into a receipt: the signed statements that follow from a gate's facts.
 *
 * INVARIANT(receipts): a receipt is a pure function of committed events; the event names the key.
 * Rules: spec/settlement.md, spec/bundle.md.
 *
 * @module
 */
import type {
  Authorization,
  CheckResult,
  Colour,
  DecisionFacts,
  Division,
  Hash,
  Id,
  PaymentRef,
  PaymentStatus,
  PolicyDecision,
  SettlementDecisionRecord,
  SettlementReceipt,
} from '@surety/protocol'
import { VERIFIER_NAME } from '@surety/protocol'
import type { GateEvent } from '../gate/events.ts'
import type { Gate } from '../gate/state.ts'

/** The permission that an allowing decision yields. Its nonce is the intent's. */
export function authorizationOf(
  facts: DecisionFacts,
  decision: PolicyDecision,
  place: {
    readonly decisionHash: Hash
    readonly requestFingerprintHash: Hash
    readonly authorizationId: Id<'aut'>
    readonly holdId: Id<'hld'>
    readonly payerId: Id<'prn'>
  },
): Authorization {
  const { intent } = facts
  return {
    schemaVersion: 'Authorization.v1',
    authorizationId: place.authorizationId,
    tenantId: facts.tenantId,
    environment: facts.environment,
    gateId: facts.gateId,
    decisionHash: place.decisionHash,
    policyHash: decision.policyHash,
    requestFingerprintHash: place.requestFingerprintHash,
    agentId: intent.agentId,
    payerId: place.payerId,
    amountMax: intent.amount,
    asset: intent.asset,
    payee: intent.payee,
    rail: intent.rail,
    walletRef: facts.wallet?.walletId ?? null,
    grantHash: intent.grantHash,
    holdId: place.holdId,
    nonce: intent.nonce,
    issuedAt: decision.decidedAt,
    notAfter: decision.validUntil,
  }
}

type Executed = Extract<Gate, { status: 'executed' }>
type Ending = Extract<Gate, { status: 'authorized' | 'waiting' | 'executing' }>

/** The verdict on the evidence, stated. */
export function settlementDecisionOf(
  gate: Executed,
  judged: {
    readonly colour: Colour
    readonly checks: readonly CheckResult[]
    readonly verdict: SettlementDecisionRecord['verdict']
    readonly at: string
  },
): SettlementDecisionRecord {
  return {
    schemaVersion: 'SettlementDecisionRecord.v2',
    tenantId: gate.tenantId,
    environment: gate.environment,
    gateId: gate.gateId,
    colour: judged.colour,
    basis: basisOf(gate),
    verifier: VERIFIER_NAME,
    checks: [...judged.checks],
    evidenceHashes: [gate.evidenceHash, gate.observed?.signed?.statementHash].filter(
      (hash) => typeof hash === 'string',
    ),
    verdict: judged.verdict,
    policyHash: gate.authorization.policyHash,
    requestFingerprintHash: gate.authorization.requestFingerprintHash,
    decisionHash: gate.decisionHash,
    decidedAt: judged.at,
  }
}

/** On whose word a verdict rests: the payee's own, what Surety saw, or nobody's. */
function basisOf({ evidenceHash, observed }: Executed): SettlementDecisionRecord['basis'] {
  if (evidenceHash === null) return 'none'
  return observed === undefined || observed.signed !== undefined ? 'signed' : 'observed'
}

interface Closing {
  readonly settlementDecisionHash: Hash | null
  readonly transferId: Id<'trf'> | null
  /** Of what the rail left of the hold. */
  readonly remainderId?: Id<'trf'> | undefined
  readonly at: string
}

/** A part of what is released that is not paid yet. */
export interface HeldBack {
  readonly amount: bigint
  readonly until: string
}

/** Where the money is after a verdict: with the payee, back with the payer, or still held. */
export function settlementReceiptOf(
  gate: Executed,
  verdict: SettlementDecisionRecord['verdict'],
  closing: Closing & { readonly heldBack?: HeldBack | null },
): SettlementReceipt {
  const outcome = {
    release: 'released',
    refund: 'refunded',
    capture: 'captured',
    review: 'held',
  } as const
  const whole = receiptOf(gate, outcome[verdict], closing)
  const { remainderId, heldBack = null } = closing
  if (heldBack !== null) {
    const released = String(BigInt(whole.released) - heldBack.amount)
    const held = String(heldBack.amount)
    return { ...whole, outcome: 'held', released, held, heldUntil: heldBack.until }
  }
  if (verdict !== 'capture' || remainderId === undefined) return whole
  const transferIds = [...whole.transferIds, remainderId]
  const { captured, held: refunded } = gate.partition
  return { ...whole, captured, refunded, transferIds }
}

type Settled = Extract<Gate, { status: 'settled' }>

/** Where the money is after what was held back went on: with the payee, all of it. */
export function holdbackReceiptOf(
  gate: Settled,
  closing: Closing & { readonly settlementDecisionHash: Hash },
): SettlementReceipt {
  const whole = receiptOf(gate, 'released', closing)
  return { ...whole, previousReceiptHash: gate.receiptHash }
}

/** Where the money is after a gate ended without an effect: back with the payer. */
export function endingReceiptOf(
  gate: Ending,
  as: 'voided' | 'expired',
  closing: Closing,
): SettlementReceipt {
  return receiptOf(gate, as, closing)
}

function receiptOf(
  gate: Executed | Ending | Reviewed | Settled,
  outcome: SettlementReceipt['outcome'],
  closing: Closing,
): SettlementReceipt {
  const held = 'authorization' in gate ? gate : undefined
  const principal = held?.authorization.amountMax ?? '0'
  const parts = { released: '0', refunded: '0', captured: '0', held: '0' }
  const part =
    outcome === 'released' || outcome === 'held' || outcome === 'captured' ? outcome : 'refunded'
  return {
    schemaVersion: 'SettlementReceipt.v1',
    tenantId: gate.tenantId,
    environment: gate.environment,
    gateId: gate.gateId,
    authorizationHash: held?.authorizationHash ?? null,
    settlementDecisionHash: closing.settlementDecisionHash,
    outcome,
    principal,
    ...parts,
    [part]: principal,
    asset: gate.intent.asset,
    payerId: held?.authorization.payerId ?? null,
    payee: gate.intent.payee,
    transferIds: closing.transferId === null ? [] : [closing.transferId],
    paymentRef: 'payment' in gate && gate.payment !== undefined ? refOf(gate.payment) : null,
    previousReceiptHash: null,
    at: closing.at,
  }
}

function refOf({ paymentId, network, nonce, transaction }: PaymentStatus): PaymentRef {
  return { paymentId, network, nonce, transaction }
}

type Reviewed = Extract<Gate, { status: 'review' }>

/** Where the money is after a person divided what was held: in review, or held back. */
export function resolutionReceiptOf(
  gate: Reviewed | Settled,
  division: Division,
  closing: {
    readonly settlementDecisionHash: Hash
    readonly transferIds: readonly Id<'trf'>[]
    readonly at: string
  },
): SettlementReceipt {
  const released = String(BigInt(gate.partition.released) + BigInt(division.released))
  const { refunded } = division
  const outcome = refunded === '0' ? 'released' : released === '0' ? 'refunded' : 'split'
  const { settlementDecisionHash, transferIds, at } = closing
  const held = receiptOf(gate, 'held', { settlementDecisionHash, transferId: null, at })
  return {
    ...held,
    outcome,
    released,
    refunded,
    held: '0',
    transferIds: [...transferIds],
    previousReceiptHash: gate.receiptHash,
  }
}

export type ReceiptObject =
  | PaymentStatus
  | PolicyDecision
  | Authorization
  | SettlementDecisionRecord
  | SettlementReceipt

/** The statement that a fact of a gate obliges Surety to sign, if any, and with which key. */
export function receiptOfEvent(
  event: GateEvent,
): { readonly object: ReceiptObject; readonly kid: string } | undefined {
  switch (event.type) {
    case 'decisionRecorded':
      return { object: event.decision, kid: event.kid }
    case 'gateAuthorized':
      return { object: event.authorization, kid: event.kid }
    case 'settlementDecided':
      return { object: event.record, kid: event.kid }
    case 'paymentReported':
      return { object: event.payment, kid: event.kid }
    case 'gateHeldForReview':
    case 'gateSettled':
    case 'gateResolved':
    case 'holdbackReleased':
    case 'gateVoided':
    case 'gateExpired':
      return { object: event.receipt, kid: event.kid }
    case 'gateDeclared':
    case 'executionStarted':
    case 'evidenceAccepted':
    case 'evidenceTimedOut':
    case 'paymentMoved':
    case 'responseObserved':
    case 'claimOpened':
    case 'refundReceived':
    case 'holdbackContested':
      return undefined
  }
}
