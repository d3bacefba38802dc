/**
 * What somebody signs who answers an approval: everything it is about, copied from what was shown.
 *
 * @module
 */
import { type ApprovalSubject, type ApproverRole, parseJson } from '@surety/protocol'
import type { Approval } from './api.gen.ts'
import type { Client } from './client.ts'
import { AnswerError } from './errors.ts'
import type { ActDraft } from './party.ts'

/** The members of an approval that an answer must name, each as it stands. */
export function subjectOf(approval: Approval): ApprovalSubject {
  const { approvalId, gateId, level, decisionHash, intentHash } = approval
  const { grantHash, payee, amount, asset, reasonCodes } = approval
  return {
    approvalId: approvalId as ApprovalSubject['approvalId'],
    gateId: gateId as ApprovalSubject['gateId'],
    level,
    decisionHash,
    intentHash,
    grantHash,
    payee: payee as ApprovalSubject['payee'],
    amount,
    asset,
    reasonCodes: [...reasonCodes],
  }
}

/** What an answer says besides what it is about. */
export interface AnswerDraft {
  readonly role: ApproverRole
  readonly justificationCode: string
  /** In words; a question needs them. */
  readonly justification?: string
}

type Word = Extract<ActDraft, { readonly approval: ApprovalSubject }>['action']

/** An answer to exactly what the approval shows, ready to be signed by `party.act`. */
export function answerTo(
  approval: Approval,
  action: Exclude<Word, 'resolve_split' | 'review_override'>,
  draft: AnswerDraft,
): ActDraft {
  return { ...draft, action, approval: subjectOf(approval) }
}

/** An answer that divides what is in review. */
export function splitOf(
  approval: Approval,
  division: { readonly released: string; readonly refunded: string },
  draft: AnswerDraft,
): ActDraft {
  return { ...draft, action: 'resolve_split', division, approval: subjectOf(approval) }
}

/** What a second person finds of an allowance that was given without the quorum. */
export function afterReviewOf(
  approval: Approval,
  finding: 'upheld' | 'contested',
  draft: AnswerDraft,
): ActDraft {
  return { ...draft, action: 'review_override', finding, approval: subjectOf(approval) }
}

/** One fact of an approval, and what is true of it now. */
export interface ApprovalTold {
  /** Where to go on after a break. */
  readonly id: string
  readonly type: string
  readonly at: string
  readonly seq: number
  readonly approval: Approval
}

/** A message is never longer: what is, is not ours. */
const MESSAGE_LENGTH_MAX = 1_048_576

/**
 * What happens to approvals, as it happens. Ends when the server lets go; go on with the `id` of
 * the last one told.
 */
export async function* watchApprovals(
  client: Client,
  lastEventId?: string,
): AsyncGenerator<ApprovalTold, void> {
  const asked = lastEventId === undefined ? {} : { lastEventId }
  let text = ''
  for await (const piece of client.stream('getApprovalsWatch', asked)) {
    text += piece
    const messages = text.split('\n\n')
    text = messages.pop() ?? ''
    if (text.length > MESSAGE_LENGTH_MAX) throw new AnswerError('answer_malformed', 'too long')
    for (const message of messages) {
      const told = toldIn(message)
      if (told !== undefined) yield told
    }
  }
}

function toldIn(message: string): ApprovalTold | undefined {
  const field = (name: string) =>
    message
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2)
  const id = field('id')
  const parsed = parseJson(field('data') ?? 'null')
  if (id === undefined || !parsed.ok || parsed.value === null) return undefined
  return { ...(parsed.value as unknown as Omit<ApprovalTold, 'id'>), id }
}
