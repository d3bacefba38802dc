/**
 * Money: an integer count of an asset's minor units, never a floating number.
 *
 * Rules, assets and limits: spec/money-and-time.md. Vectors: spec/vectors/money/.
 *
 * @module
 */
import { err, ok, type Result } from './result.ts'

/** The name of an asset with its scale, `USD/2`, or a CAIP-19 id. */
export type AssetId = string

export interface Money {
  readonly amount: bigint
  readonly asset: AssetId
}

/** An asset of the registry: the decimals of its minor unit, and the unit it is worth one of. */
export interface Asset {
  readonly id: AssetId
  readonly decimals: number
  readonly unit: string
}

/** The largest amount and balance: eighteen digits, so that sums stay within 64 bits. */
export const AMOUNT_MAX = 999_999_999_999_999_999n

/** Assets of the ledger rail. An asset that is not listed does not exist. */
export const ASSETS: ReadonlyMap<AssetId, Asset> = new Map(
  [
    { id: 'USD/2', decimals: 2, unit: 'USD' },
    { id: 'EUR/2', decimals: 2, unit: 'EUR' },
    { id: 'GBP/2', decimals: 2, unit: 'GBP' },
    { id: 'JPY/0', decimals: 0, unit: 'JPY' },
    { id: 'USDC/6', decimals: 6, unit: 'USD' },
    { id: 'EURC/6', decimals: 6, unit: 'EUR' },
  ].map((asset) => [asset.id, asset]),
)

/** The decimals in which an amount of a unit is written, whatever assets are worth one of it. */
export const UNIT_DECIMALS: ReadonlyMap<string, number> = new Map([
  ['USD', 2],
  ['EUR', 2],
  ['GBP', 2],
  ['JPY', 0],
])

const AMOUNT_TEXT = /^(?:0|[1-9]\d{0,17})$/

/** Reads the wire form of an amount: decimal digits, no sign, no leading zero, at most eighteen. */
export function parseAmount(text: string): Result<bigint, 'amount_invalid'> {
  return AMOUNT_TEXT.test(text) ? ok(BigInt(text)) : err('amount_invalid')
}

/** The sum; `amount_overflow` past `AMOUNT_MAX`, `asset_mismatch` between two assets. */
export function add(a: Money, b: Money): Result<Money, 'asset_mismatch' | 'amount_overflow'> {
  if (a.asset !== b.asset) return err('asset_mismatch')
  const amount = a.amount + b.amount
  return amount > AMOUNT_MAX ? err('amount_overflow') : ok({ amount, asset: a.asset })
}

/** The difference; `amount_negative` below zero. */
export function subtract(a: Money, b: Money): Result<Money, 'asset_mismatch' | 'amount_negative'> {
  if (a.asset !== b.asset) return err('asset_mismatch')
  const amount = a.amount - b.amount
  return amount < 0n ? err('amount_negative') : ok({ amount, asset: a.asset })
}

/** Whether `a` is no more than `b`, both of one asset. */
export function atMost(a: Money, b: Money): Result<boolean, 'asset_mismatch'> {
  return a.asset === b.asset ? ok(a.amount <= b.amount) : err('asset_mismatch')
}

/** Splits by basis points, rounded down; the remainder stays with `rest`. */
export function split(whole: Money, basisPoints: number): { part: Money; rest: Money } {
  if (!Number.isInteger(basisPoints) || basisPoints < 0 || basisPoints > 10_000) {
    throw new Error(`not basis points: ${String(basisPoints)}`)
  }
  const amount = (whole.amount * BigInt(basisPoints)) / 10_000n
  return {
    part: { amount, asset: whole.asset },
    rest: { amount: whole.amount - amount, asset: whole.asset },
  }
}
