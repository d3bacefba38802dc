/**
 * The money of a gate: which transfers its facts oblige, how it is divided, on what verdict.
 *
 * @module
 */
import {
  addMs,
  type Colour,
  type Crypto,
  formatInstant,
  hashOf,
  instantOf,
  type Profile,
  type SettlementDecisionRecord,
  type SettlementReceipt,
} from '@surety/protocol'
import * as evidence from '../evidence/evidence.ts'
import type { Gate, GateEvent, TransferRecord } from '../gate/index.ts'
import * as ledger from '../ledger/index.ts'
import {
  endingReceiptOf,
  type HeldBack,
  holdbackReceiptOf,
  resolutionReceiptOf,
  settlementDecisionOf,
  settlementReceiptOf,
} from '../receipt/receipt.ts'
import { type Examination, same } from './examination.ts'
import { entriesOf, type History, type Recorded } from './history.ts'
import { EVENTS_PATH } from './layout.ts'
import type { CheckName } from './report.ts'

const CONCLUSIONS = [
  'gateHeldForReview',
  'gateSettled',
  'holdbackReleased',
  'gateVoided',
  'gateExpired',
] as const
type Ending = Parameters<typeof endingReceiptOf>[0]
type Reviewed = Extract<Gate, { status: 'review' }>
type Conclusion = Extract<GateEvent, { type: (typeof CONCLUSIONS)[number] }>

/** Runs every check on money that the gate has reached. */
export function checkMoney(
  exam: Examination,
  history: History,
  profiles: ReadonlyMap<string, Profile>,
): void {
  const [authorized] = entriesOf(history, 'gateAuthorized')
  const conclusions = entriesOf(history, ...CONCLUSIONS)
  if (authorized !== undefined || conclusions.length > 0) {
    exam.findings.demand('partition')
    exam.findings.demand('transfers')
  }
  const authorization = authorized?.fact.authorization
  if (authorized !== undefined) checkHold(exam, authorized.fact)
  for (const conclusion of conclusions) {
    const { event, fact } = conclusion
    checkPartition(exam, fact.receipt, authorization?.amountMax ?? '0', event.seq)
    if (fact.remainder === undefined) checkClosing(exam, conclusion, authorized?.fact)
    else checkTaken(exam, fact, authorized?.fact, event.seq)
  }
  for (const entry of entriesOf(history, 'settlementDecided')) {
    checkVerdict(exam, entry, profiles)
  }
  checkReceipts(exam, conclusions, profiles)
  checkResolution(exam, history, authorized?.fact)
}

type Authorized = Extract<GateEvent, { type: 'gateAuthorized' }>

/** INVARIANT(partition): what is held is the whole principal, on an account of this gate alone. */
function checkHold({ findings }: Examination, { authorization, transfer }: Authorized): void {
  const expected = ledger.holdPosting(heldOf(authorization), transfer.transferId)
  const moves = same(recordOf(expected), transfer)
  findings.note('transfers', moves, EVENTS_PATH, 'the hold is not what was authorized')
  const whole = transfer.amount === authorization.amountMax
  findings.note('partition', whole, EVENTS_PATH, 'the hold is not the principal')
}

function heldOf({ holdId, payerId, payee, amountMax, asset }: Authorized['authorization']) {
  return { holdId, payerId, payee, amount: BigInt(amountMax), asset }
}

function recordOf({ amount, ...rest }: ledger.Transfer): TransferRecord {
  return { ...rest, amount: String(amount) }
}

/** INVARIANT(partition): at every receipt the parts are the principal, which is what was held. */
function checkPartition(
  { findings }: Examination,
  receipt: SettlementReceipt,
  held: string,
  seq: number,
): void {
  const parts = [receipt.released, receipt.refunded, receipt.captured, receipt.held].map(BigInt)
  const sum = parts.reduce((total, part) => total + part)
  const whole = sum === BigInt(receipt.principal) && receipt.principal === held
  findings.note('partition', whole, EVENTS_PATH, `event ${seq}: the parts are not the principal`)
}

/**
 * The transfer that ends a hold moves all of it, to whom the outcome names; where a part is held
 * back, the rest, and then that part.
 */
