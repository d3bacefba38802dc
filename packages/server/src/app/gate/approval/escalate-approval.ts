/**
 * Raises an approval that nobody answered in time, and reminds of an after-review that is owed: the
 * clock asks louder, and never answers.
 *
 * @module
 */
import { approval } from '@surety/domain'
import { err, ok } from '@surety/protocol'
import type { UseCase } from '../../../ports.ts'
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
import { approvalView } from './view.ts'

interface Escalating {
  readonly approvalId: string
}
type Reads = { readonly approval: ReturnType<typeof approvalKey> }

const useCase: UseCase<Escalating, Reads, Answer> = {
  reads: ({ approvalId }) => ({ approval: approvalKey(approvalId) }),
  decide: (read, { approvalId }, stamp) => {
    const late = approval.decide(read.approval.state, { type: 'escalate', at: stamp.at })
    if (!late.ok) return { type: 'refuse', code: late.refusal }
    const writing = new Writing(stamp)
    const next = appendApproval(writing, read.approval, late.value, stamp)
    return writing.answer(approvalView(next), approvalStream(approvalId))
  },
}

/** What the clock does to an approval whose answer, or whose after-review, is late. */
export function escalateApproval(
  app: App,
  caller: Caller,
  approvalId: string,
): Call<Escalating, Reads> {
  return {
    useCase,
    idempotency: null,
    prepare: async () => {
      const { state } = await app.store.reads.state(caller.scope, 'approval', approvalId)
      return state.status === 'none' ? err('approval_not_found') : ok({ approvalId })
    },
  }
}
