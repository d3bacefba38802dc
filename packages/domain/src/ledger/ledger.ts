/**
 * The books: accounts, and the transfers that debit one and credit another.
 *
 * A balance is the difference of two sums and is never edited. Per tenant and asset all accounts
 * sum to zero; no liability goes below zero; a hold is an account of its own.
 * Rules: spec/ledger.md, docs/concepts/books.md. Vectors: spec/vectors/ledger/.
 *
 * @module
 */
import {
  AMOUNT_MAX,
  type AssetId,
  err,
  type Id,
  ok,
  type Result,
  unreachable,
} from '@surety/protocol'

/**
 * `rail:<rail>` mirrors confirmed movements, a wallet's under `rail:<rail>/<wallet>`; others are
 * liabilities. What came in unasked is in `suspense:<wallet>` until somebody says whose it is.
 */
export type AccountName =
  | `rail:${string}`
  | `principal:${Id<'prn'>}`
  | `hold:${Id<'hld'>}`
  | `suspense:${Id<'wlt'>}`

export interface Account {
  readonly debits: bigint
  readonly credits: bigint
}

export interface Transfer {
  readonly transferId: Id<'trf'>
  readonly debit: AccountName
  readonly credit: AccountName
  readonly amount: bigint
  readonly asset: AssetId
}

export type LedgerCommand = {
  readonly type: 'post'
  readonly transfer: Transfer
}

export type LedgerEvent = { readonly type: 'debited' | 'credited'; readonly amount: bigint }

/** In the order they are checked. */
export type LedgerRefusal = 'amount_invalid' | 'amount_overflow' | 'funds_insufficient'

export const initial: Account = { debits: 0n, credits: 0n }

/** Whether an account holds what somebody else owns. A rail account holds what is owned. */
export function isLiability(name: AccountName): boolean {
  return !name.startsWith('rail:')
}

/** What an account holds: credits less debits of a liability, debits less credits of an asset. */
export function balanceOf(name: AccountName, account: Account): bigint {
  const net = account.credits - account.debits
  return isLiability(name) ? net : -net
}

/**
 * Whether one side of a transfer may be posted.
 *
 * INVARIANT(books): the side that pays must hold the amount, and no balance passes eighteen digits.
 * What the rails hold is what all others own together: money that came in can always go on.
 */
export function decide(
  account: Account,
  name: AccountName,
  { transfer }: LedgerCommand,
): Result<LedgerEvent, LedgerRefusal> {
  const { amount, debit, credit } = transfer
  if (debit !== name && credit !== name) throw new Error(`${name} is no side of the transfer`)
  if (amount <= 0n || debit === credit) return err('amount_invalid')
  const type = debit === name ? 'debited' : 'credited'
  const after = evolve(account, { type, amount })
  if (balanceOf(name, after) > AMOUNT_MAX) return err('amount_overflow')
  if (balanceOf(name, after) < 0n) return err('funds_insufficient')
  return ok({ type, amount })
}

export function evolve(account: Account, event: LedgerEvent): Account {
  switch (event.type) {
    case 'debited':
      return { ...account, debits: account.debits + event.amount }
    case 'credited':
      return { ...account, credits: account.credits + event.amount }
    default:
      return unreachable(event.type)
  }
}
