/** Orders: what stops something, what lets it go on. Where it takes two, each signs the same. */
import {
  type ControlOrder,
  ControlSelector,
  ensureInstant,
  formatInstant,
  OPERATOR_ROLES,
  OperatorAction,
  type OperatorActionOf,
  type OperatorRole,
  parseAs,
  parseJson,
  readJws,
} from '@surety/protocol'
import type { Control } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandHost, CommandSpec, Given, OptionSpec } from '../../command.ts'
import { usageError } from '../../exit.ts'
import { readText, writeNew } from '../../local/files.ts'
import { ensureKey, openSession, type Session } from '../../session.ts'
import { styled } from '../../terminal/render.ts'
import { shownControl } from './view.ts'

type Command = ControlOrder['command']

const HOW = 'what it is about: all, tenant, or TYPE:ID such as rail:ledger, principal:prn_…'

const target: OptionSpec = { flags: '--on <selector>', about: HOW }
const ends: readonly OptionSpec[] = [
  { flags: '--for <duration>', about: 'lift it by itself after so long: 90s, 30m, 12h, 7d' },
]
const why: readonly OptionSpec[] = [
  { flags: '--reason <code>', about: 'why', fallback: 'incident' },
  { flags: '--justification <text>', about: 'why, in a sentence' },
  { flags: '--as <role>', about: 'the role you act in', choices: OPERATOR_ROLES },
]
const dual: readonly OptionSpec[] = [
  { flags: '--out <file>', about: 'sign it first: write the order here for the second person' },
  { flags: '--with <file>', about: 'sign it second: the order the first person wrote' },
]

