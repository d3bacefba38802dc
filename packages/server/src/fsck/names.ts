/**
 * Rows that only point at others: unique names, deadlines, kept answers, what is to be told.
 *
 * INVARIANT(once): what may happen once is held by a name, and the name by what happened.
 *
 * @module
 */
import { approval } from '@surety/domain'
import { instantOf } from '@surety/protocol'
import type { Findings } from './findings.ts'
import type { Stream } from './streams.ts'
import { jsonOf, type Tables } from './tables.ts'

const UNIQUES = "SELECT scope, family, name, owner FROM uniques WHERE family <> 'idempotency'"
const KEPT = "SELECT scope, name, owner FROM uniques WHERE family = 'idempotency'"
const ANSWER = 'SELECT request_hash, answer FROM answers WHERE position = ?'
const ANSWERS = 'SELECT count(*) AS found FROM answers'
const ANSWER_KEPT =
  "SELECT name FROM documents WHERE scope = ? AND owner = ? AND name = 'answer.json'"
const DEADLINES = 'SELECT due, scope, id FROM deadlines'
const OUTBOX = 'SELECT position, scope, topic, body FROM outbox'

/** Streams whose facts are each the effect of one signed act, if they name one. */
const ACTED: ReadonlySet<string> = new Set(['profile', 'principal'])

type Members = Readonly<Record<string, unknown>>

export class Names {
  readonly #findings: Findings
  readonly #uniques = new Map<string, string>()
  readonly #deadlines = new Map<string, number>()
  /** Who bought through a gate: the journal does not hold the keys of requests. */
  readonly #agents = new Map<string, string>()
  readonly #versions = new Map<string, number>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Takes in what a stream says must be held, and until when it is waited for. */
  read(stream: Stream, state: unknown): void {
    const { scope, name, kind, id, events } = stream
    this.#versions.set(`${String(scope.scope)} ${name}`, events.length)
    const hold = (family: string, key: string, owner: string) =>
      this.#uniques.set(`${String(scope.scope)} ${family} ${key}`, owner)
    const data = (events[0]?.data ?? {}) as Readonly<
      Record<string, Readonly<Record<string, string>>>
    >
    const { intent, document, deposit } = data
    if (kind === 'gate' && intent !== undefined) {
      hold('intent', String(intent.intentId), id)
      hold('nonce', `${String(intent.agentId)}:${String(intent.nonce)}`, id)
    }
    if (kind === 'gate') this.#readPayment(scope.scope, id, stream, hold)
    if (kind === 'wallet') {
      const { ownerId, address } = data as unknown as Readonly<Record<string, string>>
      hold('walletOf', String(ownerId), id)
      hold('walletAddress', String(address), id)
    }
    if (kind === 'grant' && document !== undefined) {
      hold('grantId', String(document.grantId), id)
      hold('grantNonce', `${String(document.grantorId)}:${String(document.nonce)}`, id)
    }
    for (const { data: changed } of ACTED.has(kind) ? events : []) {
      const { actionHash = null } = changed
      if (actionHash !== null) hold('action', String(actionHash), id)
    }
    if (kind === 'deposit' && deposit !== undefined) {
      hold('deposit', `${String(deposit.source)}|${String(deposit.reference)}`, id)
    }
    if (kind === 'approval') {
      hold('approval', String(events[0]?.data.decisionHash), id)
      for (const { data: said } of events) {
        const { actionId } = (said.answer ?? said.question ?? {}) as { actionId?: string }
        if (actionId !== undefined) hold('operatorAction', actionId, id)
      }
    }
    if (kind === 'control') this.#readDrains(stream, hold)
    const due = dueOf(kind, state as Members | undefined)
    if (due !== undefined) this.#deadlines.set(`${String(scope.scope)} ${id}`, instantOf(due))
  }

