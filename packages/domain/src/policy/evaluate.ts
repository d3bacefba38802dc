/**
 * The one evaluator: facts and a profile go in, a decision comes out.
 *
 * Pure and total. Every rule is checked and every failed one reported; the registry's order picks
 * the primary reason. Runtime, simulator, offline verifier and browser run this function.
 * Rules: spec/decision.md and `rules/`. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import type { DecisionFacts } from '@surety/protocol'
import { conclude, type Evaluation } from './conclude.ts'
import { indexOf, periodsAt } from './counters.ts'
import type { CompiledProfile } from './profile/compile.ts'
import { RULES } from './rules/all.ts'
import { Findings, type Rule, type RuleInput } from './rules/rule.ts'

/**
 * Decides. INVARIANT(default-deny): an error in here denies.
 *
 * Cost: linear in the depth of the grant chain and its lists; constant in the size of the profile.
 */
export function evaluate(
  facts: DecisionFacts,
  profile: CompiledProfile,
  beside = false,
): Evaluation {
  const findings = new Findings()
  try {
    const amount = BigInt(facts.intent.amount)
    const counters = indexOf(facts.counters)
    const input = { facts, profile, amount, ...periodsAt(facts.at), counters, beside }
    for (const check of RULES) checkSafely(check, input, findings)
  } catch {
    findings.fail('evaluator_failed')
  }
  return conclude(findings.all, profile, facts)
}

/** A rule that ends in an error fails; the others are checked all the same. */
function checkSafely(check: Rule, input: RuleInput, findings: Findings): void {
  try {
    check(input, findings)
  } catch {
    findings.fail('evaluator_failed')
  }
}
