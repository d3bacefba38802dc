/**
 * What a rail took of a hold: all of it, or less, and then the rest goes back to the payer.
 *
 * Rules: spec/gate.md, spec/settlement.md.
 *
 * @module
 */
import type { SettlementReceipt } from '@surety/protocol'
import type { Gate, Partition, TransferRecord } from './state.ts'

type Executed = Extract<Gate, { status: 'executed' | 'review' }>

/** How the principal divides between what the rail took and what it left in the hold. */
export function takenParts({
  partition,
}: Pick<Executed, 'partition'>): Pick<Partition, 'captured' | 'refunded'> {
  return { captured: partition.captured, refunded: partition.held }
}

/**
 * INVARIANT(partition): what was taken leaves the house, what was not goes back to the payer, in
 * one commit; together they are what was held.
 */
export function ensureTaken(
  gate: Executed,
  concluded: {
    readonly receipt: SettlementReceipt
    readonly transfer: TransferRecord | null
    readonly remainder?: TransferRecord | undefined
  },
): void {
  const { receipt, transfer, remainder } = concluded
  const { amountMax: principal, asset, holdId, payerId, rail, walletRef } = gate.authorization
  const { captured, refunded } = takenParts(gate)
  const isWhole =
    receipt.gateId === gate.gateId &&
    receipt.outcome === 'captured' &&
    receipt.principal === principal &&
    receipt.captured === captured &&
    receipt.refunded === refunded &&
    receipt.released === '0' &&
    receipt.held === '0' &&
    receipt.heldUntil === undefined
  if (!isWhole) throw new Error('a receipt that does not say where the money is')
  const expected = [
    { credit: `rail:${rail}/${String(walletRef)}`, amount: captured },
    { credit: `principal:${payerId}`, amount: refunded },
  ]
  const made = [transfer, remainder]
  const isMoved = expected.every(({ credit, amount }, i) => {
    const each = made[i]
    const isOwn = each?.debit === `hold:${holdId}` && each.asset === asset && each.credit === credit
    return isOwn && each.amount === amount
  })
  const ids = made.map((each) => each?.transferId)
  if (!isMoved || receipt.transferIds.join() !== ids.join() || ids[0] === ids[1]) {
    throw new Error('a transfer of other money than that of the gate')
  }
}
