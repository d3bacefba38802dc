/**
 * A candidate profile over decisions that were recorded: what it would have changed.
 *
 * Each decision is first made again under its own profile, to the byte; then the candidate is asked
 * with the very same facts. What a record cannot tell is unknown, and never passes for unchanged.
 * Holds one gate in memory at a time. Rules: spec/replay.md.
 *
 * @module
 */
import {
  type Crypto,
  canonicalize,
  type DecisionFacts,
  type DecisionRecord,
  type Hash,
  hashOf,
  type PolicyDecision,
} from '@surety/protocol'
import type { Evaluation } from '../conclude.ts'
import { decisionOf, watchingHash } from '../decision.ts'
import { evaluate } from '../evaluate.ts'
import type { CompiledProfile } from '../profile/compile.ts'
import { modeAt } from '../profile/modes.ts'
import { type ReplayReport, Tally, type UnknownReason } from './tally.ts'

/** Finds the profile that a decision was recorded under, `deny-all` included. */
export type ProfileLookup = (policyHash: Hash) => CompiledProfile | undefined

/** What one decision was, and what the candidate says to the same facts. */
export interface Asked {
  readonly recorded: PolicyDecision
  readonly candidate: Evaluation
  readonly facts: DecisionFacts
}

export class Replay {
  readonly #candidate: CompiledProfile
  readonly #profiles: ProfileLookup
  readonly #crypto: Crypto
  readonly #tally: Tally
  /** The present gate, and what was asked about it; `null` once one answer is unknown. */
  #last: DecisionRecord | undefined
  #asked: Asked[] | null = []

  constructor(candidate: CompiledProfile, profiles: ProfileLookup, crypto: Crypto) {
    this.#candidate = candidate
    this.#profiles = profiles
    this.#crypto = crypto
    this.#tally = new Tally(candidate)
  }

  /**
   * Takes the next decision: gates in the order of their ids, a gate's decisions in theirs.
   * `factsText` is the very text that the facts were parsed from, where it is at hand.
   */
  take(record: DecisionRecord, factsText?: string): void {
    const last = this.#last?.decision.gateId
    const { gateId } = record.decision
    if (last !== undefined && gateId < last) {
      throw new RangeError('decisions are replayed in the order of their gates')
    }
    if (gateId !== last) this.#endGate()
    const asked = this.#ask(record, factsText)
    this.#last = record
    if (typeof asked === 'string') {
      this.#tally.unknown(record, asked)
      this.#asked = null
      return
    }
    this.#tally.compare(asked, record)
    this.#asked?.push(asked)
  }

  /** What came of all that was taken. */
  report(): ReplayReport {
    this.#endGate()
    return this.#tally.report()
  }

  #ask(record: DecisionRecord, factsText: string | undefined): Asked | UnknownReason {
    const { decision, decisionHash, facts } = record
    if (!this.#follows(record)) return 'decision_missing'
    if (facts === null) return 'facts_not_recorded'
    const factsHash = this.#crypto.sha256(factsText ?? canonicalize(facts))
    if (factsHash !== decision.inputHash) return 'facts_not_recorded'
    const ruling = this.#profiles(decision.policyHash)
    const watching = this.#watching(decision)
    if (ruling === undefined || watching === null) return 'profile_not_recorded'
    const recorded = decisionOf(facts, ruling, decision, watching)
    if (hashOf(recorded, this.#crypto) !== decisionHash) return 'not_reproduced'
    const isShadow = modeAt(this.#candidate.profile, facts) === 'shadow'
    const candidate = evaluate(facts, this.#candidate, isShadow)
    // INVARIANT(default-deny): the candidate asks for what the record does not hold.
    const isBlind = candidate.reasonCodes.includes('evaluator_failed')
    if (isBlind && !recorded.reasonCodes.includes('evaluator_failed')) return 'input_missing'
    return { recorded, candidate, facts }
  }

  /** The profile that watched when it was decided: `null` if that is not known any more. */
  #watching(decision: PolicyDecision): CompiledProfile | undefined | null {
    const watching = watchingHash(decision)
    return watching === undefined ? undefined : (this.#profiles(watching) ?? null)
  }

  /** Whether no decision of the gate was left out before this one. */
  #follows({ decision }: DecisionRecord): boolean {
    const { gateId, seq, previousDecisionHash } = decision
    const last = this.#last
    if (last?.decision.gateId !== gateId) return seq === 1
    return seq === last.decision.seq + 1 && previousDecisionHash === last.decisionHash
  }

  #endGate(): void {
    if (this.#asked !== null && this.#asked.length > 0) this.#tally.gate(this.#asked)
    this.#last = undefined
    this.#asked = []
  }
}
