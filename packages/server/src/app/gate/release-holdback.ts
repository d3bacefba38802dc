/** What was held back goes to the payee when its window is over. Rules: domain/gate. */
import { gate, principal, receipt } from '@surety/domain'
import { hashOf, hashOfRecord } from '@surety/protocol'
import type { Outcome, Stamp, Stored } from '../../ports.ts'
import { stopsRelease } from '../control/standing.ts'
import { type Answer, gateStream } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { claimsBetween, closing, eventTransfer, noticeOf } from './money.ts'
import { deadlineOf, evolveAll } from './view.ts'

type Settled = Extract<gate.Gate, { status: 'settled' }>

/** Writes the release, its receipt and its end; refuses while nobody may be paid. */
export function releaseHeld(
  state: Settled,
  before: Stored<gate.Gate>,
  read: {
    readonly payee: Stored<principal.Principal>
    readonly controls: Parameters<typeof stopsRelease>[0]
  },
  stamp: Stamp,
): Outcome<Answer> {
  const { gateId, holdback, partition } = state
  if (holdback === undefined || deadlineOf(state) === null) {
    return { type: 'refuse', code: 'holdback_not_held' }
  }
  // INVARIANT(default-deny): who may not act is not paid; it stays held until they may.
  if (!principal.mayAct(read.payee.state)) return { type: 'refuse', code: 'principal_not_active' }
  // INVARIANT(control): checked where money would leave; it stays held until that is lifted.
  if (stopsRelease(read.controls)) return { type: 'refuse', code: 'commit_control_active' }
  const posting = closing(state, 'release', stamp.mint('trf'), BigInt(partition.held))
  const closed = receipt.holdbackReceiptOf(state, {
    settlementDecisionHash: hashOf(state.settlementDecision, stamp.crypto),
    transferId: posting.transferId,
    at: stamp.atText,
  })
  const released = gate.decide(state, {
    type: 'releaseHeld',
    receipt: closed,
    receiptHash: hashOfRecord(closed, stamp.crypto),
    kid: stamp.kids.settlement,
    transfer: eventTransfer(posting),
    at: stamp.at,
  })
  if (!released.ok) return { type: 'refuse', code: released.refusal }
  const next = evolveAll(state, released.value, stamp.at) as Settled
  const stream = gateStream(gateId)
  const writing = new Writing(stamp).transfer(posting)
  writing.count(claimsBetween(state.claims, partition, closed))
  writing.append({ family: 'gate', id: gateId, stream, before }, released.value, next)
  return writing
    .deadline(gateId, deadlineOf(state), null)
    .notify('gate.holdback_released', noticeOf(next, stamp))
    .answer(null, stream)
}
