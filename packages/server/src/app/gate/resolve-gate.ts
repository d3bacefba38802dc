/** Divides what is in review as a person said: released, refunded, or split. Rules: domain/gate. */
import { type approval, gate, ledger, policy, receipt } from '@surety/domain'
import { type Division, type Hash, hashOf, ok, type Result } from '@surety/protocol'
import type { CounterClaim, Stamp, Stored } from '../../ports.ts'
import { gateStream } from '../runtime.ts'
import type { Writing } from '../write-set.ts'
import { eventTransfer, noticeOf } from './money.ts'
import { evolveAll } from './view.ts'

type Approved = Extract<approval.ApprovalEvent, { type: 'approvalApproved' }>
type Reviewed = Extract<gate.Gate, { status: 'review' }>

/** Writes the end of a gate in review; answers with the hash of its receipt. */
export function resolveGate(
  writing: Writing,
  before: Stored<gate.Gate>,
  { record, recordHash }: Approved,
  stamp: Stamp,
): Result<Hash, gate.GateRefusal> {
  const { state } = before
  const { division } = record
  if (state.status !== 'review' || division === null) return refused()
  const { holdId, payerId, payee, amountMax, asset } = state.authorization
  const held = { holdId, payerId, payee, amount: BigInt(amountMax), asset }
  const postings = ledger.dividingPostings(held, division, () => stamp.mint('trf'))
  const closed = receipt.resolutionReceiptOf(state, division, {
    settlementDecisionHash: hashOf(state.settlementDecision, stamp.crypto),
    transferIds: postings.map(({ transferId }) => transferId),
    at: stamp.atText,
  })
  const receiptHash = hashOf(closed, stamp.crypto)
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
  writing.count(dividedClaims(state, division))
  const next = evolveAll(state, resolved.value, stamp.at)
  if (next.status === 'none') throw new Error('a settled gate is one')
  const { gateId } = next
  const place = { family: 'gate', id: gateId, stream: gateStream(gateId), before } as const
  writing.append(place, resolved.value, next)
  writing.notify(`gate.${next.status}`, noticeOf(next, stamp))
  return ok(receiptHash)
}

function refused(): Result<Hash, gate.GateRefusal> {
  return { ok: false, refusal: 'gate_not_in_review' }
}

/** INVARIANT(budget): what is released is spent, what is refunded is given back. */
function dividedClaims(state: Reviewed, { released }: Division): readonly CounterClaim[] {
  const { amountMax } = state.authorization
  return state.claims.map((counter) => {
    const reserved = -policy.shareOf(counter, BigInt(amountMax))
    const isUsed = BigInt(released) > 0n
    const spent = isUsed ? policy.shareOf(counter, BigInt(released)) : 0n
    return { counter, reserved, spent }
  })
}
