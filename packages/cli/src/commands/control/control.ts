/** Emergency controls: stop, look, drain, resume, and prove that all of it works. */
import type { ControlOrder, ControlSelector } from '@surety/protocol'
import type { HoldInFlight } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { CommandGroup, CommandSpec } from '../../command.ts'
import { ensureKey, openSession, type Session } from '../../session.ts'
import { styled, table } from '../../terminal/render.ts'
import { more } from '../authority/principal.ts'
import { drill } from './drill.ts'
import { orders, reasonsOf } from './order.ts'
import { aboutOf, shownControl } from './view.ts'

const list: CommandSpec = {
  name: 'list',
  summary: 'list controls, the newest first',
  examples: ['surety control list', 'surety control list --state lifted'],
  options: [
    {
      flags: '--state <state>',
      about: 'which',
      fallback: 'active',
      choices: ['active', 'lifted'],
    },
    { flags: '--cursor <cursor>', about: 'where the page before ended' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const cursor = given.text('cursor')
    const state = given.required('state') as 'active' | 'lifted'
    const query = { state, ...(cursor === undefined ? {} : { cursor }) }
    const page = await client.call('getControls', { query })
    const rows = page.items.map((each) => [
      each.controlId,
      each.kind,
      aboutOf(each),
      each.imposed.at,
      each.until ?? '',
    ])
    const header = ['control', 'kind', 'on', 'since', 'until']
    return { document: page, lines: [...table(header, rows, 'nothing is stopped'), ...more(page)] }
  },
}

const show: CommandSpec = {
  name: 'show <controlId>',
  summary: 'show a control, and the holds that were under way',
  examples: ['surety control show ctl_…'],
  connects: 'server',
  run: async (given, host) => {
    const params = { controlId: checks.idOf('ctl')(given.arg(0)) }
    const { client } = openSession(given, host)
    const found = await client.call('getControlsOne', { params })
    const holds: HoldInFlight[] = []
    let cursor: string | null = ''
    while (cursor !== null && found.state === 'active') {
      const query: { cursor?: string } = cursor === '' ? {} : { cursor }
      const page = await client.call('getControlsInFlight', { params, query })
      holds.push(...page.items)
      cursor = page.next
    }
    return shownControl(found, holds)
  },
}

const drain: CommandSpec = {
  name: 'drain <controlId>',
  summary: 'give back what was authorized and not begun; what executes is left to end',
  examples: ['surety control drain ctl_…'],
  options: [
    { flags: '--reason <code>', about: 'why', fallback: 'incident' },
    { flags: '--justification <text>', about: 'why, in a sentence' },
    { flags: '--as <role>', about: 'the role you act in' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const controlId = checks.idOf('ctl')(given.arg(0)) as ControlOrder['controlId']
    const session = openSession(given, host)
    ensureKey(session, 'action')
    const found = await session.client.call('getControlsOne', { params: { controlId } })
    const selector = found.selector as ControlSelector
    const draft = { command: 'drain', controlId, selector } as const
    const sign = () => session.party.order(draft, reasonsOf(given, 'drain')).jws
    const { voided, executing } = await drainAll(session, controlId, sign)
    return {
      document: { controlId, voided, executing },
      lines: [
        `${styled('green', '✓')} ${String(voided.length)} authorizations are given back`,
        ...voided.map((gateId) => `  ${gateId}`),
        `  ${String(executing.length)} that execute are left to end`,
      ],
    }
  },
}

/** Page after page; each is an order of its own, and commits for itself. */
async function drainAll({ client }: Session, controlId: string, sign: () => string) {
  const voided: string[] = []
  const executing: string[] = []
  let after: string | null | undefined
  while (after !== null) {
    const body = { action: sign(), ...(after === undefined ? {} : { after }) }
    const drained = await client.call('postControlsDrain', { params: { controlId }, body })
    voided.push(...drained.voided)
    executing.push(...drained.executing)
    after = drained.next
  }
  return { voided, executing }
}

export const control: CommandGroup = {
  name: 'control',
  summary: 'stop what runs, and let it go on',
  commands: [...orders, list, show, drain, drill],
}
