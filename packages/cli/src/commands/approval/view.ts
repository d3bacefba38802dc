/**
 * An approval for people: the exact request, what it is beyond, the money, and what a yes allows.
 *
 * @module
 */
import type { Approval } from '@surety/sdk'
import type { Answer } from '../../command.ts'
import { formatBoth, formatMoney } from '../../terminal/money.ts'
import { fields, styled } from '../../terminal/render.ts'

/** What principals are called, as far as the caller may know. */
export type Names = ReadonlyMap<string, string>

const NOBODY: Names = new Map()

export function shownApproval(approval: Approval, names: Names = NOBODY): Answer {
  return { document: approval, lines: approvalLines(approval, names) }
}

/** Everybody whom what is shown of an approval names. */
export function namedIn({ agentId, payerId, payee, answers, showing }: Approval): Set<string> {
  const chain = (showing?.grantChain ?? []).flatMap((link) => [link.grantorId, link.granteeId])
  const answered = answers.map(({ operatorId }) => operatorId)
  if (showing?.contest) answered.push(showing.contest.contestedBy)
  return new Set([agentId, payee, ...(payerId === null ? [] : [payerId]), ...chain, ...answered])
}

/** Attacker-controlled: a name is whatever was registered, so that the id always stands beside. */
function named(id: string, names: Names): string {
  const name = names.get(id)
  return name === undefined ? id : `${name} (${id})`
}

function approvalLines(approval: Approval, names: Names): readonly string[] {
  const { showing, payerId } = approval
  return [
    ...fields([
      ['approval', approval.approvalId],
      ['state', coloured(approval.state)],
      ['gate', approval.gateId],
      ['asks', `${approval.level}, ${approval.severity}`],
      ['what', showing === undefined ? undefined : requestOf(showing)],
      ['for', formatBoth(approval.amount, approval.asset)],
      ['to', named(approval.payee, names)],
      ['asked by', named(approval.agentId, names)],
      ['whose money', payerId === null ? null : named(payerId, names)],
      ...differenceFields(approval),
      ...contestFields(approval, names),
      ['available', showing && formatMoney(showing.money.available, approval.asset)],
      ...budgetFields(approval),
      ['session', showing && sessionOf(showing)],
      ['authority', chainOf(showing, names)],
      ['needs', neededBy(approval.requirements)],
      ['still needs', approval.state === 'pending' ? neededBy(approval.missing) : undefined],
      ['answer by', approval.state === 'pending' ? approval.dueAt : undefined],
      ['expires', approval.state === 'pending' ? approval.expiresAt : undefined],
      ['a yes', showing?.approving],
      [
        'override',
        approval.overridden
          ? `without the quorum; after-review ${approval.afterReview}${dueOf(approval)}`
          : undefined,
      ],
      ['divided', dividedOf(approval)],
    ]),
    ...answerLines(approval, names),
  ]
}

type Showing = NonNullable<Approval['showing']>

function requestOf({ request, action }: Showing): string {
  const what = 'method' in request ? `${request.method} ${request.url}` : request.tool
  return `${what} (${action})`
}

/** Each rule that asks: what is asked for, against what passes without anybody. */
function differenceFields({ showing }: Approval): readonly (readonly [string, string])[] {
  return (showing?.differences ?? []).map(({ meaning, rule, asked, allowed, used, asset }) => {
    const shown = (text: string) => (asset === null ? text : formatMoney(text, asset))
    const which = rule === null ? '' : ` (${rule})`
    const before = used === null ? '' : `, after ${shown(used)}`
    const passes = allowed === '' ? 'nothing' : shown(allowed)
    return ['because', `${meaning}${which}: ${shown(asked)}${before}; without asking ${passes}`]
  })
}

function contestFields({ showing }: Approval, names: Names) {
  if (showing === undefined || showing.contest === null) return []
  const { contestedBy, text, contestedAt } = showing.contest
  return [
    ['contested by', `${named(contestedBy, names)}, ${contestedAt}`],
    ['because', text],
  ] as const
}

/** What the payment counts against besides: a yes lifts none of it. */
function budgetFields({ showing, asset }: Approval): readonly (readonly [string, string])[] {
  return (showing?.money.budgets ?? []).map(({ whose, period, used, limit }) => [
    'budget',
    `${whose}, ${period}: ${formatMoney(used, asset)} of ${formatMoney(limit, asset)} used`,
  ])
}

function sessionOf({ session }: Showing): string {
  if (session === null) return 'none is known'
  const { sessionId, tainted, signals } = session
  const marks = [...(tainted ? ['tainted'] : []), ...signals]
  return `${sessionId}: ${marks.length === 0 ? 'nothing against it' : marks.join(', ')}`
}

function chainOf(showing: Showing | undefined, names: Names): string | undefined {
  const grants = showing?.grantChain.map(
    ({ grantorId, granteeId }) => `${named(grantorId, names)} → ${named(granteeId, names)}`,
  )
  return grants?.join('; ')
}

function neededBy(requirements: Approval['requirements']): string {
  return requirements.map(({ role, approvers }) => `${String(approvers)} ${role}`).join(', ')
}

function dueOf({ reviewDueAt }: Approval): string {
  return reviewDueAt === null ? '' : `, by ${reviewDueAt}`
}

function dividedOf({ division, asset }: Approval): string | undefined {
  if (division === null) return undefined
  const { released, refunded } = division
  return `${formatMoney(released, asset)} released, ${formatMoney(refunded, asset)} refunded`
}

function answerLines({ answers, questions }: Approval, names: Names): readonly string[] {
  const said = answers.map(
    ({ answeredAt, action, role, operatorId, justificationCode }) =>
      [
        answeredAt,
        `${action} as ${role} by ${named(operatorId, names)}: ${justificationCode}`,
      ] as const,
  )
  const asked = questions.flatMap(({ askedAt, text, reply }) => [
    [askedAt, `asked: ${text}`] as const,
    ...(reply === null ? [] : [[reply.repliedAt, `the agent says: ${reply.text}`] as const]),
  ])
  const lines = fields([...said, ...asked])
  return lines.length === 0 ? [] : ['', ...lines]
}

function coloured(state: Approval['state']): string {
  const style = { pending: 'yellow', approved: 'green', denied: 'red' } as const
  return state in style ? styled(style[state as keyof typeof style], state) : state
}