  /** An order to drain is carried out once. */
  #readDrains({ id, events }: Stream, hold: (family: string, key: string, owner: string) => void) {
    for (const { type, data } of events) {
      if (type !== 'controlDrained') continue
      hold('drain', String((data.signer as Readonly<Record<string, string>>).actionHash), id)
    }
  }

  /** One payment a gate, one credential a payment; a key of its agent may lead to it. */
  #readPayment(
    scope: number,
    id: string,
    { events }: Stream,
    hold: (family: string, key: string, owner: string) => void,
  ): void {
    const intent = events[0]?.data.intent as Readonly<Record<string, string>> | undefined
    this.#agents.set(`${String(scope)} ${id}`, String(intent?.agentId))
    const accepted = events.find(({ type }) => type === 'paymentMoved')
    const payment = accepted?.data.payment as Readonly<Record<string, string>> | undefined
    if (payment === undefined) return
    const { network, payer, nonce, paymentId } = payment
    hold('credential', `${String(network)}:${String(payer)}:${String(nonce)}`, id)
    hold('payment', String(paymentId), id)
  }

  finish(tables: Tables): void {
    this.#checkUniques(tables)
    this.#checkAnswers(tables)
    this.#checkDeadlines(tables)
    this.#checkOutbox(tables)
  }

  #checkUniques(tables: Tables): void {
    for (const { scope, family, name, owner } of tables.rows(UNIQUES)) {
      const key = `${String(scope)} ${String(family)} ${String(name)}`
      const agent = this.#agents.get(`${String(scope)} ${String(owner)}`)
      const isHeld =
        family === 'purchase'
          ? agent !== undefined && String(name).startsWith(`${agent}:`)
          : this.#uniques.get(key) === owner
      this.#findings.expect('uniques', isHeld, `${key} is not what ${String(owner)} is called`)
      this.#uniques.delete(key)
    }
    for (const [key, owner] of this.#uniques) {
      this.#findings.problem('uniques', `${key} of ${owner} is not held`)
    }
  }

  #checkAnswers(tables: Tables): void {
    const owners = new Set<string>()
    for (const { scope, name, owner } of tables.rows(KEPT)) {
      const row = tables.row(ANSWER, Number(owner))
      const answer = jsonOf(row?.answer) as Members | undefined
      const isFirst = !owners.has(String(owner))
      owners.add(String(owner))
      const events = this.#versions.get(`${String(scope)} ${String(answer?.stream)}`) ?? 0
      const seqs = (answer?.receiptSeqs ?? []) as readonly number[]
      const reach = Math.max(1, Number(answer?.version ?? 0), ...seqs)
      const hasHash = /^[0-9a-f]{64}$/.test(String(row?.request_hash))
      const holds = answer !== undefined && isFirst && hasHash && reach <= events
      this.#findings.expect('answers', holds, `${String(name)} cannot be answered again`)
    }
    const found = Number(tables.row(ANSWERS)?.found)
    const lost = `${String(found - owners.size)} answers are nobody's`
    if (found !== owners.size) this.#findings.problem('answers', lost)
  }

  #checkDeadlines(tables: Tables): void {
    for (const { due, scope, id } of tables.rows(DEADLINES)) {
      const key = `${String(scope)} ${String(id)}`
      const isKept = tables.row(ANSWER_KEPT, Number(scope), String(id).replace(/^ans_/, 'gat_'))
      if (String(id).startsWith('ans_') && isKept !== undefined) continue
      const isDue = this.#deadlines.get(key) === Number(due)
      this.#findings.expect('deadlines', isDue, `${String(id)} is not due at ${String(due)}`)
      if (isDue) this.#deadlines.delete(key)
    }
    for (const [key, due] of this.#deadlines) {
      this.#findings.problem('deadlines', `${key} is due at ${String(due)}, and nobody looks`)
    }
  }

  #checkOutbox(tables: Tables): void {
    for (const { position, scope, topic, body } of tables.rows(OUTBOX)) {
      const [kind = ''] = String(topic).split('.')
      const about = (jsonOf(body) as Members | undefined)?.[`${kind}Id`]
      const holds = this.#versions.has(`${String(scope)} ${kind}:${String(about)}`)
      this.#findings.expect('outbox', holds, `${String(position)} tells of nothing that is there`)
    }
  }
}

/** When the clock must look again: the deadline its own documents state, or an answer is due. */
function dueOf(kind: string, state: Members | undefined): string | undefined {
  const inside = (member: string) => state?.[member] as Readonly<Record<string, string>> | undefined
  if (kind === 'control') {
    return state?.status === 'active' ? (inside('imposed')?.until ?? undefined) : undefined
  }
  if (kind !== 'gate' && kind !== 'approval') return undefined
  switch (state?.status) {
    case 'pending':
      return Number(state.escalations) < approval.ESCALATIONS_MAX
        ? (state.dueAt as string)
        : undefined
    case 'waiting':
      return inside('decision')?.validUntil
    case 'authorized':
      return inside('authorization')?.notAfter
    case 'executing':
      return inside('payment')?.at ?? (state.evidenceBy as string)
    case 'settled':
      return inside('holdback')?.contest === undefined ? inside('holdback')?.until : undefined
    default:
      return undefined
  }
}
