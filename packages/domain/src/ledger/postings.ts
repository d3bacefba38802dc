/**
 * Which transfers the facts of other modules cause. Nothing else moves money.
 *
 * @module
 */
import type { AssetId, Division, Id, OperatorActionOf } from '@surety/protocol'
import type { AccountName, Transfer } from './ledger.ts'

interface Posting {
  readonly debit: AccountName
  readonly credit: AccountName
  readonly amount: bigint
  readonly asset: AssetId
}

function posted(transferId: Id<'trf'>, posting: Posting): Transfer {
  return { transferId, ...posting }
}

/** A confirmed movement into the house: the rail owes it, the principal owns it. */
export function depositPosting(
  action: OperatorActionOf<'deposit'>,
  transferId: Id<'trf'>,
): Transfer {
  const { principalId, amount, asset } = action.deposit
  return posted(transferId, {
    debit: 'rail:ledger',
    credit: `principal:${principalId}`,
    amount: BigInt(amount),
    asset,
  })
}

interface Held {
  readonly holdId: Id<'hld'>
  readonly payerId: Id<'prn'>
  readonly payee: Id<'prn'>
  readonly amount: bigint
  readonly asset: AssetId
}

/** INVARIANT(partition): the money of one gate goes to an account that only this gate can spend. */
export function holdPosting(held: Held, transferId: Id<'trf'>): Transfer {
  const { holdId, payerId, amount, asset } = held
  return posted(transferId, {
    debit: `principal:${payerId}`,
    credit: `hold:${holdId}`,
    amount,
    asset,
  })
}

/** The hold goes to whom the verdict names: the payee, or back to the payer. */
export function closingPosting(
  held: Held,
  to: 'release' | 'refund',
  transferId: Id<'trf'>,
): Transfer {
  const { holdId, payerId, payee, amount, asset } = held
  return posted(transferId, {
    debit: `hold:${holdId}`,
    credit: `principal:${to === 'release' ? payee : payerId}`,
    amount,
    asset,
  })
}

/** What a wallet of a rail mirrors. */
export function walletAccount(rail: string, walletId: Id<'wlt'>): AccountName {
  return `rail:${rail}/${walletId}`
}

/** INVARIANT(books): what the rail has taken leaves the hold, and the mirror with it. */
export function capturePosting(
  held: Pick<Held, 'holdId' | 'amount' | 'asset'>,
  wallet: AccountName,
  transferId: Id<'trf'>,
): Transfer {
  const { holdId, amount, asset } = held
  return posted(transferId, { debit: `hold:${holdId}`, credit: wallet, amount, asset })
}

/** A confirmed movement into a wallet: of its owner if it is known to be, else in suspense. */
export function inboundPosting(
  inbound: { readonly wallet: AccountName; readonly amount: bigint; readonly asset: AssetId },
  to: AccountName,
  transferId: Id<'trf'>,
): Transfer {
  const { wallet, amount, asset } = inbound
  return posted(transferId, { debit: wallet, credit: to, amount, asset })
}

/** What lay in suspense is found to be somebody's. */
export function fundingPosting(
  funding: {
    readonly walletId: Id<'wlt'>
    readonly ownerId: Id<'prn'>
    readonly amount: bigint
    readonly asset: AssetId
  },
  transferId: Id<'trf'>,
): Transfer {
  const { walletId, ownerId, amount, asset } = funding
  return posted(transferId, {
    debit: `suspense:${walletId}`,
    credit: `principal:${ownerId}`,
    amount,
    asset,
  })
}

/** INVARIANT(partition): a hold divided: a part goes to the payee, the rest back to the payer. */
export function dividingPostings(
  held: Held,
  division: Division,
  newId: () => Id<'trf'>,
): readonly Transfer[] {
  const parts = [
    { to: 'release', amount: BigInt(division.released) },
    { to: 'refund', amount: BigInt(division.refunded) },
  ] as const
  return parts
    .filter(({ amount }) => amount > 0n)
    .map(({ to, amount }) => closingPosting({ ...held, amount }, to, newId()))
}
