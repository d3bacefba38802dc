/** Divides what is held, in review or back, as a person said: see domain/gate. */
import { type approval, gate, ledger, receipt } from '@surety/domain'
import { type Hash, hashOf, hashOfRecord, ok, type Result } from '@surety/protocol'
import type { Stamp, Stored } from '../../ports.ts'
import { gateStream } from '../runtime.ts'
import type { Writing } from '../write-set.ts'
import { claimsBetween, eventTransfer, noticeOf } from './money.ts'
import { evolveAll } from './view.ts'

type Approved = Extract<approval.ApprovalEvent, { type: 'approvalApproved' }>

/** Writes where what is held goes; answers with the hash of the receipt that says so. */
export function resolveGate(
  writing: Writing,
  before: Stored<gate.Gate>,
  { record, recordHash }: Approved,
  stamp: Stamp,
): Result<Hash, gate.GateRefusal> {
  const { state } = before
  const { division } = record
  const isHeld = state.status === 'review' || state.status === 'settled'
  if (!isHeld || division === null) return refused()
  const { holdId, payerId, payee, asset } = state.authorization
  const held = { holdId, payerId, payee, amount: BigInt(state.partition.held), asset }
  const postings = ledger.dividingPostings(held, division, () => stamp.mint('trf'))
  const closed = receipt.resolutionReceiptOf(state, division, {
    settlementDecisionHash: hashOf(state.settlementDecision, stamp.crypto),
    transferIds: postings.map(({ transferId }) => transferId),
    at: stamp.atText,
  })
  const receiptHash = hashOfRecord(closed, stamp.crypto)
  const resolved = gate.decide(state, {
    type: 'resolve',
    approvalId: record.approvalId,
    recordHash,
    receipt: closed,
    receiptHash,
    kid: stamp.kids.settlement,
    transfers: postings.map(eventTransfer),
  })
  if (!resolved.ok) return resolved
  for (const posting of postings) writing.transfer(posting)
  writing.count(claimsBetween(state.claims, state.partition, closed))
  const next = evolveAll(state, resolved.value, stamp.at)
  if (next.status === 'none') throw new Error('a settled gate is one')
  const { gateId } = next
  const place = { family: 'gate', id: gateId, stream: gateStream(gateId), before } as const
  writing.append(place, resolved.value, next)
  const topic = state.status === 'review' ? 'gate.settled' : 'gate.holdback_resolved'
  writing.notify(topic, noticeOf(next, stamp))
  return ok(receiptHash)
}

function refused(): Result<Hash, gate.GateRefusal> {
  return { ok: false, refusal: 'gate_not_in_review' }
}
