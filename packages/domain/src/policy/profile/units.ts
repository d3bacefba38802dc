/**
 * Limits of a unit: a dollar is a dollar, whatever asset carries it.
 *
 * Amounts of several assets are compared at the scale of the finest, so that nothing is rounded.
 * No counter is kept for a unit: what is used of it is the sum of what is used of its assets,
 * which are counted from the first payment on. Rules: spec/profile.md.
 *
 * @module
 */
import { ASSETS, type Profile, UNIT_DECIMALS } from '@surety/protocol'

type Written = NonNullable<Profile['limits']['units']>[number]

export interface CompiledUnit {
  readonly unit: string
  /** What an amount of each asset is multiplied by. */
  readonly factors: ReadonlyMap<string, bigint>
  readonly perRequest: bigint | undefined
  readonly payer: PeriodLimits
  readonly tenant: PeriodLimits
}

export interface PeriodLimits {
  readonly day: bigint | undefined
  readonly month: bigint | undefined
  readonly total: bigint | undefined
}

/** By asset. An asset that is not in the registry, or not of the unit, is a contradiction. */
export function compileUnits(units: readonly Written[]): ReadonlyMap<string, CompiledUnit> {
  const byAsset = new Map<string, CompiledUnit>()
  for (const written of units) {
    const compiled = compileUnit(written)
    for (const asset of written.assets) byAsset.set(asset, compiled)
  }
  return byAsset
}

function compileUnit(written: Written): CompiledUnit {
  const own = UNIT_DECIMALS.get(written.unit) ?? 0
  const decimals = written.assets.map((asset) => ASSETS.get(asset)?.decimals ?? 0)
  const finest = Math.max(own, ...decimals)
  const scaled = (max: string | undefined): bigint | undefined =>
    max === undefined ? undefined : BigInt(max) * 10n ** BigInt(finest - own)
  return {
    unit: written.unit,
    factors: new Map(
      written.assets.map((asset, i) => [asset, 10n ** BigInt(finest - (decimals[i] ?? 0))]),
    ),
    perRequest: scaled(written.perRequest),
    payer: {
      day: scaled(written.perDay),
      month: scaled(written.perMonth),
      total: scaled(written.total),
    },
    tenant: {
      day: scaled(written.tenantPerDay),
      month: scaled(written.tenantPerMonth),
      total: scaled(written.tenantTotal),
    },
  }
}
