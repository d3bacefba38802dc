/** What the profile leaves the payer and the tenant, by asset, and whether the money is there. */
import type { ReasonCode } from '@surety/protocol'
import { type CounterKey, usedOf } from '../counters.ts'
import { claim } from './budget.ts'
import type { Findings, RuleInput } from './rule.ts'

export function checkLimits(input: RuleInput, findings: Findings): void {
  const { facts, profile, amount, day, month, counters } = input
  const { asset } = facts.intent
  const ceiling = (limits: ReadonlyMap<string, bigint>): bigint => limits.get(asset) ?? 0n
  if (amount > ceiling(profile.perRequest)) findings.fail('per_request_exceeded')
  const { perDay, perMonth, total, tenantPerDay, tenantPerMonth, tenantTotal } = profile
  const check = (
    limits: ReadonlyMap<string, bigint> | undefined,
    key: Pick<CounterKey, 'subject' | 'period' | 'start'>,
    exceeded: ReasonCode,
  ): void => {
    if (limits === undefined) return
    const used = usedOf(counters, { ...key, asset })
    claim({ used, share: amount, ceiling: ceiling(limits) }, exceeded, findings)
  }
  if (facts.payer !== null) {
    const subject = `principal:${facts.payer.principalId}`
    check(perDay, { subject, period: 'day', start: day }, 'day_exceeded')
    check(perMonth, { subject, period: 'month', start: month }, 'month_exceeded')
    check(total, { subject, period: 'total', start: null }, 'total_exceeded')
  }
  const subject = 'tenant'
  check(tenantPerDay, { subject, period: 'day', start: day }, 'tenant_day_exceeded')
  check(tenantPerMonth, { subject, period: 'month', start: month }, 'tenant_month_exceeded')
  check(tenantTotal, { subject, period: 'total', start: null }, 'tenant_total_exceeded')
}

export function checkFunds({ facts, amount }: RuleInput, findings: Findings): void {
  if (BigInt(facts.funds.available) < amount) findings.fail('funds_insufficient')
}
