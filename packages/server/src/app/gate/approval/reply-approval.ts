/**
 * Takes what an agent says to a question about its own gate. Words for people: nothing is decided.
 *
 * @module
 */
import { approval } from '@surety/domain'
import { err, type Id, ok } from '@surety/protocol'
import type { Idempotency, UseCase } from '../../../ports.ts'
import {
  type Answer,
  type App,
  approvalKey,
  approvalStream,
  type Call,
  type Caller,
} from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import { appendApproval } from './append-approval.ts'
import { lastApproval } from './read.ts'
import { gateApprovalView } from './view.ts'

interface Replying {
  readonly approvalId: string
  readonly gateState: string
  readonly questionId: Id<'opa'>
  readonly text: string
}
type Reads = { readonly approval: ReturnType<typeof approvalKey> }

const useCase: UseCase<Replying, Reads, Answer> = {
  reads: ({ approvalId }) => ({ approval: approvalKey(approvalId) }),
  decide: (read, { questionId, text, gateState }, stamp) => {
    const command = { type: 'reply', questionId, text, at: stamp.at } as const
    const said = approval.decide(read.approval.state, command)
    if (!said.ok) return { type: 'refuse', code: said.refusal, detail: said.detail }
    const writing = new Writing(stamp)
    const next = appendApproval(writing, read.approval, said.value, stamp)
    const view = gateApprovalView(next, gateState, stamp.at)
    return writing.answer(view, approvalStream(next.approvalId))
  },
}

/** INVARIANT(no-forgery): only the agent of the gate, by its own credential. */
export function replyApproval(
  app: App,
  caller: Caller,
  call: { readonly gateId: string; readonly questionId: string; readonly text: string },
  idempotency: Idempotency | null,
): Call<Replying, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const { gateId, questionId, text } = call
      const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
      const isOwn = state.status !== 'none' && state.intent.agentId === caller.principalId
      if (!isOwn) return err('gate_not_found')
      const found = await lastApproval(app, caller, gateId)
      if (found === undefined) return err('approval_not_found')
      const { approvalId } = found
      return ok({ approvalId, gateState: state.status, questionId: questionId as Id<'opa'>, text })
    },
  }
}