/** `rail:ledger` and the like, as a selector. */
function selectorOf(text: string, tenantId: string): ControlSelector {
  const colon = text.indexOf(':')
  const [type, id] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  const own = type === 'all' ? 'everything' : type === 'tenant' && id === '' ? tenantId : id
  const parsed = parseAs(ControlSelector, { type, id: own })
  if (parsed.ok) return parsed.value
  throw usageError(
    `\`${text}\` names nothing that can be stopped`,
    'use all, tenant, or TYPE:ID with principal, grant, token, origin, tool, payee, rail, scope, effect, webhook or policy',
  )
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

function untilOf(given: Given): string | null {
  const text = given.text('for')
  if (text === undefined) return null
  const match = /^([1-9]\d{0,6})([smhd])$/.exec(text)
  if (match === null) throw usageError(`\`${text}\` is no duration`, 'write 90s, 30m, 12h or 7d')
  const [, count = '', unit = ''] = match
  return formatInstant(ensureInstant(Date.now() + Number(count) * (UNIT_MS[unit] ?? 0)))
}

const STARTER: Readonly<Record<Command, OperatorRole>> = {
  pause: 'oncall',
  quarantine: 'oncall',
  drain: 'oncall',
  revoke: 'incident_commander',
  kill_switch: 'incident_commander',
  resume: 'incident_commander',
}

export function reasonsOf(given: Given, command: Command) {
  const justification = given.text('justification')
  return {
    role: (given.text('as') ?? STARTER[command]) as OperatorRole,
    justificationCode: given.required('reason'),
    ...(justification === undefined ? {} : { justification }),
  }
}

type Draft = Parameters<Session['party']['order']>[0]

/** Sends an order that one person may give, or one half of an order that takes two. */
async function ordered(
  given: Given,
  host: CommandHost,
  draft: (session: Session) => Promise<Draft>,
) {
  const session = openSession(given, host)
  ensureKey(session, 'action')
  const file = given.text('with')
  const first = file === undefined ? undefined : firstOf(file)
  const own = first === undefined ? await draft(session) : first.order
  const as = own.command === 'quarantine' && isWide(own.selector) ? 'kill_switch' : own.command
  const signed = session.party.order(own, reasonsOf(given, as))
  const out = given.text('out')
  if (out !== undefined) return handedOver(signed.order, signed.jws, out)
  const actions = first === undefined ? [signed.jws] : [first.jws, signed.jws]
  const control = await session.client.call('postControls', { body: { actions } })
  return shownControl(control, [])
}

function handedOver(order: ControlOrder, jws: string, out: string): Answer {
  writeNew(out, `${jws}\n`, false)
  const { controlId, command, selector } = order
  const name = command.replace('_', '-')
  return {
    document: { controlId, order, file: out },
    lines: [
      `${styled('yellow', '…')} ${name} on ${selector.type}:${selector.id} is signed by you, and stops nothing yet`,
      `  give ${out} to a second operator within five minutes; they run:`,
      `  surety control ${name}${command === 'resume' ? ` ${controlId}` : ''} --with ${out}`,
    ],
  }
}

/** What the first person signed. It is shown to be ordered again, never trusted for it. */
function firstOf(file: string): { readonly order: ControlOrder; readonly jws: string } {
  const jws = readText(file).trim()
  const parts = readJws(jws)
  const parsed = parts.ok ? parseJson(parts.value.payload) : parts
  const act = parsed.ok ? parseAs(OperatorAction, parsed.value) : parsed
  if (!act.ok || act.value.action !== 'control') {
    throw usageError(`\`${file}\` holds no signed order`, 'use what `--out` wrote')
  }
  return { order: (act.value as OperatorActionOf<'control'>).control, jws }
}

/** To quarantine everything is to throw the switch: it takes two, in the same roles. */
function isWide({ type }: ControlSelector): boolean {
  return type === 'all' || type === 'tenant'
}

function imposing(command: Exclude<Command, 'resume' | 'drain'>, takesTwo: boolean) {
  return (given: Given, host: CommandHost): Promise<Answer> =>
    ordered(given, host, async ({ credentials }) => {
      const on = given.text('on')
      if (on === undefined) throw usageError('nothing is named', `say --on: ${HOW}`)
      const selector = selectorOf(on, credentials.tenantId)
      const isGrave = takesTwo || (command === 'quarantine' && isWide(selector))
      if (isGrave && given.text('out') === undefined) {
        throw usageError(
          'this takes two people',
          'sign it with --out FILE, and let a second operator send it with --with FILE',
        )
      }
      const until = command === 'revoke' ? null : untilOf(given)
      return { command, selector, until }
    })
}

export const orders: readonly CommandSpec[] = [
  {
    name: 'pause',
    summary: 'stop new spending at once; what executes may end',
    examples: [
      'surety control pause --on rail:ledger --reason adapter --for 30m',
      'surety control pause --on principal:prn_…',
    ],
    options: [target, ...ends, ...why],
    connects: 'server',
    run: imposing('pause', false),
  },
  {
    name: 'quarantine',
    summary: 'pause, and stop releases and the commands of a principal too; two people for all',
    examples: [
      'surety control quarantine --on payee:prn_… --reason fraud',
      'surety control quarantine --on all --out order.jws',
    ],
    options: [target, ...ends, ...why, ...dual],
    connects: 'server',
    run: imposing('quarantine', false),
  },
  {
    name: 'revoke',
    summary: 'end a grant, an API key or a principal for good; two people',
    examples: [
      'surety control revoke --on grant:ab12… --out order.jws',
      'surety control revoke --with order.jws',
    ],
    options: [target, ...why, ...dual],
    connects: 'server',
    run: imposing('revoke', true),
  },
  {
    name: 'kill-switch',
    summary: 'freeze all that spends or releases; two people',
    examples: [
      'surety control kill-switch --on all --out order.jws',
      'surety control kill-switch --with order.jws',
    ],
    options: [target, ...ends, ...why, ...dual],
    connects: 'server',
    run: imposing('kill_switch', true),
  },
  {
    name: 'resume <controlId>',
    summary: 'lift a control; stricter than imposing it',
    examples: [
      'surety control resume ctl_… --as ops_admin',
      'surety control resume ctl_… --out order.jws',
      'surety control resume ctl_… --with order.jws',
    ],
    options: [...why, ...dual],
    connects: 'server',
    run: (given, host) =>
      ordered(given, host, async ({ client }) => {
        const controlId = checks.idOf('ctl')(given.arg(0)) as ControlOrder['controlId']
        const found: Control = await client.call('getControlsOne', { params: { controlId } })
        const selector = found.selector as ControlSelector
        return { command: 'resume', controlId, selector }
      }),
  },
]
