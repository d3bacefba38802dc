/**
 * What became of an approval that a gate waits for: whose it is, who answered it, and whether they
 * still may.
 *
 * @module
 */
import { approval, type gate, principal } from '@surety/domain'
import { type ApprovalAnswer, type Hash, type Id, ok, type Result } from '@surety/protocol'
import type { Stamp, Stored } from '../../../ports.ts'
import { keyHolds } from '../../principal/party-signature.ts'
import type { Writing } from '../../write-set.ts'
import { appendApproval } from './append-approval.ts'

/** Whether this is the approval of the decision that the gate waits on. */
export function isAsked(
  before: Extract<gate.Gate, { status: 'waiting' }>,
  asked: Stored<approval.Approval> | undefined,
): boolean {
  if (asked === undefined || asked.state.status === 'none') return false
  return asked.state.decisionHash === before.decisionHash
}

/** What people answered so far. */
export function answersOf(state: approval.Approval | undefined): readonly ApprovalAnswer[] {
  return state === undefined || state.status === 'none' ? [] : state.answers
}

/** Who answered, and by now has lost the role or the key under which they did. */
export function lapsedOf(
  { answerers }: { readonly answerers: readonly Stored<principal.Principal>[] },
  { answers }: { readonly answers: readonly ApprovalAnswer[] },
  { atText }: Pick<Stamp, 'atText'>,
): readonly Id<'prn'>[] {
  const lapsed = answers.filter(({ role, kid }, i) => {
    const state = answerers[i]?.state ?? principal.initial
    const mayStill =
      role === 'payer' ? principal.mayAct(state) : principal.holdsRole(state, role, atText)
    return !mayStill || !keyHolds(state, kid, atText)
  })
  return lapsed.map(({ operatorId }) => operatorId)
}

/** INVARIANT(approval): an allowance of a person is used up by the decision made with it. */
export function consume(
  writing: Writing,
  asked: Stored<approval.Approval>,
  by: Hash,
  stamp: Stamp,
): Result<null, approval.ApprovalRefusal> {
  const used = approval.decide(asked.state, { type: 'consume', by, at: stamp.at })
  if (!used.ok) return used
  appendApproval(writing, asked, used.value, stamp)
  return ok(null)
}
