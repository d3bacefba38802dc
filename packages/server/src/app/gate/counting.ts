/**
 * What a decision counts beside the budgets it claims: the rates of the profile, and what is used
 * of the other assets of a unit. Named before the transaction, read and claimed in it.
 *
 * @module
 */
import { policy } from '@surety/domain'
import {
  AMOUNT_MAX,
  type DecisionFacts,
  type Id,
  type Instant,
  type RateFacts,
} from '@surety/protocol'
import type { Counter, CounterClaim, CounterName, RateName } from '../../ports.ts'

export interface Counting {
  /** Counters of other assets of the unit: read, never claimed. */
  readonly watched: readonly CounterName[]
  readonly rates: policy.RatesNeeded
}

/** Of several profiles, as where one watches beside the one that rules: what any of them needs. */
export function countingOf(
  profiles: readonly policy.CompiledProfile[],
  intent: DecisionFacts['intent'],
  payerId: Id<'prn'> | undefined,
  at: Instant,
): Counting {
  const needed = profiles.map((each) => policy.ratesOf(each.rates, intent, payerId, at))
  const watched = profiles.flatMap((each) =>
    policy.unitCountersOf(each.units, payerId, intent.asset, at),
  )
  return {
    watched: unique(watched),
    rates: {
      reads: unique(needed.flatMap(({ reads }) => reads)),
      claims: unique(needed.flatMap(({ claims }) => claims)),
    },
  }
}

function unique<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()]
}

/** The quarters of every rate that is read, one after another. */
export function rateNames({ rates }: Counting): readonly RateName[] {
  return rates.reads.flatMap((rate) => rate.starts.map((start) => rateName({ ...rate, start })))
}

function rateName({ subject, windowMs, start }: policy.RateBucket): RateName {
  return { subject, asset: `window:${windowMs}`, period: 'rate', start }
}

/** The counts, from the quarters in the order of `rateNames`. */
export function rateFacts({ rates }: Counting, quarters: readonly Counter[]): RateFacts[] {
  let next = 0
  return rates.reads.map(({ subject, windowMs, starts }) => {
    const own = quarters.slice(next, next + starts.length)
    next += starts.length
    return { subject, windowMs, count: own.reduce((sum, { spent }) => sum + Number(spent), 0) }
  })
}

/** One more of everything the request counts for. Nothing gives it back. */
export function rateClaims({ rates }: Counting): readonly CounterClaim[] {
  return rates.claims.map((bucket) => ({
    counter: rateName(bucket),
    reserved: 0n,
    spent: 1n,
  }))
}

/** A count that could not be kept exactly is not begun: afterwards nothing may stop the money. */
export const FULL = {
  type: 'refuse',
  code: 'amount_overflow',
  detail: 'a budget counter is full',
} as const

/** Whether what is allowed is more than can be counted. What is denied counts nothing. */
export function isFull(
  { counters }: { readonly counters: readonly Counter[] },
  { intent }: { readonly intent: Pick<DecisionFacts['intent'], 'amount'> },
  status: string,
): boolean {
  const amount = BigInt(intent.amount)
  const isOver = ({ reserved, spent }: Counter) => reserved + spent + amount > AMOUNT_MAX
  return status === 'authorized' && counters.some(isOver)
}