function checkClosing(
  { findings }: Examination,
  { event: { seq }, fact: { receipt, transfer }, before }: Recorded<Conclusion>,
  authorized: Authorized | undefined,
): void {
  const amount = movedBy(receipt, before)
  const moves = authorized !== undefined && amount > 0n
  const outcome = receipt.heldUntil === undefined ? receipt.outcome : 'released'
  const expected =
    moves && transfer !== null
      ? recordOf(postingOf(authorized.authorization, { outcome, amount }, transfer.transferId))
      : null
  const known = [authorized?.transfer.transferId]
  if ('receipt' in before) known.push(...before.receipt.transferIds)
  const isNew = transfer === null || !known.includes(transfer.transferId)
  const holds = moves === (transfer !== null) && same(expected, transfer) && isNew
  findings.note('transfers', holds, EVENTS_PATH, `event ${seq}: not the transfer of its outcome`)
}

/** What a rail took of a hold leaves the house, and the rest of the hold goes back to the payer. */
function checkTaken(
  { findings }: Examination,
  { receipt, transfer, remainder }: Conclusion,
  authorized: Authorized | undefined,
  seq: number,
): void {
  const note = (holds: boolean) =>
    findings.note('transfers', holds, EVENTS_PATH, `event ${seq}: not the transfers of its outcome`)
  const walletRef = authorized?.authorization.walletRef ?? null
  if (authorized === undefined || walletRef === null || !transfer || !remainder) {
    note(false)
    return
  }
  const { authorization } = authorized
  const held = heldOf(authorization)
  const account = ledger.walletAccount(authorization.rail, walletRef)
  const parts = { taken: BigInt(receipt.captured), left: BigInt(receipt.refunded) }
  const taken = ledger.capturePosting(
    { ...held, amount: parts.taken },
    account,
    transfer.transferId,
  )
  const left = { ...held, amount: parts.left }
  const returned = ledger.closingPosting(left, 'refund', remainder.transferId)
  note(same([recordOf(taken), recordOf(returned)], [transfer, remainder]))
  const ids = [authorized.transfer, transfer, remainder].map(({ transferId }) => transferId)
  note(new Set(ids).size === ids.length)
}

/** How much leaves the hold with a receipt: all of it, what is not held back, or what was. */
function movedBy(
  { outcome, principal, released, heldUntil }: SettlementReceipt,
  before: Gate,
): bigint {
  if (before.status === 'settled') return BigInt(before.partition.held)
  if (heldUntil !== undefined) return BigInt(released)
  return outcome === 'held' ? 0n : BigInt(principal)
}

function postingOf(
  authorization: Authorized['authorization'],
  { outcome, amount }: { outcome: SettlementReceipt['outcome']; amount: bigint },
  transferId: ledger.Transfer['transferId'],
): ledger.Transfer {
  const held = { ...heldOf(authorization), amount }
  const { rail, walletRef } = authorization
  if (outcome === 'captured' && walletRef !== null) {
    return ledger.capturePosting(held, ledger.walletAccount(rail, walletRef), transferId)
  }
  return ledger.closingPosting(held, outcome === 'released' ? 'release' : 'refund', transferId)
}

/** What a person divided: both parts move, the receipt says so and names the one before it. */
function checkResolution(
  { findings, crypto }: Examination,
  history: History,
  authorized: Authorized | undefined,
): void {
  for (const { event, fact, before } of entriesOf(history, 'gateResolved')) {
    if (before.status !== 'review' && before.status !== 'settled') continue
    if (authorized === undefined) continue
    const { receipt, transfers } = fact
    const { released, refunded } = receipt
    const division = divisionIn(receipt, before)
    const note = (check: CheckName, holds: boolean, reason: string) =>
      findings.note(check, holds, EVENTS_PATH, `event ${event.seq}: ${reason}`)
    const parts = BigInt(released) + BigInt(refunded)
    const whole = parts === BigInt(receipt.principal) && receipt.held === '0'
    note('partition', whole, 'the parts are not the principal')
    const ids = transfers.map(({ transferId }) => transferId)
    const expected = ledger
      .dividingPostings(heldOf(authorized.authorization), division, () => ids.shift() ?? 'trf_')
      .map(recordOf)
    note('transfers', same(expected, transfers), 'not the transfers of its division')
    const again = resolutionReceiptOf(before, division, {
      settlementDecisionHash: hashOf(before.settlementDecision, crypto),
      transferIds: transfers.map(({ transferId }) => transferId),
      at: receipt.at,
    })
    note('settlement_receipt', same(again, receipt), 'not the receipt of this state')
    note('receipt_chain', receipt.previousReceiptHash === before.receiptHash, 'names another')
  }
}

/** What a person divided: what the payee had before is no part of it. */
export function divisionIn(
  { released, refunded }: SettlementReceipt,
  before: Extract<Gate, { status: 'review' | 'settled' }>,
): { readonly released: string; readonly refunded: string } {
  return { released: String(BigInt(released) - BigInt(before.partition.released)), refunded }
}

