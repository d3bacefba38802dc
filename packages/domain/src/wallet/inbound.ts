/**
 * Money that came into a wallet: of its owner, back from a seller, or of nobody knows whom.
 *
 * A transfer is booked once, when it is final on its chain. What nobody asked for waits in suspense
 * until an operator says that it is the owner's. Rules: spec/wallet.md.
 *
 * @module
 */
import { err, type Id, ok, type Result, unreachable } from '@surety/protocol'

export interface Transferred {
  readonly walletId: Id<'wlt'>
  readonly network: string
  readonly asset: string
  readonly transaction: string
  readonly logIndex: number
  readonly blockNumber: number
  readonly from: string
  readonly amount: string
}

/** A transfer of the books, as an event records it. */
interface Booked {
  readonly transferId: Id<'trf'>
  readonly debit: string
  readonly credit: string
  readonly amount: string
  readonly asset: string
}

interface Received extends Transferred {
  readonly transfer: Booked
  /** The gate whose payment it gives back, if it is that. */
  readonly refundOf: Id<'gat'> | null
}

/** Somebody said whose it is. */
interface Funded {
  readonly transfer: Booked
  readonly by: Id<'prn'>
  readonly refundOf: Id<'gat'> | null
}

export type Inbound =
  | { readonly status: 'none' }
  | ({ readonly status: 'suspense' | 'owned' | 'refund' } & Received)

export type InboundCommand =
  | ({ readonly type: 'receive' } & Received)
  | ({ readonly type: 'fund' } & Funded)

export type InboundEvent =
  | ({ readonly type: 'inboundReceived' } & Received)
  | ({ readonly type: 'inboundFunded' } & Funded)

/** In the order they are checked. */
export type InboundRefusal = 'inbound_not_found' | 'inbound_already_booked'

export const initialInbound: Inbound = { status: 'none' }

export function decideInbound(
  inbound: Inbound,
  command: InboundCommand,
): Result<readonly InboundEvent[], InboundRefusal> {
  switch (command.type) {
    case 'receive':
      // INVARIANT(once): one transfer on a chain is one booking, however often it is seen.
      if (inbound.status !== 'none') return err('inbound_already_booked')
      return ok([{ ...command, type: 'inboundReceived' }])
    case 'fund':
      if (inbound.status === 'none') return err('inbound_not_found')
      if (inbound.status !== 'suspense') return err('inbound_already_booked')
      return ok([{ ...command, type: 'inboundFunded' }])
    default:
      return unreachable(command)
  }
}

export function evolveInbound(inbound: Inbound, event: InboundEvent): Inbound {
  switch (event.type) {
    case 'inboundReceived': {
      if (inbound.status !== 'none') throw new Error('inboundReceived twice')
      const { type: _, ...received } = event
      return { ...received, status: statusOf(event, 'suspense') }
    }
    case 'inboundFunded':
      if (inbound.status !== 'suspense') throw new Error(`inboundFunded after ${inbound.status}`)
      return { ...inbound, status: statusOf(event, 'owned'), refundOf: event.refundOf }
    default:
      return unreachable(event)
  }
}

function statusOf<Otherwise extends string>(
  { refundOf }: { readonly refundOf: Id<'gat'> | null },
  otherwise: Otherwise,
): Otherwise | 'refund' {
  return refundOf === null ? otherwise : 'refund'
}
