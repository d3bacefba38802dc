/**
 * What the facts of a gate do to books and budgets.
 *
 * @module
 */
import { gate, ledger, policy } from '@surety/domain'
import type { Id, JsonObject } from '@surety/protocol'
import type { CounterClaim, CounterName, Stamp } from '../../ports.ts'

/**
 * INVARIANT(budget): a claim is reserved at the authorization, and given back when the money goes
 * back to the payer; always on the counters that were claimed.
 */
export function claimsFor(
  names: readonly CounterName[],
  amount: string,
  what: 'reserve' | 'giveBack',
): readonly CounterClaim[] {
  return names.map((counter) => {
    const share = policy.shareOf(counter, BigInt(amount))
    return { counter, reserved: what === 'reserve' ? share : -share, spent: 0n }
  })
}

type Parts = Pick<gate.Partition, 'released' | 'captured' | 'held'>

/**
 * INVARIANT(budget): where a hold is divided, what is gone is spent, what is still held is
 * reserved, and what went back is given back. A use is spent with the first unit that leaves.
 */
export function claimsBetween(
  names: readonly CounterName[],
  before: Parts,
  after: Parts,
): readonly CounterClaim[] {
  return names.map((counter) => {
    const [was, is] = [standingOf(counter, before), standingOf(counter, after)]
    return { counter, reserved: is.reserved - was.reserved, spent: is.spent - was.spent }
  })
}

function standingOf(counter: CounterName, { released, captured, held }: Parts) {
  const gone = BigInt(released) + BigInt(captured)
  const kept = BigInt(held)
  if (counter.period !== 'count') return { reserved: kept, spent: gone }
  const isSpent = gone > 0n
  return { reserved: !isSpent && kept > 0n ? 1n : 0n, spent: isSpent ? 1n : 0n }
}

/** A transfer as its event records it. */
export function eventTransfer(transfer: ledger.Transfer): gate.TransferRecord {
  return { ...transfer, amount: String(transfer.amount) }
}

type Holding = Extract<gate.Gate, { status: 'authorized' | 'executing' | 'executed' | 'settled' }>

/**
 * The transfer out of a hold, of all of it or so much, to whom the verdict names; a capture leaves
 * the house, as much as the rail took.
 */
export function closing(
  state: Holding,
  verdict: 'release' | 'refund' | 'capture',
  transferId: Id<'trf'>,
  amount: bigint = BigInt(state.authorization.amountMax),
): ledger.Transfer {
  const { holdId, payerId, payee, asset, rail, walletRef } = state.authorization
  const held = { holdId, payerId, payee, amount, asset }
  if (verdict === 'capture') {
    if (walletRef === null) throw new Error('captured from no wallet')
    const taken = { ...held, amount: BigInt(gate.takenParts(state).captured) }
    return ledger.capturePosting(taken, ledger.walletAccount(rail, walletRef), transferId)
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
