/**
 * Every decision, made again from its facts under its profile.
 *
 * INVARIANT(decision-first): what was allowed is what the profile allows, byte for byte.
 *
 * @module
 */
import { policy } from '@surety/domain'
import {
  type Crypto,
  canonicalize,
  DecisionFacts,
  hashOf,
  type PolicyDecision,
  Profile,
  parseAs,
} from '@surety/protocol'
import type { Findings } from './findings.ts'
import { Rulings } from './rulings.ts'
import type { Stream } from './streams.ts'
import { jsonOf, type Tables } from './tables.ts'

const FACTS = 'SELECT content FROM documents WHERE scope = ? AND owner = ? AND name = ?'
const PROFILE = "SELECT state FROM states WHERE scope = ? AND family = 'profile' AND id = ?"

export class Decisions {
  readonly #tables: Tables
  readonly #findings: Findings
  readonly #denyAll: string
  readonly #rulings: Rulings
  readonly #profiles = new Map<string, policy.CompiledProfile | undefined>()

  constructor(tables: Tables, findings: Findings, crypto: Crypto) {
    this.#tables = tables
    this.#findings = findings
    this.#denyAll = hashOf(policy.DENY_ALL, crypto)
    this.#rulings = new Rulings(tables, findings, this.#denyAll)
  }

  check({ scope, kind, id, name, events }: Stream): void {
    if (kind !== 'gate') return
    for (const { type, data } of events) {
      if (type !== 'decisionRecorded') continue
      const stated = data.decision as PolicyDecision
      const made = this.#decide(scope.scope, id, stated)
      const isSame = made !== undefined && canonicalize(made) === canonicalize(stated)
      const problem = `${name}: its facts and profile do not give its decision`
      this.#findings.expect('decisions', isSame, problem)
      const { policyHash, decidedAt } = stated
      if (!this.#rulings.ruled(scope.scope, policyHash, decidedAt)) {
        this.#findings.problem('decisions', `${name}: decided under a profile that did not rule`)
      }
    }
  }

  #decide(scope: number, gateId: string, stated: PolicyDecision): PolicyDecision | undefined {
    const row = this.#tables.row(FACTS, scope, gateId, `facts-${stated.inputHash}.json`)
    const facts = parseAs(DecisionFacts, jsonOf(row?.content))
    const profile = this.#profile(scope, stated.policyHash)
    if (!facts.ok || profile === undefined || facts.value.gateId !== gateId) return undefined
    return policy.decisionOf(facts.value, profile, stated)
  }

  #profile(scope: number, policyHash: string): policy.CompiledProfile | undefined {
    const key = `${String(scope)} ${policyHash}`
    if (!this.#profiles.has(key)) this.#profiles.set(key, this.#compiled(scope, policyHash))
    return this.#profiles.get(key)
  }

  #compiled(scope: number, policyHash: string): policy.CompiledProfile | undefined {
    if (policyHash === this.#denyAll) return policy.compile(policy.DENY_ALL, policyHash)
    const row = this.#tables.row(PROFILE, scope, policyHash)
    const profile = parseAs(Profile, jsonOf(row?.state))
    return profile.ok ? policy.compile(profile.value, policyHash) : undefined
  }
}
