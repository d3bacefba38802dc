/**
 * The payment of a gate whose money left the house: one, of this authorization, by legal steps.
 *
 * That the rail did what the statuses say is `rail_finality`, which no bundle establishes.
 *
 * @module
 */
import { hashOf, paymentNonce } from '@surety/protocol'
import * as evidence from '../evidence/evidence.ts'
import type { GateEvent } from '../gate/index.ts'
import * as payments from '../payment/index.ts'
import type { Examination } from './examination.ts'
import { entriesOf, type History, type Recorded } from './history.ts'
import { EVENTS_PATH } from './layout.ts'

type PaymentEntry = Recorded<Extract<GateEvent, { type: 'paymentMoved' | 'paymentReported' }>>

/** Folds the payment again, and derives its nonce again. */
export function checkPayment(exam: Examination, history: History): void {
  const [authorized] = entriesOf(history, 'gateAuthorized')
  if (authorized === undefined || authorized.fact.authorization.walletRef === null) return
  const { findings, crypto } = exam
  const entries = entriesOf(history, 'paymentMoved', 'paymentReported')
  const [executed] = entriesOf(history, 'executionStarted')
  if (executed !== undefined) findings.demand('payment')
  const { authorizationHash, authorization } = authorized.fact
  const { requestFingerprintHash } = authorization
  let payment: payments.Payment = payments.initial
  for (const entry of entries) {
    const { event, fact } = entry
    const note = (holds: boolean, reason: string) =>
      findings.note('payment', holds, EVENTS_PATH, `event ${event.seq}: ${reason}`)
    note(fact.payment.at === event.at, 'of another moment')
    const identity = payments.identityOf(fact.payment, {
      authorizationHash,
      requestFingerprintHash,
    })
    // INVARIANT(unknown): a second credential would need a second nonce, and there is none.
    note(paymentNonce(identity, crypto) === fact.payment.nonce, 'the nonce is not the payment’s')
    try {
      payment = payments.evolve(payment, fact)
    } catch (fault) {
      note(false, fault instanceof Error ? fault.message : 'a fault')
      break
    }
  }
  checkPresented(exam, entries, executed?.event.at)
  checkClaim(exam, history)
}

/** The credential was recorded in the commit that consumed the authorization, and not before. */
function checkPresented(
  { findings }: Examination,
  entries: readonly PaymentEntry[],
  executedAt: string | undefined,
): void {
  const [first] = entries
  if (executedAt === undefined) return
  const holds = first?.fact.payment.state === 'queued' && first.event.at === executedAt
  findings.note('payment', holds, EVENTS_PATH, 'no payment was accepted when it was executed')
}

/** Paid and not served opens a claim; what was served opens none. */
function checkClaim({ findings, crypto }: Examination, history: History): void {
  const [decided] = entriesOf(history, 'settlementDecided')
  const [opened] = entriesOf(history, 'claimOpened')
  if (decided === undefined || decided.before.status !== 'executed') return
  const { before } = decided
  const reason = evidence.claimReason(decided.fact.record.colour)
  const observed = before.observed
  const same =
    (opened?.fact.claim.reason ?? null) === reason &&
    (opened === undefined || opened.fact.claim.evidenceHash === (observed?.evidenceHash ?? null))
  findings.note('payment', same, EVENTS_PATH, 'a claim and what it is about come together')
  for (const { fact } of entriesOf(history, 'responseObserved')) {
    const { observation, evidenceHash } = fact
    const own =
      observation.requestFingerprintHash === before.authorization.requestFingerprintHash &&
      hashOf(observation, crypto) === evidenceHash
    findings.note('payment', own, EVENTS_PATH, 'the response was to another request')
  }
}
