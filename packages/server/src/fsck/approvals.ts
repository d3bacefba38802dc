/**
 * Approvals held against the gates that ask for them.
 *
 * INVARIANT(approval): a decision that asks opens one approval; what it lifts is used once, on the
 * decision that follows; what is in review is divided as a person said.
 *
 * @module
 */
import type { ApprovalRecord, PolicyDecision, SettlementDecisionRecord } from '@surety/protocol'
import type { Findings } from './findings.ts'
import type { Stream } from './streams.ts'

type Members = Readonly<Record<string, unknown>>

export class Approvals {
  readonly #findings: Findings
  /** By scope and approval: the gate it is said to be of, the status, and what it ended as. */
  readonly #opened = new Map<string, Members>()
  /** By scope and gate: how many of its facts ask. */
  readonly #asking = new Map<string, number>()
  /** By scope and record: who used it. */
  readonly #used = new Map<string, string>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  read({ scope, kind, id, events }: Stream, state: unknown): void {
    const at = (name: string) => `${String(scope.scope)} ${name}`
    if (kind === 'approval') this.#opened.set(at(id), (state ?? {}) as Members)
    if (kind !== 'gate') return
    let asking = 0
    for (const { type, data } of events) {
      const decision = data.decision as PolicyDecision | undefined
      const verdict = (data.record as SettlementDecisionRecord | undefined)?.verdict
      if (type === 'decisionRecorded' && isAsking(decision?.decision)) asking += 1
      if (type === 'settlementDecided' && verdict === 'review') asking += 1
      if (type === 'holdbackContested') asking += 1
      if (type === 'gateResolved') this.#used.set(at(String(data.recordHash)), id)
    }
    this.#asking.set(at(id), asking)
  }

  finish(): void {
    const found = new Map<string, number>()
    for (const [key, state] of this.#opened) {
      const [scope = ''] = key.split(' ', 1)
      const gate = `${scope} ${String(state.gateId)}`
      found.set(gate, (found.get(gate) ?? 0) + 1)
      this.#findings.expect('approvals', this.#asking.has(gate), `${key} is of no gate`)
      const record = state.record as ApprovalRecord | undefined
      const isDivided = state.status === 'consumed' && record?.level === 'review'
      const user = this.#used.get(`${scope} ${String(state.recordHash)}`)
      const isUsed = isDivided ? user === state.gateId : user === undefined
      this.#findings.expect('approvals', isUsed, `${key} was not used as it says`)
    }
    for (const [gate, asking] of this.#asking) {
      const isAsked = (found.get(gate) ?? 0) === asking
      const problem = `${gate} asks ${String(asking)} times, not as many approvals were opened`
      this.#findings.expect('approvals', isAsked, problem)
    }
  }
}

function isAsking(decision: PolicyDecision['decision'] | undefined): boolean {
  return decision === 'challenge' || decision === 'escalate'
}
