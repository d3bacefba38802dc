/** Looking at what waits for people. */
import { addMs, formatInstant } from '@surety/protocol'
import type { Approval, Client } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { CommandSpec, Given } from '../../command.ts'
import { machine, openSession } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { table } from '../../terminal/render.ts'
import { type Names, namedIn, shownApproval } from './view.ts'

const STATES = ['pending', 'approved', 'denied', 'expired', 'consumed', 'all']

export const show: CommandSpec = {
  name: 'show <approvalId>',
  summary: 'show exactly what is asked, why, and what a yes would allow',
  examples: ['surety approvals show apr_…', 'surety approvals show apr_… --json'],
  connects: 'server',
  run: async (given, host) => {
    const params = { approvalId: checks.idOf('apr')(given.arg(0)) }
    const { client } = openSession(given, host)
    const approval = await client.call('getApprovalsOne', { params })
    return shownApproval(approval, host.json ? undefined : await namesOf(client, approval))
  },
}

/** What those are called whom an approval names; whoever may not know sees their ids. */
async function namesOf(client: Client, approval: Approval): Promise<Names> {
  const names = new Map<string, string>()
  const look = async (principalId: string) => {
    const { name } = await client.call('getPrincipalsOne', { params: { principalId } })
    names.set(principalId, name)
  }
  await Promise.allSettled([...namedIn(approval)].map(look))
  return names
}

export const list: CommandSpec = {
  name: 'list',
  summary: 'list what waits for people, newest first',
  examples: [
    'surety approvals list',
    'surety approvals list --severity critical --older-than 10m',
    'surety approvals list --after-review owed --state all',
  ],
  options: [
    { flags: '--state <state>', about: 'only these', choices: STATES, fallback: 'pending' },
    {
      flags: '--severity <severity>',
      about: 'only these',
      choices: ['low', 'medium', 'high', 'critical'],
    },
    {
      flags: '--level <level>',
      about: 'only these',
      choices: ['challenge', 'escalation', 'review'],
    },
    { flags: '--tenant <tenantId>', about: 'only of this tenant', check: checks.idOf('ten') },
    { flags: '--gate <gateId>', about: 'only of this gate', check: checks.idOf('gat') },
    { flags: '--older-than <duration>', about: 'opened longer ago: 10m', check: checks.duration },
    {
      flags: '--after-review <state>',
      about: 'only these',
      choices: ['owed', 'upheld', 'contested'],
    },
    { flags: '--cursor <cursor>', about: 'where the page before ended' },
    { flags: '--limit <n>', about: '1 to 200', check: checks.wholeNumber },
  ],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const page = await client.call('getApprovals', { query: queryOf(given) })
    const rows = page.items.map((each) => [
      each.approvalId,
      each.state,
      each.severity,
      each.level,
      formatMoney(each.amount, each.asset),
      each.missing.map(({ role, approvers }) => `${String(approvers)} ${role}`).join(', '),
      each.dueAt,
    ])
    const header = ['approval', 'state', 'severity', 'asks', 'amount', 'needs', 'answer by']
    const more = page.next === null ? [] : ['', `more: --cursor ${page.next}`]
    return { document: page, lines: [...table(header, rows, 'nothing waits'), ...more] }
  },
}

function queryOf(given: Given) {
  const state = given.required('state')
  const older = given.text('olderThan')
  const pairs = [
    ['state', state === 'all' ? undefined : state],
    ['severity', given.text('severity')],
    ['level', given.text('level')],
    ['tenantId', given.text('tenant')],
    ['gateId', given.text('gate')],
    ['afterReview', given.text('afterReview')],
    ['openedBefore', older === undefined ? undefined : momentBefore(older)],
    ['cursor', given.text('cursor')],
    ['limit', given.text('limit')],
  ].filter(([, value]) => value !== undefined)
  return Object.fromEntries(pairs)
}

function momentBefore(duration: string): string {
  return formatInstant(addMs(machine.now(), -checks.durationMs(duration)))
}
