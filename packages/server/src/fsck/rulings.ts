/**
 * Which profile ruled when, as the changes of policy say.
 *
 * INVARIANT(control): a decision is made under the profile that ruled at its moment.
 *
 * @module
 */
import { Event, parseAs } from '@surety/protocol'
import type { Findings } from './findings.ts'
import { jsonOf, type Tables } from './tables.ts'

const CHANGES =
  "SELECT event FROM events WHERE scope = ? AND stream = 'profile:active' ORDER BY seq"

interface Ruling {
  readonly from: string
  readonly policyHash: string
}

export class Rulings {
  readonly #tables: Tables
  readonly #findings: Findings
  readonly #denyAll: string
  readonly #scopes = new Map<number, readonly Ruling[]>()

  constructor(tables: Tables, findings: Findings, denyAll: string) {
    this.#tables = tables
    this.#findings = findings
    this.#denyAll = denyAll
  }

  /** Whether a profile ruled at a moment: of several within one millisecond, any of them. */
  ruled(scope: number, policyHash: string, at: string): boolean {
    const rulings = this.#of(scope)
    const next = rulings.findIndex(({ from }) => from > at)
    const last = next === -1 ? rulings.length : next
    for (let i = last - 1; i >= 0; i -= 1) {
      const ruling = rulings[i] as Ruling
      if (ruling.policyHash === policyHash) return true
      if (ruling.from < at) return false
    }
    return false
  }

  #of(scope: number): readonly Ruling[] {
    const known = this.#scopes.get(scope)
    if (known !== undefined) return known
    const rulings = this.#read(scope)
    this.#scopes.set(scope, rulings)
    return rulings
  }

  #read(scope: number): readonly Ruling[] {
    const rulings: Ruling[] = [{ from: '', policyHash: this.#denyAll }]
    for (const row of this.#tables.rows(CHANGES, scope)) {
      const event = parseAs(Event, jsonOf(row.event))
      if (!event.ok) continue
      const { type, at, data } = event.value
      const after = rulings.at(-1)?.policyHash
      const isNext = type === 'profileShadowEnded' || data.previousPolicyHash === after
      const problem = `profile:active ${String(event.value.seq)}: it changes what did not rule`
      this.#findings.expect('decisions', isNext, problem)
      if (type === 'profileApplied') rulings.push({ from: at, policyHash: String(data.policyHash) })
    }
    return rulings
  }
}
