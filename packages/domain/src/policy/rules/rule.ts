/**
 * What a rule is: it looks at the facts and reports each failure. It decides nothing.
 *
 * @module
 */
import type { DecisionFacts, ReasonCode } from '@surety/protocol'
import type { CompiledProfile } from '../compile.ts'
import type { CounterIndex } from '../counters.ts'

/** What every rule reads. What many of them need is worked out once. */
export interface RuleInput {
  readonly facts: DecisionFacts
  readonly profile: CompiledProfile
  readonly amount: bigint
  /** The UTC day and month of the decision, as counters name them. */
  readonly day: string
  readonly month: string
  readonly counters: CounterIndex
}

/** Who is to be asked, where the failure may be cured by asking. */
export interface Ask {
  readonly approvers: number
  readonly role: string
}

export interface Finding {
  readonly code: ReasonCode
  readonly ask: Ask | undefined
}

/** Collects failures in the order in which the rules are checked. */
export class Findings {
  readonly #all: Finding[] = []

  fail(code: ReasonCode, ask?: Ask): void {
    this.#all.push({ code, ask })
  }

  get all(): readonly Finding[] {
    return this.#all
  }
}

/** Pure. It may throw; whatever a rule throws denies. */
export type Rule = (input: RuleInput, findings: Findings) => void
