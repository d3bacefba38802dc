/**
 * What becomes of a presented payment, written down: captured, still unknown, or disproved.
 *
 * What the rail showed is found out before the commit; what follows from it is decided inside.
 * Rules: domain/payment, domain/gate. INVARIANT(unknown): no answer ends nothing.
 *
 * @module
 */
import { evidence, gate, payment, type principal, receipt } from '@surety/domain'
import {
  type ClaimRecord,
  canonicalize,
  type Hash,
  hashOf,
  type Id,
  ok,
  type Profile,
  type ProviderResponse,
  type ResponseObservation,
} from '@surety/protocol'
import type { Outcome, Stamp, Stored, UseCase } from '../../ports.ts'
import { claimsFor, closing, eventTransfer, noticeOf } from '../gate/money.ts'
import { settleExecuted } from '../gate/settle.ts'
import { deadlineOf, evolveAll } from '../gate/view.ts'
import { keyHolds } from '../principal/party-signature.ts'
import { type Answer, type Call, gateKey, gateStream, principalKey } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { ANSWER_DOCUMENT, answerRow, forgottenAt } from './answer/kept.ts'

interface Place {
  readonly transaction: string
  readonly blockNumber: number
  /** Of `upto`: how much was taken. */
  readonly settled?: string
}

/** What the rail shows of a payment. */
export type RailFinding =
  | { readonly type: 'nothing' }
  | ({ readonly type: 'seen' } & Place)
  | ({ readonly type: 'final' } & Place)
  | { readonly type: 'disproved'; readonly reason: payment.Reason }

/** What Surety saw come back, and what is kept of it. */
export interface Observed {
  readonly evidenceHash: Hash
  readonly observation: ResponseObservation
  readonly body: evidence.BodyFacts | null
  /** The answer as it is given again to the same key; `null` if it was too large. */
  readonly document: string | null
  /** What the payee signed of it, verified under its registered key. */
  readonly signed: SignedAnswer | null
}

export interface SignedAnswer {
  readonly statement: ProviderResponse
  readonly statementHash: Hash
  readonly kid: string
  readonly jws: string
}

export interface Concluding {
  readonly gateId: Id<'gat'>
  readonly payee: Id<'prn'>
  readonly finding: RailFinding
  /** What has come back just now. */
  readonly came: Observed | null
  /** What counted of an earlier commit when it was read. */
  readonly kept: Observed | null
  readonly settlement: Profile['settlement']
}

type Reads = {
  readonly gate: ReturnType<typeof gateKey>
  readonly payee: ReturnType<typeof principalKey>
}
type Executing = Extract<gate.Gate, { status: 'executing' }>

const useCase: UseCase<Concluding, Reads, Answer> = {
  reads: ({ gateId, payee }) => ({ gate: gateKey(gateId), payee: principalKey(payee) }),
  decide: ({ gate: before, payee }, given, stamp) => {
    const { state } = before
    // INVARIANT(terminal): somebody else has concluded it; their fact stands.
    if (state.status !== 'executing' || state.payment === undefined) {
      return { type: 'refuse', code: 'gate_settled' }
    }
    const came = signedBy(given.came, payee.state, stamp)
    const isNew = came !== null && saysMore(state.observed, came)
    const observed = isNew ? came : given.kept
    // INVARIANT(one-truth): judged is what is recorded. By now that is another: look again.
    if (!isNew && observed?.evidenceHash !== state.observed?.evidenceHash) {
      return { type: 'refuse', code: 'payment_unknown' }
    }
    const { finding, settlement } = given
    const writing = new Conclusion(before, state, { observed, isNew, settlement }, stamp)
    switch (finding.type) {
      case 'final':
        return writing.capture(finding)
      case 'disproved':
        return writing.disprove(finding.reason)
      case 'seen':
      case 'nothing':
        return writing.wait(finding)
    }
  },
}

/** Whether an answer counts from now on: not what only says again what is recorded. */
function saysMore(
  recorded: gate.Observed | undefined,
  { observation: next, signed }: Observed,
): boolean {
  if (recorded === undefined) return true
  const { status, responseHash, paymentResponse } = recorded.observation
  const isSame =
    status === next.status &&
    responseHash === next.responseHash &&
    canonicalize(paymentResponse) === canonicalize(next.paymentResponse) &&
    (signed === null || recorded.signed !== undefined)
  return !isSame && gate.takesPlace(recorded, next)
}

