/** Ends a gate before anything was presented, by its agent or by the clock. Rules: domain/gate. */
import { approval, gate, type policy, principal, receipt } from '@surety/domain'
import { err, hashOfRecord, type Id, ok } from '@surety/protocol'
import type { Idempotency, Outcome, Stamp, Stored, UseCase } from '../../ports.ts'
import { requestControls, stopsRelease } from '../control/standing.ts'
import { grantChain } from '../grant/chain.ts'
import { profileByHash } from '../profile/current-profile.ts'
import {
  type Answer,
  type App,
  approvalKey,
  type Call,
  type Caller,
  gateKey,
  gateStream,
  principalKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { appendApproval, sealAt } from './approval/append-approval.ts'
import { isAsked } from './approval/waited-for.ts'
import { claimsFor, closing, eventTransfer, noticeOf } from './money.ts'
import { releaseHeld } from './release-holdback.ts'
import { settleExecuted } from './settle.ts'
import { deadlineOf, evolveAll } from './view.ts'

type Reads = { readonly gate: ReturnType<typeof gateKey> }

interface Ending {
  readonly gateId: Id<'gat'>
  readonly as: 'voided' | 'expired'
}

const end: UseCase<Ending, Reads, Answer> = {
  reads: ({ gateId }) => ({ gate: gateKey(gateId) }),
  decide: ({ gate: before }, { as }, stamp) => endNow(before, as, stamp),
}

function endNow(
  before: Stored<gate.Gate>,
  as: Ending['as'],
  stamp: Stamp,
  asked?: Stored<approval.Approval>,
  writing: Writing = new Writing(stamp),
): Outcome<Answer> {
  const { state } = before
  if (state.status !== 'authorized' && state.status !== 'waiting') {
    return { type: 'refuse', code: 'gate_not_authorized' }
  }
  const posting = state.status === 'authorized' ? closing(state, 'refund', stamp.mint('trf')) : null
  const closed = receipt.endingReceiptOf(state, as, {
    settlementDecisionHash: null,
    transferId: posting?.transferId ?? null,
    at: stamp.atText,
  })
  const ended = gate.decide(state, {
    type: 'end',
    as,
    receipt: closed,
    receiptHash: hashOfRecord(closed, stamp.crypto),
    kid: stamp.kids.settlement,
    transfer: posting === null ? null : eventTransfer(posting),
    at: stamp.at,
  })
  if (!ended.ok) return { type: 'refuse', code: ended.refusal }
  if (posting !== null && state.status === 'authorized') {
    writing.transfer(posting)
    writing.count(claimsFor(state.claims, state.authorization.amountMax, 'giveBack'))
  }
  if (asked !== undefined) expireApproval(writing, asked, stamp)
  const next = evolveAll(state, ended.value, stamp.at)
  if (next.status === 'none') throw new Error('an ended gate is one')
  const { gateId } = next
  const stream = gateStream(gateId)
  writing.append({ family: 'gate', id: gateId, stream, before }, ended.value, next)
  return writing
    .deadline(gateId, deadlineOf(state), null)
    .notify(`gate.${next.status}`, noticeOf(next, stamp))
    .answer(null, stream)
}

/** INVARIANT(approval): a wait never times out open: its approval ends in the same commit. */
function expireApproval(writing: Writing, asked: Stored<approval.Approval>, stamp: Stamp): void {
  const seal = sealAt(stamp)
  const expired = approval.decide(asked.state, { type: 'expire', at: stamp.at, seal })
  if (!expired.ok) throw new Error(`a gate ends before what it waits for: ${expired.refusal}`)
  appendApproval(writing, asked, expired.value, stamp)
}

/** Gives an authorization back unused. Its agent may, and so may who pays. */
export function voidGate(
  app: App,
  caller: Caller,
  gateId: string,
  idempotency: Idempotency | null,
): Call<Ending, Reads> {
  return {
    useCase: end,
    idempotency,
    prepare: async () => {
      const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
      if (state.status === 'none') return err('gate_not_found')
      const payerId = 'authorization' in state ? state.authorization?.payerId : undefined
      const allowed = [state.intent.agentId, payerId]
      if (!allowed.some((id) => id === caller.principalId)) return err('gate_not_found')
      return ok({ gateId: state.gateId, as: 'voided' as const })
    },
  }
}

/** Gives an authorization back for an operator who drains what a control has caught. */
export function voidInto(writing: Writing, before: Stored<gate.Gate>, stamp: Stamp): boolean {
  return endNow(before, 'voided', stamp, undefined, writing).type === 'write'
}

interface Overdue {
  readonly gateId: Id<'gat'>
  readonly payee: Id<'prn'>
  readonly terms: policy.CompiledProfile | null
  /** What the gate waits for, if it does. */
  readonly approvalId: string | null
  readonly controls: ReturnType<typeof requestControls>
}
type OverdueReads = Reads & {
  readonly payee: ReturnType<typeof principalKey>
  readonly approvals: readonly ReturnType<typeof approvalKey>[]
  readonly controls: ReturnType<typeof requestControls>
}

const tick: UseCase<Overdue, OverdueReads, Answer> = {
  reads: ({ gateId, payee, approvalId, controls }) => ({
    controls,
    gate: gateKey(gateId),
    payee: principalKey(payee),
    approvals: approvalId === null ? [] : [approvalKey(approvalId)],
  }),
  decide: ({ gate: before, payee, approvals, controls }, { terms }, stamp) => {
    const { status } = before.state
    // What a gate waits for ends with it; one that came to wait since is looked at again.
    if (before.state.status === 'waiting' && !isAsked(before.state, approvals[0])) {
      return { type: 'stale' }
    }
    if (before.state.status === 'settled') {
      return releaseHeld(before.state, before, { payee, controls }, stamp)
    }
    if (status !== 'executing') return endNow(before, 'expired', stamp, approvals[0])
    const out = gate.decide(before.state, { type: 'timeOut', at: stamp.at })
    if (!out.ok) return { type: 'refuse', code: out.refusal }
    if (terms === null) return { type: 'stale' }
    const { settlement } = terms.profile
    // INVARIANT(default-deny): silence pays nobody who is not active; the money waits in its hold.
    if (settlement.onSilence === 'release' && !principal.mayAct(payee.state)) {
      return { type: 'refuse', code: 'principal_not_active' }
    }
    // INVARIANT(control): who cannot be heard is not silent; the money waits until it is lifted.
    if (stopsRelease(controls)) return { type: 'refuse', code: 'commit_control_active' }
    const judged = { checks: [], settlement, terms, document: null, frozen: false }
    return settleExecuted(before, out.value, judged, stamp)
  },
}

/** What the clock does past a deadline: expiry, `onSilence`, or what was held back goes on. */
export function passDeadline(
  app: App,
  caller: Caller,
  gateId: string,
): Call<Overdue, OverdueReads> {
  return {
    useCase: tick,
    idempotency: null,
    prepare: async () => {
      const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
      if (state.status === 'none') return err('gate_not_found')
      const { gateId: id, intent } = state
      const { payee } = intent
      const none = { gateId: id, payee, terms: null, approvalId: null, controls: [] }
      if (state.status === 'waiting') {
        const { decisionHash } = state
        const approvalId = await app.store.reads.unique(caller.scope, 'approval', decisionHash)
        return ok({ ...none, approvalId: approvalId ?? null })
      }
      if (state.status !== 'executing' && state.status !== 'settled') return ok(none)
      const { policyHash } = state.authorization
      const isSilent = state.status === 'executing'
      const terms = isSilent ? await profileByHash(app, caller.scope, policyHash) : null
      const chain = await grantChain(app, caller.scope, intent.grantHash)
      const controls = requestControls({ tenantId: intent.tenantId, intent, policyHash }, chain)
      return ok({ ...none, terms, controls })
    },
  }
}
