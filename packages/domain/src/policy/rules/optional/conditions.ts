/** What the profile says in expressions of its own. */
import { conditionFacts } from '../../profile/conditions.ts'
import type { Findings, RuleInput } from '../rule.ts'
import { levelOf } from './autonomy.ts'
import { failWith } from './consequence.ts'

export function checkConditions(input: RuleInput, findings: Findings): void {
  const { facts, profile, counters } = input
  if (profile.conditions.length === 0) return
  const level = levelOf(facts, profile.autonomy?.unstated ?? 0)
  const stated = conditionFacts(facts, counters, level)
  for (const { rule, holds } of profile.conditions) {
    try {
      if (holds(stated)) failWith('condition', rule, findings)
    } catch {
      // INVARIANT(default-deny): an expression that ends in an error denies; others are asked.
      findings.fail('evaluator_failed', undefined, rule.id)
    }
  }
}
