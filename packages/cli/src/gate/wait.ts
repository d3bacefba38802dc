/** What a gate waits for, and what its agent says to a question about it. */
import type { GateApproval } from '@surety/sdk'
import * as checks from '../checks.ts'
import type { Answer, CommandSpec } from '../command.ts'
import { CliError, EXIT } from '../exit.ts'
import { openSession } from '../session.ts'
import { fields } from '../terminal/render.ts'

export const waiting: CommandSpec = {
  name: 'waiting <gateId>',
  summary: 'show what a gate waits for, what is asked of its agent, and whether it may go on',
  examples: ['surety gate waiting gat_…'],
  connects: 'server',
  run: async (given, host) => {
    const params = { gateId: checks.idOf('gat')(given.arg(0)) }
    return shownWait(await openSession(given, host).client.call('getGatesApproval', { params }))
  },
}

export const reply: CommandSpec = {
  name: 'reply <gateId>',
  summary: 'reply to a question about a gate, as its agent; people read it, and it is no answer',
  examples: ['surety gate reply gat_… --note "for the report of May"'],
  options: [
    { flags: '--note <text>', about: 'what you say', required: true, check: checks.name },
    {
      flags: '--question <questionId>',
      about: 'to which question (else the first without a reply)',
      check: checks.idOf('opa'),
    },
  ],
  connects: 'server',
  run: async (given, host) => {
    const params = { gateId: checks.idOf('gat')(given.arg(0)) }
    const { client } = openSession(given, host)
    const asked = await client.call('getGatesApproval', { params })
    const open = asked.questions.find(({ reply: said }) => said === null)?.questionId
    const questionId = given.text('question') ?? open
    if (questionId === undefined) {
      throw new CliError(EXIT.no, 'question_missing', {
        what: 'nobody has asked anything that is not replied to',
        remedy: 'see `surety gate waiting`; a person asks with `surety approvals request-info`',
      })
    }
    const body = { questionId, text: given.required('note') }
    return shownWait(await client.call('postGatesApprovalReplies', { params, body }))
  },
}

function shownWait(asked: GateApproval): Answer {
  const said = asked.questions.flatMap(({ text, askedAt, reply: own }) => [
    [askedAt, `asked: ${text}`] as const,
    ...(own === null ? [] : [[own.repliedAt, `replied: ${own.text}`] as const]),
  ])
  const lines = [
    ...fields([
      ['gate', asked.gateId],
      ['state', asked.gateState],
      ['approval', `${asked.approvalId}, ${asked.state}`],
      ['asks', `${asked.level}: ${asked.reasonCodes.join(', ')}`],
      ['expires', asked.expiresAt],
      [
        'go on',
        asked.resume ? '`surety gate authorize` with the key it was asked with' : undefined,
      ],
    ]),
    ...(said.length === 0 ? [] : ['', ...fields(said)]),
  ]
  return { document: asked, lines }
}