/** A statement counts only if its key still holds where it takes effect. */
function signedBy(
  observed: Observed | null,
  payee: principal.Principal,
  stamp: Stamp,
): Observed | null {
  if (observed === null || observed.signed === null) return observed
  return keyHolds(payee, observed.signed.kid, stamp.atText)
    ? observed
    : { ...observed, signed: null }
}

/** What counts of the answers, and whether it is to be written down. */
interface Counted {
  readonly observed: Observed | null
  readonly isNew: boolean
  readonly settlement: Profile['settlement']
}

class Conclusion {
  readonly #before: Stored<gate.Gate>
  readonly #state: Executing
  readonly #input: Counted
  readonly #stamp: Stamp
  readonly #payment: payment.Payment

  constructor(before: Stored<gate.Gate>, state: Executing, input: Counted, stamp: Stamp) {
    this.#before = before
    this.#state = state
    this.#input = input
    this.#stamp = stamp
    this.#payment = state.payment as payment.Payment
  }

  /** Captured is captured, whatever the colour; bad evidence opens a claim. */
  capture(found: Place): Outcome<Answer> {
    const { transaction, blockNumber, settled } = found
    const at = this.#stamp.atText
    const payments = this.#pay({ type: 'confirm', transaction, blockNumber, settled, at })
    const observed = this.#input.observed
    const { verifiers } = this.#input.settlement
    const checks =
      observed === null ? [] : evidence.check(verifiers, observed.observation, observed.body)
    const first = this.#facts(payments)
    const claim = this.#claim(evidence.claimReason(evidence.colourOf(checks)), settled)
    if (claim !== undefined) {
      const executed = evolveAll(this.#state, first, this.#stamp.at)
      const opened = gate.decide(executed, { type: 'claim', claim })
      if (!opened.ok) throw new Error(`a captured gate refuses its claim: ${opened.refusal}`)
      first.push(...opened.value)
    }
    const { settlement } = this.#input
    // The money has left the house: there is nothing to freeze.
    const judged = { checks, settlement, document: null, frozen: false }
    return this.#withDocuments(settleExecuted(this.#before, first, judged, this.#stamp))
  }

  /** Besides: what the payee signed is kept for good, and the answer that counts for a while. */
  #withDocuments(outcome: Outcome<Answer>): Outcome<Answer> {
    const { observed, isNew } = this.#input
    if (outcome.type !== 'write' || observed === null || !isNew) return outcome
    const { gateId: owner, observed: earlier } = this.#state
    const { signed, document } = observed
    const answer = document === null ? [] : [{ owner, name: ANSWER_DOCUMENT, text: document }]
    const said = signed === null ? [] : [{ owner, name: 'response.jws', text: signed.jws }]
    const from = earlier === undefined ? null : forgottenAt(earlier.observation)
    const to = forgottenAt(observed.observation)
    const due = from === null && to === null ? [] : [{ id: answerRow(owner), from, to }]
    // What an earlier answer left: the answer itself, and what was signed if that is again.
    const names = [ANSWER_DOCUMENT, ...said.map(({ name }) => name)]
    const forgotten = earlier === undefined ? [] : names.map((name) => ({ owner, name }))
    const documents = [...outcome.write.documents, ...answer, ...said]
    const deadlines = [...outcome.write.deadlines, ...due]
    return { ...outcome, write: { ...outcome.write, forgotten, documents, deadlines } }
  }

