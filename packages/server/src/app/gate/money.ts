/**
 * What the facts of a gate do to books and budgets.
 *
 * @module
 */
import { gate, ledger, policy } from '@surety/domain'
import type { Id, JsonObject } from '@surety/protocol'
import type { CounterClaim, CounterName, Stamp } from '../../ports.ts'

/**
 * INVARIANT(budget): a claim is reserved at the authorization, spent by what leaves, and given back
 * when the money goes back to the payer; always on the counters that were claimed.
 */
export function claimsFor(
  names: readonly CounterName[],
  amount: string,
  what: 'reserve' | 'spend' | 'giveBack',
): readonly CounterClaim[] {
  return names.map((counter) => {
    const share = policy.shareOf(counter, BigInt(amount))
    const reserved = what === 'reserve' ? share : -share
    return { counter, reserved, spent: what === 'spend' ? share : 0n }
  })
}

/** INVARIANT(budget): of what was claimed at the most, a part is spent; the rest is free again. */
export function partSpent(
  names: readonly CounterName[],
  claimed: string,
  spent: string,
): readonly CounterClaim[] {
  return names.map((counter) => ({
    counter,
    reserved: -policy.shareOf(counter, BigInt(claimed)),
    spent: policy.shareOf(counter, BigInt(spent)),
  }))
}

/** A transfer as its event records it. */
export function eventTransfer(transfer: ledger.Transfer): gate.TransferRecord {
  return { ...transfer, amount: String(transfer.amount) }
}

type Holding = Extract<gate.Gate, { status: 'authorized' | 'executing' | 'executed' }>

/**
 * The transfer that empties a hold, to whom the verdict names; a capture leaves the house, as much
 * as the rail took.
 */
export function closing(
  state: Holding,
  verdict: 'release' | 'refund' | 'capture',
  transferId: Id<'trf'>,
): ledger.Transfer {
  const { holdId, payerId, payee, amountMax, asset, rail, walletRef } = state.authorization
  const held = { holdId, payerId, payee, amount: BigInt(amountMax), asset }
  if (verdict === 'capture') {
    if (walletRef === null) throw new Error('captured from no wallet')
    const amount = BigInt(gate.takenParts(state).captured)
    return ledger.capturePosting(
      { ...held, amount },
      ledger.walletAccount(rail, walletRef),
      transferId,
    )
  }
  return ledger.closingPosting(held, verdict, transferId)
}

/** What the rail left of a hold goes back to the payer; `undefined` if it took all. */
export function returning(state: Holding, newId: () => Id<'trf'>): ledger.Transfer | undefined {
  const { holdId, payerId, payee, asset } = state.authorization
  const amount = BigInt(gate.takenParts(state).refunded)
  if (amount === 0n) return undefined
  return ledger.closingPosting({ holdId, payerId, payee, amount, asset }, 'refund', newId())
}

/** What is told to the outside of a gate's fact: ids and words, nothing of the request. */
export function noticeOf(state: Exclude<gate.Gate, { status: 'none' }>, stamp: Stamp): JsonObject {
  const { gateId, status } = state
  const reasonCode = 'decision' in state ? state.decision.reasonCode : null
  return { gateId, state: status, reasonCode, at: stamp.atText }
}
