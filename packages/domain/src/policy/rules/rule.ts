/**
 * What a rule is: it looks at the facts and reports each failure. It decides nothing.
 *
 * @module
 */
import type { DecisionFacts, ReasonCode } from '@surety/protocol'
import type { CounterIndex } from '../counters.ts'
import type { CompiledProfile } from '../profile/compile.ts'

/** What every rule reads. What many of them need is worked out once. */
export interface RuleInput {
  readonly facts: DecisionFacts
  readonly profile: CompiledProfile
  readonly amount: bigint
  /** The UTC day and month of the decision, as counters name them. */
  readonly day: string
  readonly month: string
  readonly counters: CounterIndex
  /** Whether the profile only watches beside another that rules. */
  readonly beside: boolean
}

/** Who is to be asked, where the failure may be cured by asking. */
export interface Ask {
  readonly approvers: number
  readonly role: string
}

export interface Finding {
  readonly code: ReasonCode
  readonly ask: Ask | undefined
  /** Which rule of that kind, where the profile has many. */
  readonly rule: string | undefined
}

/** Collects failures in the order in which the rules are checked. */
export class Findings {
  readonly #all: Finding[] = []

  fail(code: ReasonCode, ask?: Ask, rule?: string): void {
    this.#all.push({ code, ask, rule })
  }

  get all(): readonly Finding[] {
    return this.#all
  }
}

/** Pure. It may throw; whatever a rule throws denies. */
export type Rule = (input: RuleInput, findings: Findings) => void
