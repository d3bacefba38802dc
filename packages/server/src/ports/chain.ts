/**
 * What a blockchain says: balances, single-use authorizations (EIP-3009), transfers.
 *
 * Every call has a deadline and throws `Failure('chain_unavailable')` when the node does not answer
 * well, `Failure('chain_mismatch')` when it serves another chain. Only `send` sends anything.
 *
 * @module
 */
import type { AssetId, Network, Scheme } from '@surety/protocol'
import type { PermitApproval, SignedTransaction } from './wallets.ts'

export interface Block {
  readonly number: bigint
  readonly hash: string
  /** Unix seconds, as the block states them. */
  readonly at: number
}

/** The state of the chain that an answer speaks of. */
export interface ChainView {
  /** The newest block. */
  readonly head: Block
  /** The newest block with `network.confirmations` blocks on top; the first on a young chain. */
  readonly final: Block
}

/** A transfer of a token as its contract logged it. */
export interface ChainTransfer {
  readonly txHash: string
  readonly logIndex: number
  readonly blockNumber: bigint
  readonly blockHash: string
  readonly from: string
  readonly to: string
  readonly value: bigint
  /** The authorization that moved it, if one did: 64 lower-case hexadecimal digits. */
  readonly nonce: string | null
}

export interface AuthorizationQuery {
  /** EIP-3009, or a permit of Permit2 for `upto`. */
  readonly scheme: Scheme
  readonly asset: AssetId
  readonly payer: string
  readonly payTo: string
  /** 64 lower-case hexadecimal digits. */
  readonly nonce: string
  /** The newest block when the authorization was signed: nothing older can have used it. */
  readonly sinceBlock: bigint
  /** The transaction somebody says used it: looked at first, and believed only if it did. */
  readonly hint?: string
}

/**
 * `unused` at the head is proof of never once `final.at` has reached `validBefore`. `untraced`: the
 * contract says it is spent, and the node has no record of how; ask again, or another node.
 */
export type AuthorizationFact =
  | { readonly status: 'unused' }
  | { readonly status: 'used'; readonly transfer: ChainTransfer; readonly isFinal: boolean }
  | {
      readonly status: 'cancelled'
      readonly txHash: string
      readonly blockNumber: bigint
      readonly isFinal: boolean
    }
  | { readonly status: 'untraced' }

export type Sent = SignedTransaction & { readonly from: string }
/** `open`: it may still come into a block. `gone`: another has its place, or it was undone. */
export type TransactionFate = 'done' | 'open' | 'gone'

export interface Chain {
  readonly network: Network
  view(): Promise<ChainView>
  /** Minor units at the head. */
  balance(asset: AssetId, address: string): Promise<bigint>
  /** What a wallet lets Permit2 spend, in minor units at the head. */
  allowance(asset: AssetId, address: string): Promise<bigint>
  /** Whether a contract is at an address, and not somebody's account alone. */
  isContract(address: string): Promise<boolean>
  /**
   * What a transaction that changes it would need; `null` where it is so already and `last`, signed
   * before, can no longer change it. As long as it could, its place is taken. Throws
   * `wallet_gas_missing`.
   */
  approvalTerms(query: {
    readonly asset: AssetId
    readonly from: string
    readonly allowance: bigint
    readonly last: string | null
  }): Promise<Omit<PermitApproval, 'asset' | 'allowance'> | null>
  /** What became of a signed transaction of an address. */
  fate(made: Sent): Promise<TransactionFate>
  /** Sends it, once or again, and waits until it is in a block, or another has its place. */
  send(made: Sent): Promise<Exclude<TransactionFate, 'open'>>
  /** One fact for each query, in their order, all of one view. */
  authorizations(
    queries: readonly AuthorizationQuery[],
  ): Promise<{ readonly view: ChainView; readonly facts: readonly AuthorizationFact[] }>
  /**
   * Final transfers of more than nothing to an address, the oldest first, from a block on.
   * `through` is the last block looked at: ask on from the next one.
   */
  inbound(query: {
    readonly asset: AssetId
    readonly to: string
    readonly fromBlock: bigint
  }): Promise<{ readonly transfers: readonly ChainTransfer[]; readonly through: bigint }>
  /** The transfers to an address in one transaction; none while it is not final. */
  transfersIn(query: {
    readonly asset: AssetId
    readonly to: string
    readonly txHash: string
  }): Promise<readonly ChainTransfer[]>
}
