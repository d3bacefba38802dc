/**
 * The keys that pay. They are used through this port; nothing on it gives one away.
 *
 * @module
 */
import type { AssetId, Result } from '@surety/protocol'

/** EIP-3009 `TransferWithAuthorization`: good once, by anybody who has it, within its window. */
export interface TransferAuthorization {
  /** Of the registry: contract, chain and signature domain follow from it. */
  readonly asset: AssetId
  readonly to: string
  readonly value: bigint
  /** Unix seconds; valid strictly after. */
  readonly validAfter: number
  /** Unix seconds; valid strictly before. */
  readonly validBefore: number
  /** 64 lower-case hexadecimal digits. */
  readonly nonce: string
}

/** Permit2 with the witness of `upto`: good once, by its facilitator, for at most `value`. */
export interface TransferPermit extends TransferAuthorization {
  /** Who alone may take it. */
  readonly facilitator: string
}

/** ERC-20 `approve` for Permit2 and nobody else, as a transaction of the wallet's own. */
export interface PermitApproval {
  readonly asset: AssetId
  /** Minor units; what may be taken by credentials that the wallet signs. */
  readonly allowance: bigint
  /** The count of the wallet's transactions, and what may be paid for this one. */
  readonly count: number
  readonly gas: bigint
  readonly feePerGas: bigint
  readonly tipPerGas: bigint
}

/** A transaction as it is sent, and its hash; `0x` and lower-case hexadecimal digits. */
export interface SignedTransaction {
  readonly signed: string
  readonly transaction: string
}

export interface Wallets {
  /** A new key; answers its address. */
  create(): Promise<string>
  /**
   * Takes a private key of 64 hexadecimal digits, with or without `0x`; answers its address. One
   * that is kept already stays as it is: whether a wallet uses it, the books know.
   */
  import(privateKey: string): Promise<Result<string, 'wallet_key_invalid'>>
  /** Every address there is a key for, sorted. */
  list(): Promise<readonly string[]>
  /**
   * The signature, `0x` and 130 digits; the same for the same input. Throws
   * `Failure('wallet_key_missing')`, or `Failure('wallet_key_unreadable')` for a key that was kept
   * under another secret or was changed.
   */
  signTransfer(address: string, transfer: TransferAuthorization): Promise<string>
  /** Likewise, over Permit2: valid up to and including `validBefore`. */
  signPermit(address: string, permit: TransferPermit): Promise<string>
  signApproval(address: string, approval: PermitApproval): Promise<SignedTransaction>
}
