/**
 * From executed to its end: the verdict, the transfer it causes, and the receipt of both.
 *
 * @module
 */
import { evidence, gate, type policy, receipt } from '@surety/domain'
import {
  addMs,
  type CheckResult,
  formatInstant,
  hashOfRecord,
  type Profile,
} from '@surety/protocol'
import type { Outcome, Stamp, Stored } from '../../ports.ts'
import { type Answer, gateStream } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { openApproval } from './approval/open-approval.ts'
import { claimsBetween, closing, eventTransfer, noticeOf, returning } from './money.ts'
import { deadlineOf, evolveAll } from './view.ts'

type Executed = Extract<gate.Gate, { status: 'executed' }>

/** Judges an executed gate and writes its end. `first` are the facts that made it executed. */
export function settleExecuted(
  before: Stored<gate.Gate>,
  first: readonly gate.GateEvent[],
  judged: {
    readonly checks: readonly CheckResult[]
    readonly settlement: Profile['settlement']
    /** Under which profile it was authorized; what is in review is urgent by its limits. */
    readonly terms?: policy.CompiledProfile
    readonly document: { readonly name: string; readonly text: string } | null
    /** An emergency control stops what would be released; refunds and reviews go on. */
    readonly frozen: boolean
  },
  stamp: Stamp,
): Outcome<Answer> {
  const executed = evolveAll(before.state, first, stamp.at)
  if (executed.status !== 'executed') throw new Error(`settling after ${executed.status}`)
  const { colour, verdict } = judge(executed, judged)
  // INVARIANT(control): checked where money would leave; nothing changes, and it stays held.
  if (judged.frozen && verdict === 'release') {
    return { type: 'refuse', code: 'commit_control_active' }
  }
  const writing = new Writing(stamp)
  const second = conclude(executed, { ...judged, colour, verdict }, writing, stamp)
  const state = evolveAll(executed, second, stamp.at)
  if (state.status === 'none') throw new Error('a settled gate is one')
  const { gateId } = state
  const stream = gateStream(gateId)
  writing.append({ family: 'gate', id: gateId, stream, before }, [...first, ...second], state)
  if (state.status === 'review') {
    const { payerId } = state.authorization
    openApproval(writing, { state, profile: judged.terms?.profile, payerId }, stamp)
  }
  if (judged.document !== null) writing.document(gateId, judged.document.name, judged.document.text)
  return writing
    .deadline(gateId, deadlineOf(before.state), deadlineOf(state))
    .notify(`gate.${state.status}`, noticeOf(state, stamp))
    .answer(null, stream)
}

interface Evidence {
  readonly checks: readonly CheckResult[]
  readonly settlement: Profile['settlement']
}

function judge(executed: Executed, { checks, settlement }: Evidence) {
  const { amountMax, asset } = executed.authorization
  const colour = evidence.colourOf(checks)
  const verdict =
    executed.payment === undefined
      ? evidence.verdictOf(colour, settlement, BigInt(amountMax), asset)
      : ('capture' as const)
  return { colour, verdict }
}

function conclude(
  executed: Executed,
  judged: Evidence & ReturnType<typeof judge>,
  writing: Writing,
  stamp: Stamp,
): readonly gate.GateEvent[] {
  const { amountMax } = executed.authorization
  const { colour, verdict, checks } = judged
  const at = stamp.atText
  const record = receipt.settlementDecisionOf(executed, { colour, verdict, checks, at })
  const heldBack = heldBackOf(verdict, judged.settlement, amountMax, stamp)
  const moved = BigInt(amountMax) - (heldBack?.amount ?? 0n)
  const isMoving = verdict !== 'review' && moved > 0n
  const posting = isMoving ? closing(executed, verdict, stamp.mint('trf'), moved) : null
  const left = verdict === 'capture' ? returning(executed, () => stamp.mint('trf')) : undefined
  const closed = receipt.settlementReceiptOf(executed, verdict, {
    settlementDecisionHash: hashOfRecord(record, stamp.crypto),
    transferId: posting?.transferId ?? null,
    remainderId: left?.transferId,
    at,
    heldBack,
  })
  if (posting !== null) {
    writing.transfer(posting)
    // What a rail takes was reserved whole until the verdict that says so.
    const held = { released: '0', captured: '0', held: amountMax }
    writing.count(claimsBetween(executed.claims, held, closed))
  }
  if (left !== undefined) writing.transfer(left)
  const settled = gate.decide(executed, {
    type: 'settle',
    record,
    receipt: closed,
    receiptHash: hashOfRecord(closed, stamp.crypto),
    kid: stamp.kids.settlement,
    transfer: posting === null ? null : eventTransfer(posting),
    remainder: left === undefined ? undefined : eventTransfer(left),
  })
  if (!settled.ok) throw new Error(`an executed gate refuses its verdict: ${settled.refusal}`)
  return settled.value
}

/** INVARIANT(partition): a share of what is released waits for the end of the profile's window. */
function heldBackOf(
  verdict: ReturnType<typeof judge>['verdict'],
  settlement: Profile['settlement'],
  amountMax: string,
  stamp: Stamp,
): receipt.HeldBack | null {
  const amount = evidence.heldBackOf(verdict, settlement, BigInt(amountMax))
  if (amount === 0n || settlement.holdback === undefined) return null
  return { amount, until: formatInstant(addMs(stamp.at, settlement.holdback.windowMs)) }
}
