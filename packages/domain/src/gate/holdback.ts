/**
 * What is held back of a settled gate: it goes to the payee when its time is over, unless the
 * paying side or an operator contests it. Then only people say where it goes.
 *
 * Rules: spec/gate.md, docs/concepts/evidence-and-settlement.md. Vectors: spec/vectors/gate/.
 *
 * @module
 */
import {
  err,
  type Hash,
  type Id,
  type Instant,
  instantOf,
  ok,
  type ProblemCode,
  type Result,
  type SettlementReceipt,
  unreachable,
} from '@surety/protocol'
import type { HoldbackEvent } from './events.ts'
import { ensureReleased } from './soundness.ts'
import type { Gate, TransferRecord } from './state.ts'

export type HoldbackCommand =
  | {
      readonly type: 'contest'
      readonly contestedBy: Id<'prn'>
      readonly text: string
      readonly at: Instant
    }
  | {
      readonly type: 'releaseHeld'
      readonly receipt: SettlementReceipt
      readonly receiptHash: Hash
      readonly kid: string
      readonly transfer: TransferRecord | null
      readonly at: Instant
    }

/** In the order they are checked. */
type Refusal = Extract<ProblemCode, `holdback_${string}`>
type Known = Exclude<Gate, { status: 'none' }>

export function decideHeldBack(
  gate: Known,
  command: HoldbackCommand,
): Result<readonly HoldbackEvent[], Refusal> {
  if (gate.status !== 'settled' || gate.holdback === undefined) return err('holdback_not_held')
  const { until, contest } = gate.holdback
  // INVARIANT(once): contested once; from then on no clock moves it.
  if (contest !== undefined) return err('holdback_contested')
  const isOver = command.at > instantOf(until)
  switch (command.type) {
    case 'contest': {
      const { contestedBy, text } = command
      const { payerId, payee, agentId } = gate.authorization
      if (contestedBy === payee) throw new Error('who is paid does not contest being paid')
      // An operator may as long as it is there: whoever is to be paid may never be able to be.
      const isParty = contestedBy === payerId || contestedBy === agentId
      if (isParty && isOver) return err('holdback_window_ended')
      return ok([{ type: 'holdbackContested', contestedBy, text }])
    }
    case 'releaseHeld': {
      if (!isOver) return err('holdback_not_held')
      const { type: _, at: __, ...concluded } = command
      ensureReleased(gate, concluded.receipt, concluded.transfer)
      return ok([{ type: 'holdbackReleased', ...concluded }])
    }
    default:
      return unreachable(command)
  }
}
