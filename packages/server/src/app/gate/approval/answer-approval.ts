/**
 * Takes a person's signed answer to an approval, and does at once what follows from it.
 *
 * A denial ends the gate in the same commit; an answer to a review divides what is held; an
 * approval waits for the agent to go on. Rules: domain/approval.
 *
 * @module
 */
import { approval, type gate, principal } from '@surety/domain'
import { type ApprovalAct, err, type Hash, type Id, ok } from '@surety/protocol'
import type { Facts, Idempotency, Outcome, Stamp, UseCase } from '../../../ports.ts'
import { standingKey, stopsRelease } from '../../control/standing.ts'
import { type SignedAct, verifyOwnAct } from '../../principal/operator-action.ts'
import { keyHolds } from '../../principal/party-signature.ts'
import {
  type Answer,
  type App,
  approvalKey,
  approvalStream,
  type Call,
  type Caller,
  principalKey,
} from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import {
  type Authorizing,
  authorizingReads,
  decideOn,
  isStale,
  prepareDecision,
} from '../authorize-gate.ts'
import { partiesOf } from '../facts.ts'
import { resolveGate } from '../resolve-gate.ts'
import { appendApproval, sealAt } from './append-approval.ts'
import { approvalView } from './view.ts'
import { answersOf, lapsedOf } from './waited-for.ts'

/** Every act that answers an approval. */
const ANSWERS = [
  'approve',
  'deny',
  'request_information',
  'override_allow',
  'override_deny',
  'resolve_release',
  'resolve_refund',
  'resolve_split',
  'review_override',
] as const

type Known = Exclude<approval.Approval, { status: 'none' }>

interface Answering {
  readonly act: SignedAct<(typeof ANSWERS)[number]>
  /** Of the approval: who is concerned does not change. */
  readonly asked: Known
  /** What deciding on the gate again needs. */
  readonly deciding: Authorizing
  /** The key under which the intent was signed. */
  readonly intentKid: string | null
  /** Of the profile under which the gate was decided. */
  readonly policyHash: Hash | null
}
type Reads = ReturnType<typeof reads>

function reads({ act, asked, deciding, policyHash }: Answering) {
  const { payerId } = asked
  return {
    ...authorizingReads(deciding),
    approval: approvalKey(asked.approvalId),
    operator: principalKey(act.object.operatorId),
    agent: principalKey(asked.agentId),
    payee: principalKey(asked.payee),
    payers: payerId === null ? [] : [principalKey(payerId)],
    policy: policyHash === null ? [] : [standingKey({ type: 'policy', id: policyHash })],
  }
}

const useCase: UseCase<Answering, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const { act } = input
    if (!keyHolds(read.operator.state, act.kid, stamp.atText)) {
      return { type: 'refuse', code: 'signing_key_not_valid', detail: act.kid }
    }
    const decided = approval.decide(read.approval.state, {
      type: 'answer',
      act: act.object as ApprovalAct,
      actionHash: act.hash,
      kid: act.kid,
      answerer: answererOf(read.operator.state, act, stamp.atText),
      parties: partyKids(read, input),
      lapsed: lapsedOf(read, input.deciding, stamp),
      at: stamp.at,
      seal: sealAt(stamp),
    })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal, detail: decided.detail }
    const writing = new Writing(stamp)
    const { approvalId } = input.asked
    writing.document(approvalId, `action-${act.hash}.jws`, act.jws).unique({
      family: 'operatorAction',
      key: act.object.actionId,
      owner: approvalId,
      refusal: 'approver_already_answered',
    })
    return follow(read, input, decided.value, { writing, stamp })
  },
}

/** Writes the answer, and what follows for the gate. */
function follow(
  read: Facts<Reads>,
  input: Answering,
  events: readonly approval.ApprovalEvent[],
  { writing, stamp }: { readonly writing: Writing; readonly stamp: Stamp },
): Outcome<Answer> {
  const last = events.at(-1)
  const all = [...events]
  if (last?.type === 'approvalDenied') {
    const before = read.gate.state
    if (before.status !== 'waiting' || isStale(read, input.deciding, stamp)) {
      return { type: 'stale' }
    }
    const records = [last.record]
    decideOn({ before, read, input: input.deciding, records }, writing, stamp)
  }
  if (last?.type === 'approvalApproved' && last.record.level === 'review') {
    if (last.record.division?.released !== '0' && !principal.mayAct(read.payee.state)) {
      return { type: 'refuse', code: 'principal_not_active', detail: last.record.payee }
    }
    // INVARIANT(control): nobody is paid while that is stopped, under the profile that rules or
    // the one it was authorized under; a refund goes on.
    const stands = [...read.controls, ...read.policy]
    if (last.record.division?.released !== '0' && stopsRelease(stands)) {
      return { type: 'refuse', code: 'commit_control_active' }
    }
    const resolved = resolveGate(writing, read.gate, last, stamp)
    if (!resolved.ok) return { type: 'refuse', code: resolved.refusal }
    all.push({ type: 'approvalConsumed', by: resolved.value })
  }
  const next = appendApproval(writing, read.approval, all, stamp)
  return writing.answer(approvalView(next), approvalStream(next.approvalId))
}

function answererOf(
  state: principal.Principal,
  { object }: Answering['act'],
  at: string,
): approval.Answerer {
  const { operatorId: principalId, role } = object
  const holdsRole = role !== 'payer' && principal.holdsRole(state, role, at)
  const kind = state.status === 'none' ? 'service' : state.kind
  return { principalId, kind, kids: kidsOf(state), holdsRole }
}

function partyKids(read: Facts<Reads>, { intentKid, deciding }: Answering): approval.PartyKids {
  const ids = deciding.chain.map(({ document }) => document.grantorId)
  const places = partiesOf(deciding.intent, deciding.chain)
  const kids = ids.flatMap((id) => {
    const state = read.parties[places.indexOf(id)]?.state
    return state === undefined ? [] : kidsOf(state)
  })
  return {
    grantors: { ids, kids },
    agent: [...(intentKid === null ? [] : [intentKid]), ...kidsOf(read.agent.state)],
    payee: kidsOf(read.payee.state),
    payer: read.payers.flatMap(({ state }) => kidsOf(state)),
  }
}

function kidsOf(state: principal.Principal): readonly string[] {
  return state.status === 'none' ? [] : state.keys.map(({ kid }) => kid)
}

/** Who calls is who signed; who it is comes from the credential and the key, from nothing else. */
export function answerApproval(
  app: App,
  caller: Caller,
  call: { readonly approvalId: string; readonly action: string },
  idempotency: Idempotency | null,
): Call<Answering, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const act = await verifyOwnAct(app, caller, call.action, ANSWERS)
      if (!act.ok) return act
      const { state: asked } = await app.store.reads.state(
        caller.scope,
        'approval',
        call.approvalId,
      )
      if (asked.status === 'none') return err('approval_not_found')
      const { state } = await app.store.reads.state(caller.scope, 'gate', asked.gateId)
      if (state.status === 'none') throw new Error('an approval without its gate')
      const deciding = await prepareDecision(
        app,
        caller,
        state as Exclude<gate.Gate, { status: 'none' }>,
      )
      const approvalId = asked.approvalId as Id<'apr'>
      const own = { ...deciding, approvalId, answers: answersOf(asked) }
      const { intentKid } = state
      const policyHash = 'decision' in state ? state.decision.policyHash : null
      return ok({ act: act.value, asked, deciding: own, intentKid, policyHash })
    },
  }
}
