/**
 * An approval for people: the exact request, what it is beyond, the money, and what a yes allows.
 *
 * @module
 */
import type { Approval } from '@surety/sdk'
import type { Answer } from '../../command.ts'
import { formatBoth, formatMoney } from '../../terminal/money.ts'
import { fields, styled } from '../../terminal/render.ts'

export function shownApproval(approval: Approval): Answer {
  return { document: approval, lines: approvalLines(approval) }
}

function approvalLines(approval: Approval): readonly string[] {
  const { showing } = approval
  return [
    ...fields([
      ['approval', approval.approvalId],
      ['state', coloured(approval.state)],
      ['gate', approval.gateId],
      ['asks', `${approval.level}, ${approval.severity}`],
      ['what', showing === undefined ? undefined : requestOf(showing)],
      ['for', formatBoth(approval.amount, approval.asset)],
      ['to', approval.payee],
      ['asked by', approval.agentId],
      ['whose money', approval.payerId],
      ...differenceFields(approval),
      ['authority', chainOf(showing)],
      ['needs', neededBy(approval.requirements)],
      ['still needs', approval.state === 'pending' ? neededBy(approval.missing) : undefined],
      ['answer by', approval.state === 'pending' ? approval.dueAt : undefined],
      ['expires', approval.state === 'pending' ? approval.expiresAt : undefined],
      ['a yes', showing?.approving],
      [
        'override',
        approval.overridden
          ? `without the quorum; after-review ${approval.afterReview}`
          : undefined,
      ],
      ['divided', dividedOf(approval)],
    ]),
    ...answerLines(approval),
  ]
}

type Showing = NonNullable<Approval['showing']>

function requestOf({ request, action }: Showing): string {
  const what = 'method' in request ? `${request.method} ${request.url}` : request.tool
  return `${what} (${action})`
}

/** Each rule that asks: what is asked for, against what passes without anybody. */
function differenceFields({ showing }: Approval): readonly (readonly [string, string])[] {
  return (showing?.differences ?? []).map(({ meaning, asked, allowed }) => [
    'because',
    `${meaning}: ${asked}, and without asking ${allowed === '' ? 'nothing' : allowed}`,
  ])
}

function chainOf(showing: Showing | undefined): string | undefined {
  const grants = showing?.grantChain.map(
    ({ grantorId, granteeId }) => `${grantorId} → ${granteeId}`,
  )
  return grants?.join('; ')
}

function neededBy(requirements: Approval['requirements']): string {
  return requirements.map(({ role, approvers }) => `${String(approvers)} ${role}`).join(', ')
}

function dividedOf({ division, asset }: Approval): string | undefined {
  if (division === null) return undefined
  const { released, refunded } = division
  return `${formatMoney(released, asset)} released, ${formatMoney(refunded, asset)} refunded`
}

function answerLines({ answers, questions }: Approval): readonly string[] {
  const said = answers.map(
    ({ answeredAt, action, role, operatorId, justificationCode }) =>
      [answeredAt, `${action} as ${role} by ${operatorId} (${justificationCode})`] as const,
  )
  const asked = questions.map(({ askedAt, text }) => [askedAt, `asked: ${text}`] as const)
  const lines = fields([...said, ...asked])
  return lines.length === 0 ? [] : ['', ...lines]
}

function coloured(state: Approval['state']): string {
  const style = { pending: 'yellow', approved: 'green', denied: 'red' } as const
  return state in style ? styled(style[state as keyof typeof style], state) : state
}
