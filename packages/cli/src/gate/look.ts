/** Looking at gates. */
import type { Gate } from '@surety/sdk'
import * as checks from '../checks.ts'
import type { CommandSpec } from '../command.ts'
import { openSession } from '../session.ts'
import { formatMoney } from '../terminal/money.ts'
import { fields, table } from '../terminal/render.ts'
import { shown } from './view.ts'

const STATES: readonly Gate['state'][] = [
  'declared',
  'waiting',
  'denied',
  'authorized',
  'executing',
  'executed',
  'review',
  'settled',
  'voided',
  'expired',
]

export const show: CommandSpec = {
  name: 'show <gateId>',
  summary: 'show a gate, what was decided and why, and where the money is',
  examples: ['surety gate show gat_…', 'surety gate show gat_… --json'],
  connects: 'server',
  run: async (given, host) => {
    const params = { gateId: checks.idOf('gat')(given.arg(0)) }
    const { client } = openSession(given, host)
    return shown(await client.call('getGatesOne', { params }))
  },
}

export const list: CommandSpec = {
  name: 'list',
  summary: 'list gates that concern you, newest first',
  examples: ['surety gate list', 'surety gate list --state denied'],
  options: [
    { flags: '--state <state>', about: 'only these', choices: STATES },
    { flags: '--cursor <cursor>', about: 'where the page before ended' },
    { flags: '--limit <n>', about: '1 to 200', check: checks.wholeNumber },
  ],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const asked = ['state', 'cursor', 'limit'].flatMap((name) => {
      const value = given.text(name)
      return value === undefined ? [] : [[name, value] as const]
    })
    const page = await client.call('getGates', { query: Object.fromEntries(asked) })
    const rows = page.items.map((gate) => [
      gate.gateId,
      gate.state,
      formatMoney(gate.intent.amount, gate.intent.asset),
      gate.decision?.reasonCode ?? '',
      gate.declaredAt,
    ])
    const header = ['gate', 'state', 'amount', 'reason', 'declared']
    const more = page.next === null ? [] : ['', `more: --cursor ${page.next}`]
    return { document: page, lines: [...table(header, rows, 'there are none'), ...more] }
  },
}

export const events: CommandSpec = {
  name: 'events <gateId>',
  summary: 'show the journal of a gate',
  examples: ['surety gate events gat_…'],
  connects: 'server',
  run: async (given, host) => {
    const params = { gateId: checks.idOf('gat')(given.arg(0)) }
    const { client } = openSession(given, host)
    const journal = await client.call('getGatesEvents', { params })
    const rows = journal.map(({ seq, at, type, actor, eventHash }) => [
      String(seq),
      at,
      type,
      actor,
      eventHash.slice(0, 12),
    ])
    const head = fields([['gate', params.gateId]])
    const header = ['seq', 'at', 'what', 'by', 'hash']
    return { document: journal, lines: [...head, '', ...table(header, rows, 'there is nothing')] }
  },
}
