/**
 * Which budgets one payment counts against: every grant of its chain, who pays, and the tenant.
 *
 * The subject is never a policy version, so that editing a profile resets nothing.
 * Rules: spec/decision.md.
 *
 * @module
 */
import {
  type CounterFacts,
  formatInstant,
  type GrantFacts,
  type Id,
  type Instant,
} from '@surety/protocol'
import type { CompiledUnit, PeriodLimits } from './profile/units.ts'

export type CounterKey = Pick<CounterFacts, 'subject' | 'asset' | 'period' | 'start'>

/**
 * INVARIANT(budget): every counter that bounds this payment, now or after an edit of the profile.
 * A grant is counted only on the dimensions it bounds, which never change.
 */
export function countersOf(
  chain: readonly Pick<GrantFacts, 'grantHash' | 'bounds'>[],
  payerId: Id<'prn'> | undefined,
  asset: string,
  at: Instant,
): readonly CounterKey[] {
  const { day, month } = periodsAt(formatInstant(at))
  const keys: CounterKey[] = []
  for (const { grantHash, bounds } of chain) {
    const subject = `grant:${grantHash}`
    if (bounds.perDay !== undefined) keys.push({ subject, asset, period: 'day', start: day })
    if (bounds.total !== undefined) keys.push({ subject, asset, period: 'total', start: null })
    if (bounds.count !== undefined) keys.push({ subject, asset: '*', period: 'count', start: null })
  }
  const subjects = payerId === undefined ? ['tenant'] : [`principal:${payerId}`, 'tenant']
  for (const subject of subjects) {
    keys.push({ subject, asset, period: 'day', start: day })
    keys.push({ subject, asset, period: 'month', start: month })
    keys.push({ subject, asset, period: 'total', start: null })
  }
  return keys
}

/**
 * What else a profile must know that limits a unit: what is used of the other assets of the unit.
 * They are read and not claimed; the payment counts on the counters of its own asset.
 */
export function unitCountersOf(
  units: ReadonlyMap<string, CompiledUnit>,
  payerId: Id<'prn'> | undefined,
  asset: string,
  at: Instant,
): readonly CounterKey[] {
  const unit = units.get(asset)
  if (unit === undefined) return []
  const periods = periodsAt(formatInstant(at))
  const keys: CounterKey[] = []
  const add = (subject: string, limits: PeriodLimits): void => {
    for (const period of ['day', 'month', 'total'] as const) {
      if (limits[period] === undefined) continue
      const start = period === 'total' ? null : periods[period]
      for (const other of unit.factors.keys()) {
        if (other !== asset) keys.push({ subject, asset: other, period, start })
      }
    }
  }
  if (payerId !== undefined) add(`principal:${payerId}`, unit.payer)
  add('tenant', unit.tenant)
  return keys
}

/** How much of a counter one payment takes: its amount, or one use. */
export function shareOf(key: CounterKey, amount: bigint): bigint {
  return key.period === 'count' ? 1n : amount
}

/** The counters of some facts by subject, so that a chain of any depth is read once. */
export type CounterIndex = ReadonlyMap<string, readonly CounterFacts[]>

export function indexOf(counters: readonly CounterFacts[]): CounterIndex {
  const index = new Map<string, CounterFacts[]>()
  for (const counter of counters) {
    const own = index.get(counter.subject)
    if (own === undefined) index.set(counter.subject, [counter])
    else own.push(counter)
  }
  return index
}

/**
 * What the facts say is used of a counter, reserved and spent together. A budget that was not
 * counted, or counted twice, cannot be said to have room: `undefined`.
 */
export function usedOf(index: CounterIndex, key: CounterKey): bigint | undefined {
  let found: CounterFacts | undefined
  for (const counter of index.get(key.subject) ?? []) {
    const { period, asset, start } = counter
    if (period !== key.period || asset !== key.asset || start !== key.start) continue
    if (found !== undefined) return undefined
    found = counter
  }
  return found === undefined ? undefined : BigInt(found.reserved) + BigInt(found.spent)
}

/** The UTC day and month of an instant of the wire form, as counters name them. */
export function periodsAt(at: string): { readonly day: string; readonly month: string } {
  return { day: `${at.slice(0, 10)}T00:00:00.000Z`, month: `${at.slice(0, 7)}-01T00:00:00.000Z` }
}