  #claim(reason: ClaimRecord['reason'] | null, settled?: string): ClaimRecord | undefined {
    if (reason === null || !('paymentId' in this.#payment)) return undefined
    const { paymentId, asset } = this.#payment
    const amount = settled ?? this.#payment.amount
    const evidenceHash = this.#input.observed?.evidenceHash ?? null
    return { claimId: this.#stamp.mint('clm'), paymentId, reason, amount, asset, evidenceHash }
  }

  /** Not used, and it never will be: the money goes back to the payer. */
  disprove(reason: payment.Reason): Outcome<Answer> {
    const stamp = this.#stamp
    const [failed] = this.#pay({ type: 'end', reason, at: stamp.atText })
    if (failed?.type !== 'paymentReported') throw new Error('an end is reported')
    const state = { ...this.#state, payment: failed.payment }
    const posting = closing(state, 'refund', stamp.mint('trf'))
    const closed = receipt.endingReceiptOf(state, 'voided', {
      settlementDecisionHash: null,
      transferId: posting.transferId,
      at: stamp.atText,
    })
    const ended = gate.decide(this.#state, {
      type: 'disprove',
      payment: failed,
      receipt: closed,
      receiptHash: hashOf(closed, stamp.crypto),
      kid: stamp.kids.settlement,
      transfer: eventTransfer(posting),
    })
    if (!ended.ok) throw new Error(`a presented gate refuses its disproof: ${ended.refusal}`)
    const writing = new Writing(stamp).transfer(posting)
    writing.count(claimsFor(state.claims, state.authorization.amountMax, 'giveBack'))
    return this.#append(writing, ended.value)
  }

  /** Nothing is proven yet. The first time it is said, and signed; then it is only waited for. */
  wait(found: Extract<RailFinding, { type: 'seen' | 'nothing' }>): Outcome<Answer> {
    const at = this.#stamp.atText
    const { state, certainty } = this.#state.payment ?? {}
    const command: payment.PaymentCommand | undefined =
      found.type === 'seen' && state === 'broadcasting'
        ? { ...found, type: 'see', at }
        : found.type === 'nothing' && certainty === 'known'
          ? { type: 'lose', at }
          : undefined
    const facts = this.#facts(command === undefined ? [] : this.#pay(command))
    if (facts.length === 0) return { type: 'refuse', code: 'payment_unknown' }
    return this.#withDocuments(this.#append(new Writing(this.#stamp), facts))
  }

  #append(writing: Writing, facts: readonly gate.GateEvent[]): Outcome<Answer> {
    const { gateId } = this.#state
    const state = evolveAll(this.#state, facts, this.#stamp.at)
    if (state.status === 'none') throw new Error('a concluded gate is one')
    const stream = gateStream(gateId)
    writing.append({ family: 'gate', id: gateId, stream, before: this.#before }, facts, state)
    const word = state.status === 'executing' ? 'unknown' : state.status
    return writing
      .deadline(gateId, deadlineOf(this.#state), deadlineOf(state))
      .notify(`gate.${word}`, noticeOf(state, this.#stamp))
      .answer(null, stream)
  }

  /** The payment's own facts, as facts of the gate. */
  #pay(command: payment.PaymentCommand): readonly PaymentFact[] {
    const decided = payment.decide(this.#payment, command)
    if (!decided.ok) throw new Error(`${decided.refusal}: ${decided.detail ?? ''}`)
    const kid = this.#stamp.kids.settlement
    return decided.value.map((event) =>
      event.type === 'paymentReported'
        ? { ...event, type: event.type, kid }
        : { ...event, type: event.type },
    ) as readonly PaymentFact[]
  }

  /** What the gate makes of them, with what was seen if it was not written down before. */
  #facts(payments: readonly PaymentFact[]): gate.GateEvent[] {
    const { observed, isNew } = this.#input
    const decided = gate.decide(this.#state, {
      type: 'pay',
      payments,
      observed: isNew && observed !== null ? recordOf(observed) : null,
    })
    if (!decided.ok) throw new Error(`an executing gate refuses: ${decided.refusal}`)
    return [...decided.value]
  }
}

/** What is written down of what came; a statement only if it is about these very bytes. */
function recordOf({ evidenceHash, observation, signed }: Observed): gate.Observed {
  if (signed === null) return { evidenceHash, observation }
  const { statement, statementHash } = signed
  return { evidenceHash, observation, signed: { statementHash, statement } }
}

type PaymentFact = Extract<gate.PaidEvent, { type: 'paymentMoved' | 'paymentReported' }>

/** Writes down what was found. */
export function concludeWith(input: Concluding): Call<Concluding, Reads> {
  return { useCase, idempotency: null, prepare: async () => ok(input) }
}
