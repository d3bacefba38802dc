/** Answering: what a person signs about an approval, under one of their roles. */
import { type ApproverRole, OPERATOR_ROLES } from '@surety/protocol'
import {
  type ActDraft,
  type AnswerDraft,
  type Approval,
  afterReviewOf,
  answerTo,
  splitOf,
} from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandHost, CommandSpec, Given, OptionSpec } from '../../command.ts'
import { usageError } from '../../exit.ts'
import { ensureKey, openSession } from '../../session.ts'
import { shownApproval } from './view.ts'

const ROLES = ['payer', ...OPERATOR_ROLES]

/** What every answer needs: in which role, and why. */
function saying(fallback: string): readonly OptionSpec[] {
  return [
    {
      flags: '--reason <code>',
      about: 'why, as a code: letters, digits and . _ : / -',
      required: true,
    },
    { flags: '--role <role>', about: 'the role you answer in', choices: ROLES, fallback },
    { flags: '--note <text>', about: 'why, in words; it is signed and kept', check: checks.name },
  ]
}

function draftOf(given: Given): AnswerDraft {
  const note = given.text('note')
  return {
    role: given.required('role') as ApproverRole,
    justificationCode: given.required('reason'),
    ...(note === undefined ? {} : { justification: note }),
  }
}

/** Reads what is asked, signs an answer to exactly that, and sends it. */
async function answered(
  given: Given,
  host: CommandHost,
  actOf: (approval: Approval) => ActDraft,
): Promise<Answer> {
  const params = { approvalId: checks.idOf('apr')(given.arg(0)) }
  const session = openSession(given, host)
  ensureKey(session, 'action')
  const { client, party } = session
  const approval = await client.call('getApprovalsOne', { params })
  const action = party.act(actOf(approval))
  return shownApproval(await client.call('postApprovalsAnswers', { params, body: { action } }))
}

const OVERRIDE: OptionSpec = {
  flags: '--override',
  about: 'set the quorum aside: incident_commander to allow, ops_admin to deny',
}

export const approve: CommandSpec = {
  name: 'approve <approvalId>',
  summary: 'say yes to exactly what is shown',
  examples: [
    'surety approvals approve apr_… --reason budget-owner-agreed',
    'surety approvals approve apr_… --role payer --reason mine',
    'surety approvals approve apr_… --override --role incident_commander --reason outage',
  ],
  options: [...saying('reviewer'), OVERRIDE],
  connects: 'server',
  run: (given, host) => {
    const word = given.flag('override') ? 'override_allow' : 'approve'
    return answered(given, host, (approval) => answerTo(approval, word, draftOf(given)))
  },
}

export const deny: CommandSpec = {
  name: 'deny <approvalId>',
  summary: 'say no; the gate ends at once',
  examples: ['surety approvals deny apr_… --reason unknown-vendor'],
  options: [...saying('reviewer'), OVERRIDE],
  connects: 'server',
  run: (given, host) => {
    const word = given.flag('override') ? 'override_deny' : 'deny'
    return answered(given, host, (approval) => answerTo(approval, word, draftOf(given)))
  },
}

export const requestInfo: CommandSpec = {
  name: 'request-info <approvalId>',
  summary: 'ask whoever waits a question; the wait goes on',
  examples: [
    'surety approvals request-info apr_… --note "which project is it for?" --reason unclear',
  ],
  options: saying('reviewer'),
  connects: 'server',
  run: (given, host) =>
    answered(given, host, (approval) => answerTo(approval, 'request_information', draftOf(given))),
}

export const resolve: CommandSpec = {
  name: 'resolve <approvalId>',
  summary: 'say where the money of a gate in review goes',
  examples: [
    'surety approvals resolve apr_… --release --reason work-seen',
    'surety approvals resolve apr_… --refund --reason nothing-came',
    'surety approvals resolve apr_… --pay 100 --reason half-done',
  ],
  options: [
    ...saying('reviewer'),
    { flags: '--release', about: 'all of it to the payee' },
    { flags: '--refund', about: 'all of it back to the payer' },
    { flags: '--pay <amount>', about: 'so much to the payee, the rest back', check: checks.amount },
  ],
  connects: 'server',
  run: (given, host) => {
    const pay = given.text('pay')
    const chosen = [given.flag('release'), given.flag('refund'), pay !== undefined]
    if (chosen.filter(Boolean).length !== 1) {
      throw usageError(
        'it is not said where the money goes',
        'use one of --release, --refund and --pay AMOUNT',
      )
    }
    return answered(given, host, (approval) => {
      const draft = draftOf(given)
      if (pay === undefined) {
        return answerTo(
          approval,
          given.flag('release') ? 'resolve_release' : 'resolve_refund',
          draft,
        )
      }
      const rest = BigInt(approval.amount) - BigInt(pay)
      const refunded = rest < 0n ? '0' : String(rest)
      return splitOf(approval, { released: pay, refunded }, draft)
    })
  },
}

export const review: CommandSpec = {
  name: 'review <approvalId>',
  summary: 'look at what one person allowed without the quorum',
  examples: ['surety approvals review apr_… --finding upheld --reason looked-at'],
  options: [
    ...saying('reviewer'),
    {
      flags: '--finding <finding>',
      about: 'what you find',
      choices: ['upheld', 'contested'],
      required: true,
    },
  ],
  connects: 'server',
  run: (given, host) =>
    answered(given, host, (approval) =>
      afterReviewOf(approval, given.required('finding') as 'upheld' | 'contested', draftOf(given)),
    ),
}
