/**
 * What a command about a gate must agree on with the gate itself. The shell builds authorizations,
 * receipts and transfers from the gate; one that differs is an error of ours, hence a fault.
 *
 * @module
 */
import type {
  Authorization,
  Hash,
  PolicyDecision,
  ProviderResponse,
  SettlementDecisionRecord,
  SettlementReceipt,
} from '@surety/protocol'
import type { Gate, Partition, Resolution, TransferRecord } from './state.ts'

type Declared = Extract<Gate, { status: 'declared' }>
type Undecided = Declared | Extract<Gate, { status: 'waiting' }>

/** A decision is on this gate and its intent, and follows the one before it. */
export function ensureDecision(gate: Undecided, decision: PolicyDecision): void {
  const before = gate.status === 'waiting' ? gate : undefined
  const own = decision.gateId === gate.gateId && decision.intentHash === gate.intentHash
  if (!own) throw new Error('a decision on another gate or intent')
  const follows =
    before === undefined ||
    (decision.seq === before.decision.seq + 1 &&
      decision.previousDecisionHash === before.decisionHash)
  if (!follows) throw new Error('a decision that does not follow the one before it')
}

/** INVARIANT(binding): what is authorized is what was decided, and what is held pays for it. */
export function ensureAuthorization(
  { intent, gateId }: Undecided,
  decision: PolicyDecision,
  authorized: {
    readonly decisionHash: Hash
    readonly authorization: Authorization
    readonly transfer: TransferRecord
  },
): void {
  const { authorization, transfer, decisionHash } = authorized
  const { holdId, payerId, payee, amountMax, asset } = authorization
  const ofDecision =
    authorization.gateId === gateId &&
    authorization.decisionHash === decisionHash &&
    authorization.policyHash === decision.policyHash &&
    authorization.notAfter === decision.validUntil
  const ofIntent =
    authorization.agentId === intent.agentId &&
    authorization.grantHash === intent.grantHash &&
    authorization.rail === intent.rail &&
    authorization.nonce === intent.nonce &&
    payee === intent.payee &&
    amountMax === intent.amount &&
    asset === intent.asset
  if (!ofDecision || !ofIntent || payerId === payee) {
    throw new Error('an authorization of something else than was decided')
  }
  const expected = { debit: `principal:${payerId}`, credit: `hold:${holdId}` }
  ensureMovement(transfer, { ...expected, amount: amountMax, asset })
}

const PART_OF = {
  released: 'released',
  refunded: 'refunded',
  voided: 'refunded',
  expired: 'refunded',
  captured: 'captured',
  held: 'held',
} as const satisfies Readonly<Record<string, keyof Partition>>
export type Conclusion = keyof typeof PART_OF

/** The outcome that a verdict on the evidence has. */
export const OUTCOME_OF_VERDICT: Readonly<
  Record<
    SettlementDecisionRecord['verdict'],
    Extract<Conclusion, 'released' | 'refunded' | 'captured' | 'held'>
  >
> = { release: 'released', refund: 'refunded', capture: 'captured', review: 'held' }

/** INVARIANT(partition): released + refunded + captured + held = principal, and it is there. */
export function ensureConclusion(
  gate: Pick<Declared, 'gateId'> & { readonly authorization?: Authorization },
  outcome: Conclusion,
  receipt: SettlementReceipt,
  transfer: TransferRecord | null,
): void {
  const held = gate.authorization
  const principal = held?.amountMax ?? '0'
  const parts = { released: '0', refunded: '0', captured: '0', held: '0' }
  const expected: Partition = { ...parts, principal, [PART_OF[outcome]]: principal }
  const names = ['principal', 'released', 'refunded', 'captured', 'held'] as const
  const same = names.every((name) => receipt[name] === expected[name])
  const isOwn = receipt.gateId === gate.gateId && receipt.heldUntil === undefined
  if (!same || receipt.outcome !== outcome || !isOwn) {
    throw new Error('a receipt that does not say where the money is')
  }
  const ids = transfer === null ? [] : [transfer.transferId]
  if (receipt.transferIds.join() !== ids.join()) throw new Error('a receipt of another transfer')
  const moves = held !== undefined && outcome !== 'held'
  if (moves !== (transfer !== null)) throw new Error('an end and a transfer come together')
  if (held === undefined || transfer === null) return
  const credit = creditOf(held, outcome)
  ensureMovement(transfer, {
    debit: `hold:${held.holdId}`,
    credit,
    amount: principal,
    asset: held.asset,
  })
}

/**
 * INVARIANT(partition): a part of what is released stays where it is, and the receipt says how much
 * and until when. That it is the share of the profile is checked by whoever has the profile.
 */
