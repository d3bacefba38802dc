/**
 * How often, and how soon after: counts in a window that slides with the clock.
 *
 * A window is counted in quarters. A decision reads five of them, which cover the whole window and
 * at most a quarter more: so no window of that length ever holds more than the rule allows.
 * Each rule costs five rows to read and one to write, whatever has happened before.
 * Rules: spec/decision.md.
 *
 * @module
 */
import {
  type ExecutionIntent,
  ensureInstant,
  formatInstant,
  type Id,
  type Instant,
  type Profile,
  type RateFacts,
  type RateRule,
  type SequenceRule,
} from '@surety/protocol'
import { type MatchIndex, matchIndexOf, matching } from './profile/match.ts'

export const RATE_QUARTERS = 4

export interface CompiledRates {
  readonly rates: MatchIndex<RateRule>
  /** The sequences by what must not come next, and by what comes first. */
  readonly next: MatchIndex<SequenceRule>
  readonly first: MatchIndex<SequenceRule>
}

export function compileRates(profile: Profile): CompiledRates {
  const { rates = [], sequences = [] } = profile
  return {
    rates: matchIndexOf(rates, (rule) => rule.match ?? {}),
    next: matchIndexOf(sequences, (rule) => rule.next),
    first: matchIndexOf(sequences, (rule) => rule.first),
  }
}

export type RateRow = Pick<RateFacts, 'subject' | 'windowMs'>

/** A quarter of a window that is counted. */
export interface RateBucket extends RateRow {
  readonly start: string
}

export interface RatesNeeded {
  /** What the decision must know, and the quarters that are added up for it. */
  readonly reads: readonly (RateRow & { readonly starts: readonly string[] })[]
  /** What an allowing decision adds one to. */
  readonly claims: readonly RateBucket[]
}

/** Which counts a decision reads, and which an allowance adds to. */
export function ratesOf(
  { rates, next, first }: CompiledRates,
  intent: ExecutionIntent,
  payerId: Id<'prn'> | undefined,
  at: Instant,
): RatesNeeded {
  const rows = matching(rates, intent).map((rule) => rowOf('rate', rule, intent, payerId))
  const followed = matching(next, intent).map((rule) => rowOf('sequence', rule, intent, payerId))
  const begun = matching(first, intent).map((rule) => rowOf('sequence', rule, intent, payerId))
  return {
    reads: [...rows, ...followed].map((row) => ({ ...row, starts: quartersAt(row.windowMs, at) })),
    claims: [...rows, ...begun].map((row) => ({
      ...row,
      start: quartersAt(row.windowMs, at)[0] as string,
    })),
  }
}

/** Whose count of which rule. Never a policy version, so that editing a profile resets nothing. */
export function rowOf(
  kind: 'rate' | 'sequence',
  rule: Pick<RateRule, 'id' | 'per' | 'windowMs'>,
  intent: ExecutionIntent,
  payerId: Id<'prn'> | undefined,
): RateRow {
  const whose = {
    agent: intent.agentId,
    payer: payerId ?? 'nobody',
    payee: intent.payee,
    tenant: 'tenant',
  }[rule.per]
  return { subject: `${kind}:${rule.id}:${whose}`, windowMs: rule.windowMs }
}

/** The quarter of the moment, and the four before it. */
function quartersAt(windowMs: number, at: Instant): readonly string[] {
  const width = windowMs / RATE_QUARTERS
  const current = Math.floor(at / width)
  return Array.from({ length: RATE_QUARTERS + 1 }, (_, i) =>
    formatInstant(ensureInstant(Math.max(0, (current - i) * width))),
  )
}

/**
 * The counts of some facts; one that is missing or stated twice says nothing. A rule has one count
 * for each length of its window: a profile that watches may have another length than the one that
 * rules, and must not disturb it.
 */
export function rateCounts(rates: readonly RateFacts[]): (row: RateRow) => number | undefined {
  const counts = new Map<string, number | null>()
  for (const rate of rates) {
    const name = countName(rate)
    counts.set(name, counts.has(name) ? null : rate.count)
  }
  return (row) => counts.get(countName(row)) ?? undefined
}

function countName({ subject, windowMs }: RateRow): string {
  return `${String(windowMs)}/${subject}`
}
