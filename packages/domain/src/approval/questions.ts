/**
 * What is asked back of whoever waits, and what it says to that. Words, which decide nothing.
 *
 * @module
 */
import { err, formatInstant, type Id, type Instant, ok, type Result } from '@surety/protocol'
import type { Approval, ApprovalEvent } from './state.ts'

/** How many questions one approval may be asked; each is replied to once. */
export const QUESTIONS_MAX = 8

type Known = Exclude<Approval, { status: 'none' }>
type Events = Result<readonly ApprovalEvent[], 'approval_answer_unfit'>

/** What a person asks: the words of the act, under its name. */
interface Asking {
  readonly actionId: Id<'opa'>
  readonly operatorId: Id<'prn'>
  readonly actionHash: string
  readonly text: string | undefined
}

export function question(approval: Known, asking: Asking, at: Instant): Events {
  const { text } = asking
  if (text === undefined) return err('approval_answer_unfit', 'a question needs its words')
  if (approval.questions.length >= QUESTIONS_MAX) {
    return err('approval_answer_unfit', 'no more questions')
  }
  const asked = { ...asking, text, askedAt: formatInstant(at) }
  return ok([{ type: 'approvalQuestioned', question: asked }])
}

/** INVARIANT(approval): a reply is no answer: the wait, its quorum and its end stay as they are. */
export function reply(
  approval: Known,
  { questionId, text }: { readonly questionId: Id<'opa'>; readonly text: string },
  at: Instant,
): Events {
  const asked = approval.questions.find(({ actionId }) => actionId === questionId)
  if (asked === undefined) return err('approval_answer_unfit', 'no such question')
  if (asked.reply !== undefined) return err('approval_answer_unfit', 'replied to already')
  const { agentId } = approval
  return ok([
    { type: 'approvalReplied', questionId, reply: { agentId, text, repliedAt: formatInstant(at) } },
  ])
}