export function ensureHeldBack(
  gate: Pick<Declared, 'gateId'> & { readonly authorization: Authorization },
  receipt: SettlementReceipt,
  transfer: TransferRecord | null,
): void {
  const { amountMax, asset, holdId, payee } = gate.authorization
  const { released, held } = receipt
  const holds =
    receipt.gateId === gate.gateId &&
    receipt.principal === amountMax &&
    BigInt(released) + BigInt(held) === BigInt(amountMax) &&
    held !== '0' &&
    receipt.refunded === '0' &&
    receipt.captured === '0' &&
    receipt.outcome === 'held'
  if (!holds) throw new Error('a receipt that does not say where the money is')
  const owed = released === '0' ? [] : [{ credit: `principal:${payee}`, amount: released }]
  const transfers = transfer === null ? [] : [transfer]
  ensureMovements(transfers, owed, { debit: `hold:${holdId}`, asset }, receipt)
}

type Settled = Extract<Gate, { status: 'settled' }>

/** INVARIANT(partition): what was held back goes to the payee, all of it. */
export function ensureReleased(
  gate: Settled,
  receipt: SettlementReceipt,
  transfer: TransferRecord | null,
): void {
  const { amountMax, asset, holdId, payee } = gate.authorization
  const holds =
    receipt.gateId === gate.gateId &&
    receipt.principal === amountMax &&
    receipt.released === amountMax &&
    receipt.outcome === 'released' &&
    [receipt.refunded, receipt.captured, receipt.held].every((part) => part === '0') &&
    receipt.heldUntil === undefined &&
    receipt.previousReceiptHash === gate.receiptHash
  if (!holds) throw new Error('a receipt that does not say where the money is')
  const owed = [{ credit: `principal:${payee}`, amount: gate.partition.held }]
  const transfers = transfer === null ? [] : [transfer]
  ensureMovements(transfers, owed, { debit: `hold:${holdId}`, asset }, receipt)
}

/** Where the money of a hold goes: to the payee, back to the payer, or out of the house. */
function creditOf({ payee, payerId, rail, walletRef }: Authorization, outcome: Conclusion): string {
  if (outcome === 'captured') return `rail:${rail}/${String(walletRef)}`
  return `principal:${outcome === 'released' ? payee : payerId}`
}

type Reviewed = Extract<Gate, { status: 'review' }>

/** INVARIANT(partition): what a person divides is all that is held, and goes to the two parties. */
export function ensureResolution(
  gate: Reviewed | Settled,
  resolution: Omit<Resolution, 'kid'>,
): void {
  const { receipt, transfers } = resolution
  const { amountMax, asset, holdId, payee, payerId } = gate.authorization
  const { released, refunded } = receipt
  const parts = BigInt(released) + BigInt(refunded)
  // What the payee has is the payee's: a person divides the rest.
  const rest = BigInt(released) - BigInt(gate.partition.released)
  const outcome = refunded === '0' ? 'released' : released === '0' ? 'refunded' : 'split'
  const holds =
    receipt.gateId === gate.gateId &&
    receipt.principal === amountMax &&
    parts === BigInt(amountMax) &&
    receipt.captured === '0' &&
    receipt.held === '0' &&
    rest >= 0n &&
    receipt.outcome === outcome &&
    receipt.heldUntil === undefined &&
    receipt.previousReceiptHash === gate.receiptHash
  if (!holds) throw new Error('a receipt that does not say where the money is')
  const owed = [
    { credit: `principal:${payee}`, amount: String(rest) },
    { credit: `principal:${payerId}`, amount: refunded },
  ].filter(({ amount }) => amount !== '0')
  ensureMovements(transfers, owed, { debit: `hold:${holdId}`, asset }, receipt)
}

/** Exactly these transfers, out of one hold, each named by the receipt. */
function ensureMovements(
  transfers: readonly TransferRecord[],
  owed: readonly Pick<TransferRecord, 'credit' | 'amount'>[],
  from: Pick<TransferRecord, 'debit' | 'asset'>,
  receipt: SettlementReceipt,
): void {
  const ids = transfers.map(({ transferId }) => transferId)
  if (receipt.transferIds.join() !== ids.join()) throw new Error('a receipt of other transfers')
  if (owed.length !== transfers.length) throw new Error('an end and its transfers come together')
  for (const [i, expected] of owed.entries()) {
    ensureMovement(transfers[i] as TransferRecord, { ...from, ...expected })
  }
}

function ensureMovement(
  transfer: TransferRecord,
  expected: Omit<TransferRecord, 'transferId'>,
): void {
  const { debit, credit, amount, asset } = transfer
  const same =
    debit === expected.debit &&
    credit === expected.credit &&
    amount === expected.amount &&
    asset === expected.asset
  if (!same) throw new Error('a transfer of other money than that of the gate')
}

/** Whether a provider's statement is about the authorization of this gate. */
export function isStatementOf(
  gate: Extract<Gate, { status: 'executing' }>,
  statement: ProviderResponse,
): boolean {
  const { authorization } = gate
  return (
    statement.gateId === gate.gateId &&
    statement.tenantId === gate.tenantId &&
    statement.environment === gate.environment &&
    statement.authorizationId === authorization.authorizationId &&
    statement.payee === authorization.payee &&
    statement.requestFingerprintHash === authorization.requestFingerprintHash &&
    statement.amount === authorization.amountMax &&
    statement.asset === authorization.asset
  )
}
