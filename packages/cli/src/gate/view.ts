/**
 * A gate for people: what was asked, what was decided and why, where the money is.
 *
 * @module
 */
import { REASON_CODES, type ReasonCode } from '@surety/protocol'
import type { Gate } from '@surety/sdk'
import type { Answer } from '../command.ts'
import { EXIT } from '../exit.ts'
import { formatBoth, formatMoney } from '../terminal/money.ts'
import { fields, styled } from '../terminal/render.ts'

/** Shows a gate as it is; whatever its state, the question was answered. */
export function shown(gate: Gate): Answer {
  return { document: gate, lines: gateLines(gate) }
}

/** Shows a gate that was decided on: only an allowance is a yes. */
export function decided(gate: Gate): Answer {
  const isAllowed = gate.decision?.decision === 'allow'
  return { document: gate, lines: gateLines(gate), exit: isAllowed ? EXIT.done : EXIT.no }
}

function gateLines(gate: Gate): readonly string[] {
  const { intent, decision, authorization, execution, settlement } = gate
  const { requestFingerprint: request } = intent
  return fields([
    ['gate', gate.gateId],
    ['state', coloured(gate.state)],
    ['what', 'method' in request ? `${request.method} ${request.url}` : request.tool],
    ['for', formatBoth(intent.amount, intent.asset)],
    ['to', intent.payee],
    ['decision', decision === null ? 'none yet' : `${decision.decision} (${decision.reasonCode})`],
    ...reasonFields(gate),
    ['held until', gate.state === 'authorized' ? authorization?.notAfter : undefined],
    ['executed by', execution?.executorId],
    ['evidence by', execution?.evidenceBy],
    ['evidence', evidenceOf(settlement)],
    ['money', settlement === null ? undefined : moneyOf(settlement)],
    ...heldBackFields(settlement?.holdback ?? null),
  ])
}

function reasonFields({ decision }: Gate): readonly (readonly [string, string])[] {
  if (decision === null || decision.decision === 'allow') return []
  const known = REASON_CODES[decision.reasonCode as ReasonCode] as
    | (typeof REASON_CODES)[ReasonCode]
    | undefined
  const others = decision.reasonCodes.filter((code) => code !== decision.reasonCode)
  return [
    ['why', known?.meaning ?? decision.reasonCode],
    ['what helps', known?.remedy ?? ''],
    ['also', others.join(', ')],
  ]
}

type Holdback = NonNullable<Gate['settlement']>['holdback']

function heldBackFields(holdback: Holdback): readonly (readonly [string, string | undefined])[] {
  if (holdback === null) return []
  const { until, contest } = holdback
  if (contest === null) return [['held back until', until]]
  return [
    ['contested by', `${contest.contestedBy ?? 'the paying side'}, ${contest.contestedAt}`],
    ['because', contest.text ?? undefined],
  ]
}

function evidenceOf(settlement: Gate['settlement']): string | undefined {
  if (settlement === null || settlement.colour === 'none') return undefined
  return `${settlement.colour}, ${settlement.basis}`
}

function moneyOf(settlement: NonNullable<Gate['settlement']>): string {
  const { asset } = settlement
  const parts = (['held', 'released', 'refunded', 'captured'] as const).filter(
    (part) => settlement[part] !== '0',
  )
  const said = parts.map((part) => `${formatMoney(settlement[part], asset)} ${part}`)
  return said.length === 0 ? settlement.status : said.join(', ')
}

function coloured(state: Gate['state']): string {
  const style = { settled: 'green', authorized: 'green', denied: 'red', waiting: 'yellow' } as const
  return state in style ? styled(style[state as keyof typeof style], state) : state
}
