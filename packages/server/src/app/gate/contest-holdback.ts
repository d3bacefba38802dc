/**
 * Takes the word of the paying side, or of an operator, that what is held back should not go on:
 * it stays where it is, and people are asked. Rules: domain/gate, domain/approval.
 *
 * @module
 */
import { gate, principal } from '@surety/domain'
import { err, type Id, ok, type Profile } from '@surety/protocol'
import type { Idempotency, UseCase } from '../../ports.ts'
import { profileByHash } from '../profile/current-profile.ts'
import {
  type Answer,
  type App,
  type Call,
  type Caller,
  gateKey,
  gateStream,
  principalKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { openApproval } from './approval/open-approval.ts'
import { noticeOf } from './money.ts'
import { deadlineOf, evolveAll } from './view.ts'

interface Contesting {
  readonly gateId: Id<'gat'>
  readonly contestedBy: Id<'prn'>
  readonly text: string
  /** Under which the gate was authorized; `null` if it was not. */
  readonly profile: Profile | null
}
type Reads = ReturnType<typeof reads>

function reads({ gateId, contestedBy }: Contesting) {
  return { gate: gateKey(gateId), by: principalKey(contestedBy) }
}

/** Who may answer an approval may also ask for one. */
const ASKING_ROLES = ['reviewer', 'oncall', 'ops_admin', 'incident_commander'] as const

const contest: UseCase<Contesting, Reads, Answer> = {
  reads,
  decide: ({ gate: before, by }, { gateId, contestedBy, text, profile }, stamp) => {
    const { state } = before
    if (state.status === 'none') return { type: 'refuse', code: 'gate_not_found' }
    const { agentId, payee } = state.intent
    const payerId = 'authorization' in state ? (state.authorization?.payerId ?? null) : null
    const isParty = contestedBy === payerId || contestedBy === agentId
    const isOperator = ASKING_ROLES.some((role) =>
      principal.holdsRole(by.state, role, stamp.atText),
    )
    // INVARIANT(tenancy): for everybody else, and for who is paid, there is nothing to contest.
    if (contestedBy === payee || (!isParty && !isOperator)) {
      return { type: 'refuse', code: 'gate_not_found' }
    }
    const decided = gate.decide(state, { type: 'contest', contestedBy, text, at: stamp.at })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const next = evolveAll(state, decided.value, stamp.at)
    if (next.status !== 'settled') throw new Error('what is contested is settled')
    // It was settled while this was prepared.
    if (profile === null) return { type: 'stale' }
    const stream = gateStream(gateId)
    const writing = new Writing(stamp)
    writing.append({ family: 'gate', id: gateId, stream, before }, decided.value, next)
    // INVARIANT(approval): what is contested asks people, in the very commit that freezes it.
    openApproval(writing, { state: next, profile, payerId }, stamp)
    return writing
      .deadline(gateId, deadlineOf(state), deadlineOf(next))
      .notify('gate.holdback_contested', noticeOf(next, stamp))
      .answer(null, stream)
  },
}

/** The agent and the payer contest until the window ends; an operator as long as it is held. */
export function contestHoldback(
  app: App,
  caller: Caller,
  call: { readonly gateId: string; readonly text: string },
  idempotency: Idempotency | null,
): Call<Contesting, Reads> {
  return {
    useCase: contest,
    idempotency,
    prepare: async () => {
      const { scope, principalId } = caller
      const { state } = await app.store.reads.state(scope, 'gate', call.gateId)
      if (state.status === 'none' || principalId === 'system') return err('gate_not_found')
      const { gateId } = state
      const asked = { gateId, contestedBy: principalId, text: call.text }
      if (state.status !== 'settled') return ok({ ...asked, profile: null })
      const { profile } = await profileByHash(app, scope, state.authorization.policyHash)
      return ok({ ...asked, profile })
    },
  }
}
