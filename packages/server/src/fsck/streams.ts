/**
 * The journal, stream by stream: chained, in canonical bytes, each event of the shape it must have.
 *
 * INVARIANT(journal): events are append-only and hash-chained.
 *
 * @module
 */
import {
  type Crypto,
  canonicalize,
  Event,
  eventHashHolds,
  GATE_EVENTS,
  parseAs,
  ZERO_HASH,
} from '@surety/protocol'
import type { Findings } from './findings.ts'
import { jsonOf, type Row, type ScopeRow, type Tables } from './tables.ts'

export interface Stream {
  readonly scope: ScopeRow
  readonly name: string
  /** What stands before and after the first colon. */
  readonly kind: string
  readonly id: string
  readonly events: readonly Event[]
}

const EVENTS = 'SELECT scope, stream, seq, event FROM events ORDER BY scope, stream, seq'

/** Every stream whose events can be read. Holds one stream in memory at a time. */
export function* streamsOf(
  tables: Tables,
  findings: Findings,
  crypto: Crypto,
): Generator<Stream, void> {
  const latest = String(tables.row("SELECT value FROM meta WHERE name = 'latest'")?.value ?? '')
  let rows: Row[] = []
  const emit = function* (): Generator<Stream, void> {
    const stream = rows.length === 0 ? undefined : streamOf(rows, tables, findings)
    if (stream === undefined) return
    checkChain(stream, findings, crypto, latest)
    yield stream
  }
  for (const row of tables.rows(EVENTS)) {
    const [first] = rows
    if (first !== undefined && (first.scope !== row.scope || first.stream !== row.stream)) {
      yield* emit()
      rows = []
    }
    rows.push(row)
  }
  yield* emit()
}

function streamOf(rows: readonly Row[], tables: Tables, findings: Findings): Stream | undefined {
  const [first] = rows
  const name = String(first?.stream)
  const scope = tables.scopes.get(Number(first?.scope))
  findings.saw('journal', rows.length)
  if (scope === undefined) {
    findings.problem('journal', `${name} is of a tenant that does not exist`)
    return undefined
  }
  const events = rows.map((row) => eventOf(row, findings))
  const known = events.filter((event) => event !== undefined)
  // What cannot be read cannot be folded; the other streams go on.
  if (known.length < events.length) return undefined
  const colon = name.indexOf(':')
  return { scope, name, kind: name.slice(0, colon), id: name.slice(colon + 1), events: known }
}

function eventOf(row: Row, findings: Findings): Event | undefined {
  const where = `${String(row.stream)} ${String(row.seq)}`
  const value = jsonOf(row.event)
  const event = parseAs(Event, value)
  if (value === undefined || !event.ok) {
    const detail = event.ok ? 'not JSON' : (event.detail ?? event.refusal)
    findings.problem('journal', `${where}: not an event, ${detail}`)
    return undefined
  }
  if (canonicalize(value) !== row.event) {
    findings.problem('journal', `${where}: not in canonical bytes`)
  }
  if (event.value.stream !== row.stream || BigInt(event.value.seq) !== row.seq) {
    findings.problem('journal', `${where}: it says it is ${event.value.stream} ${event.value.seq}`)
  }
  const { type, stream, data } = event.value
  if (!stream.startsWith('gate:')) return event.value
  const schema = Object.hasOwn(GATE_EVENTS, type)
    ? GATE_EVENTS[type as keyof typeof GATE_EVENTS]
    : undefined
  const shaped = schema === undefined ? undefined : parseAs(schema, data)
  if (shaped?.ok === true) return event.value
  findings.problem('journal', `${where}: no fact of a gate`)
  return undefined
}

function checkChain(
  { scope, name, events }: Stream,
  findings: Findings,
  crypto: Crypto,
  latest: string,
): void {
  let previous: Event | undefined
  for (const [i, event] of events.entries()) {
    const note = (holds: boolean, problem: string) => {
      if (!holds) findings.problem('journal', `${name} ${i + 1}: ${problem}`)
    }
    note(event.seq === i + 1, 'its number is not the next')
    note(event.prevHash === (previous?.eventHash ?? ZERO_HASH), 'it names another event before it')
    note(eventHashHolds(event, crypto), 'its hash is not the hash of its members')
    note(event.tenantId === scope.tenantId, 'of another tenant')
    note(event.at >= (previous ?? event).at, 'before the event before it')
    note(event.at <= latest, 'after the latest fact')
    previous = event
  }
}
