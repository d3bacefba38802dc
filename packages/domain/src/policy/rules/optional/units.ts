/** What the profile leaves the payer and the tenant of a unit, over all assets that carry it. */
import { type CounterKey, usedOf } from '../../counters.ts'
import type { CompiledUnit, PeriodLimits } from '../../profile/units.ts'
import { claim } from '../budget.ts'
import type { Findings, RuleInput } from '../rule.ts'

const CODES = {
  payer: {
    day: 'unit_day_exceeded',
    month: 'unit_month_exceeded',
    total: 'unit_total_exceeded',
  },
  tenant: {
    day: 'tenant_unit_day_exceeded',
    month: 'tenant_unit_month_exceeded',
    total: 'tenant_unit_total_exceeded',
  },
} as const

export function checkUnits(input: RuleInput, findings: Findings): void {
  const { facts, profile, amount } = input
  const unit = profile.units.get(facts.intent.asset)
  if (unit === undefined) return
  const share = amount * (unit.factors.get(facts.intent.asset) ?? 1n)
  if (unit.perRequest !== undefined && share > unit.perRequest) {
    findings.fail('unit_per_request_exceeded')
  }
  const check = (whose: 'payer' | 'tenant', subject: string, limits: PeriodLimits): void => {
    for (const period of ['day', 'month', 'total'] as const) {
      const ceiling = limits[period]
      if (ceiling === undefined) continue
      const start = period === 'total' ? null : input[period]
      const used = usedOfUnit(input, unit, { subject, period, start })
      claim({ used, share, ceiling }, CODES[whose][period], findings)
    }
  }
  if (facts.payer !== null) check('payer', `principal:${facts.payer.principalId}`, unit.payer)
  check('tenant', 'tenant', unit.tenant)
}

function usedOfUnit(
  { counters }: RuleInput,
  { factors }: CompiledUnit,
  key: Pick<CounterKey, 'subject' | 'period' | 'start'>,
): bigint | undefined {
  let sum = 0n
  for (const [asset, factor] of factors) {
    const used = usedOf(counters, { ...key, asset })
    if (used === undefined) return undefined
    sum += used * factor
  }
  return sum
}
