/**
 * A wallet: what pays on a chain, for one principal. Its key lives behind a port, never here.
 *
 * A frozen wallet signs nothing new; what it signed before stays signed, and is waited for.
 * Rules: spec/wallet.md. Vectors: spec/vectors/wallet/.
 *
 * @module
 */
import { err, type Id, ok, type Result, unreachable, type WalletStatus } from '@surety/protocol'

export interface KnownWallet {
  readonly status: WalletStatus
  readonly walletId: Id<'wlt'>
  readonly ownerId: Id<'prn'>
  /** Lower case. */
  readonly address: string
  readonly name: string
  /** Whether its key was made here or brought along. */
  readonly origin: 'created' | 'imported'
  /** The block of each network up to which transfers into it were booked when it was made. */
  readonly since: Readonly<Record<string, number>>
  /** By asset, the last allowance that was ordered; a network has one asset. */
  readonly ordered?: Readonly<Record<string, OrderedAllowance>>
}
type OrderedAllowance = Omit<Allowance, 'asset' | 'by'>
export type Wallet = { readonly status: 'none' } | KnownWallet

export type WalletCommand =
  | ({ readonly type: 'create' } & Omit<KnownWallet, 'status' | 'ordered'>)
  | { readonly type: 'freeze' | 'unfreeze'; readonly reason: string }
  | ({ readonly type: 'allow' } & Allowance)

/** What credentials over Permit2 may take of a wallet's asset, all together; 0 ends it. */
export interface Allowance {
  readonly asset: string
  readonly amount: string
  readonly by: Id<'prn'>
  /** What sets it on the chain, signed and not yet sent; `null` where it was set already. */
  readonly transaction: string | null
  readonly signed: string | null
}

export type WalletEvent =
  | ({ readonly type: 'walletCreated' } & Omit<KnownWallet, 'status' | 'ordered'>)
  | { readonly type: 'walletFrozen' | 'walletUnfrozen'; readonly reason: string }
  /** Ordered; the chain says what holds. */
  | ({ readonly type: 'walletAllowanceOrdered' } & Allowance)

/** In the order they are checked. */
export type WalletRefusal =
  | 'wallet_already_exists'
  | 'wallet_not_found'
  | 'wallet_transition_illegal'
  | 'commit_wallet_frozen'

export const initial: Wallet = { status: 'none' }

export function decide(
  wallet: Wallet,
  command: WalletCommand,
): Result<readonly WalletEvent[], WalletRefusal> {
  if (command.type === 'create') {
    if (wallet.status !== 'none') return err('wallet_already_exists')
    return ok([{ ...command, type: 'walletCreated' }])
  }
  if (wallet.status === 'none') return err('wallet_not_found')
  switch (command.type) {
    case 'freeze':
      if (wallet.status !== 'active') return err('wallet_transition_illegal')
      return ok([{ type: 'walletFrozen', reason: command.reason }])
    case 'unfreeze':
      if (wallet.status !== 'frozen') return err('wallet_transition_illegal')
      return ok([{ type: 'walletUnfrozen', reason: command.reason }])
    case 'allow':
      // INVARIANT(control): what is frozen may be closed further, and not opened.
      if (wallet.status !== 'active' && command.amount !== '0') return err('commit_wallet_frozen')
      return ok([{ ...command, type: 'walletAllowanceOrdered' }])
    default:
      return unreachable(command)
  }
}

export function evolve(wallet: Wallet, event: WalletEvent): Wallet {
  if (event.type === 'walletCreated') {
    if (wallet.status !== 'none') throw new Error('walletCreated twice')
    const { type: _, ...made } = event
    return { ...made, status: 'active' }
  }
  if (wallet.status === 'none') throw new Error(`${event.type} before walletCreated`)
  if (event.type === 'walletAllowanceOrdered') {
    const { asset, amount, transaction, signed } = event
    const ordered = { ...wallet.ordered, [asset]: { amount, transaction, signed } }
    return { ...wallet, ordered }
  }
  return { ...wallet, status: event.type === 'walletFrozen' ? 'frozen' : 'active' }
}
