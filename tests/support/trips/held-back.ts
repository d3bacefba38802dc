/**
 * Gates of which a share is held back, for the stories of bundles.
 *
 * @module
 */
import { evidence, type gate, ledger, receipt } from '@surety/domain'
import { addMs, formatInstant, hashOf, type Instant, type Profile } from '@surety/protocol'
import { idNumber, nodeCrypto } from '../bundle-keys.ts'
import { HOUSE } from '../bundle-story.ts'

const SEEN = { schemaHolds: null }
const common = { end: 'answered', body: SEEN } as const

/** One gate for each way in which a share may end. */
export const HELD_BACK = [
  { name: 'held-back', number: 1700, ...common },
  { name: 'held-back-passed-on', number: 1800, ...common, after: 'passed on' },
  { name: 'held-back-contested', number: 1900, ...common, after: 'contested' },
  { name: 'held-back-split', number: 2000, ...common, after: 'contested', person: 'split' },
] as const

/** The same profile, but for a fifth of what is released. */
export function holdingBack({ settlement, ...rest }: Profile): Profile {
  const holdback = { basisPoints: 2_000, windowMs: 3_600_000 }
  return { ...rest, version: 4, settlement: { ...settlement, holdback } }
}

/** What the profile holds back of a verdict, until when. */
export function heldBackOf(
  verdict: evidence.Verdict,
  settlement: Profile['settlement'],
  amount: string,
  at: Instant,
): receipt.HeldBack | null {
  const share = evidence.heldBackOf(verdict, settlement, BigInt(amount))
  if (share === 0n || settlement.holdback === undefined) return null
  return { amount: share, until: formatInstant(addMs(at, settlement.holdback.windowMs)) }
}

/** A second after the window is over. */
const PASSED_ON_MS = 3_601_070
const BEGIN = '2026-11-20T09:30:00.000Z'

/** What was held back goes to the payee; and how long after the beginning. */
export function passOn(
  state: gate.Gate,
  plot: { readonly number: number },
): [command: gate.GateCommand, ms: number] {
  if (state.status !== 'settled') throw new Error(state.status)
  const { holdId, payerId, payee, asset } = state.authorization
  const held = { holdId, payerId, payee, amount: BigInt(state.partition.held), asset }
  const posting = ledger.closingPosting(held, 'release', idNumber('trf', plot.number + 2))
  const at = (Date.parse(BEGIN) + PASSED_ON_MS) as Instant
  const closed = receipt.holdbackReceiptOf(state, {
    settlementDecisionHash: hashOf(state.settlementDecision, nodeCrypto),
    transferId: posting.transferId,
    at: formatInstant(at),
  })
  const transfer = { ...posting, amount: String(posting.amount) }
  const receiptHash = hashOf(closed, nodeCrypto)
  const kid = HOUSE.settlement.kid
  return [{ type: 'releaseHeld', receipt: closed, receiptHash, kid, transfer, at }, PASSED_ON_MS]
}

/** The agent says that it should not go on. */
export function contested(at: Instant): gate.GateCommand {
  return { type: 'contest', contestedBy: idNumber('prn', 13), text: 'an old answer', at }
}
