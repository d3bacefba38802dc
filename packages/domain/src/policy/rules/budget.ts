/** What is used of a budget, and what is asked of it. */
import type { ReasonCode } from '@surety/protocol'
import type { Findings } from './rule.ts'

export interface Budget {
  readonly used: bigint | undefined
  readonly share: bigint
  readonly ceiling: bigint
}

/** INVARIANT(budget): what is used and what is asked for fit under the ceiling together. */
export function claim(budget: Budget, exceeded: ReasonCode, findings: Findings): void {
  if (budget.used === undefined) findings.fail('evaluator_failed')
  else if (budget.used + budget.share > budget.ceiling) findings.fail(exceeded)
}
