/** How often the profile lets something be done, and what must not follow it too soon. */
import type { RateRule } from '@surety/protocol'
import { matching } from '../../profile/match.ts'
import { rateCounts, rowOf } from '../../rates.ts'
import type { Findings, RuleInput } from '../rule.ts'
import { failWith } from './consequence.ts'

export function checkRates({ facts, profile }: RuleInput, findings: Findings): void {
  const { intent, payer } = facts
  const rates = matching(profile.rates.rates, intent)
  const sequences = matching(profile.rates.next, intent)
  if (rates.length === 0 && sequences.length === 0) return
  const countOf = rateCounts(facts.rates)
  const check = (kind: 'rate' | 'sequence', rule: RateRule | (typeof sequences)[number]) => {
    const count = countOf(rowOf(kind, rule, intent, payer?.principalId))
    // INVARIANT(default-deny): what was not counted cannot be said to be rare.
    if (count === undefined) findings.fail('evaluator_failed')
    else if ('max' in rule ? count + 1 > rule.max : count > 0) failWith(kind, rule, findings)
  }
  for (const rule of rates) check('rate', rule)
  for (const rule of sequences) check('sequence', rule)
}