type VerdictEntry = Recorded<Extract<GateEvent, { type: 'settlementDecided' }>>

/**
 * The verdict is computed again. Checks on the body, which a bundle does not have, are as recorded,
 * if there is a body that could have given all of them.
 */
function checkVerdict(
  { findings }: Examination,
  { event, fact, before }: VerdictEntry,
  profiles: ReadonlyMap<string, Profile>,
): void {
  findings.demand('settlement_decision')
  if (before.status !== 'executed') return
  const { authorization } = before
  const statement = before.observed?.observation ?? before.statement
  const { record } = fact
  const settlement = profiles.get(authorization.policyHash)?.settlement
  if (settlement === undefined) return
  const note = (holds: boolean, reason: string) =>
    findings.note('settlement_decision', holds, EVENTS_PATH, `event ${event.seq}: ${reason}`)
  const isPossible = evidence.gives(settlement.verifiers, statement, record.checks)
  note(isPossible, 'the checks are not what the response gives')
  const colour: Colour = evidence.colourOf(record.checks)
  const amount = BigInt(authorization.amountMax)
  const verdict =
    before.payment === undefined
      ? evidence.verdictOf(colour, settlement, amount, authorization.asset)
      : 'capture'
  const { checks, decidedAt: at } = record
  const again: SettlementDecisionRecord = settlementDecisionOf(before, {
    colour,
    checks,
    verdict,
    at,
  })
  note(same(again, record), `judging again gives ${colour} and \`${verdict}\``)
}

/** Each receipt is the one its gate's state gives, and names the receipt before it. */
function checkReceipts(
  { findings, crypto }: Examination,
  conclusions: readonly Recorded<Conclusion>[],
  profiles: ReadonlyMap<string, Profile>,
): void {
  let previousReceiptHash: string | null = null
  for (const { event, fact, before } of conclusions) {
    findings.demand('settlement_receipt')
    findings.demand('receipt_chain')
    const { receipt } = fact
    const again = receiptAgain(before, fact, { crypto, profiles })
    const chain = { previousReceiptHash: receipt.previousReceiptHash }
    const holds = again !== undefined && same({ ...again, ...chain }, receipt)
    const note = (check: 'settlement_receipt' | 'receipt_chain', held: boolean, reason: string) =>
      findings.note(check, held, EVENTS_PATH, `event ${event.seq}: ${reason}`)
    note('settlement_receipt', holds, 'not the receipt of this state')
    note('receipt_chain', receipt.previousReceiptHash === previousReceiptHash, 'names another')
    previousReceiptHash = fact.receiptHash
  }
}

function receiptAgain(
  before: Gate,
  { type, receipt, transfer, remainder }: Conclusion,
  { crypto, profiles }: { crypto: Crypto; profiles: ReadonlyMap<string, Profile> },
): SettlementReceipt | undefined {
  const remainderId = remainder?.transferId
  const closing = { transferId: transfer?.transferId ?? null, remainderId, at: receipt.at }
  switch (before.status) {
    case 'review': {
      const { settlementDecision } = before
      const settlementDecisionHash = hashOf(settlementDecision, crypto)
      const { verdict } = settlementDecision
      const executed = { ...before, status: 'executed' as const }
      const heldBack = heldBackAgain(before, profiles)
      return settlementReceiptOf(executed, verdict, {
        ...closing,
        settlementDecisionHash,
        heldBack,
      })
    }
    case 'settled': {
      const settlementDecisionHash = hashOf(before.settlementDecision, crypto)
      return holdbackReceiptOf(before, { ...closing, settlementDecisionHash })
    }
    case 'authorized':
    case 'executing':
    case 'waiting': {
      const as = type === 'gateVoided' ? 'voided' : 'expired'
      return endingReceiptOf(before as Ending, as, { ...closing, settlementDecisionHash: null })
    }
    default:
      return undefined
  }
}

/** INVARIANT(partition): the share that the profile holds back, until its window ends. */
function heldBackAgain(
  { settlementDecision: { verdict, decidedAt }, authorization }: Reviewed,
  profiles: ReadonlyMap<string, Profile>,
): HeldBack | null {
  const settlement = profiles.get(authorization.policyHash)?.settlement
  if (settlement?.holdback === undefined) return null
  const amount = evidence.heldBackOf(verdict, settlement, BigInt(authorization.amountMax))
  if (amount === 0n) return null
  const until = addMs(instantOf(decidedAt), settlement.holdback.windowMs)
  return { amount, until: formatInstant(until) }
}
