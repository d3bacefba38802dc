/**
 * What people decided, for finance and compliance: who, when, why, about what, with which receipts.
 *
 * A row for each fact that a person caused or that ended what people were asked, in the order of
 * the journal; then a statement, signed by Surety, over all the bytes before it. One page of the
 * journal is in memory at a time. Rules: spec/audit.md.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  type ApprovalRecord,
  type AuditStatement,
  canonicalize,
  type Event,
  formatInstant,
  signingInput,
} from '@surety/protocol'
import type { App, Caller } from '../../runtime.ts'

type AuditFormat = 'jsonl' | 'csv'

/** The columns, in order; what does not apply to a row is empty. */
const COLUMNS = [
  'at',
  'fact',
  'actor',
  'role',
  'action',
  'justificationCode',
  'approvalId',
  'gateId',
  'level',
  'decisionHash',
  'outcome',
  'amount',
  'asset',
  'payee',
  'actionHash',
  'receiptHash',
  'stream',
  'seq',
  'eventHash',
  'signed',
] as const
type Column = (typeof COLUMNS)[number]
type AuditRow = Readonly<Partial<Record<Column, string | undefined>>>

const EVENTS_MAX = 500
const KINDS: readonly string[] = ['approval', 'deposit', 'principal', 'profile', 'control']

export interface AuditSpan {
  readonly format: AuditFormat
  readonly since?: string
  readonly until?: string
}

/** The lines of an export, the statement last. */
export async function* exportAudit(
  app: App,
  caller: Caller,
  span: AuditSpan,
): AsyncGenerator<string, void> {
  const hash = createHash('sha256')
  const line = span.format === 'csv' ? csvLine : jsonLine
  let rows = 0
  if (span.format === 'csv') {
    const header = `${COLUMNS.join(',')}\r\n`
    hash.update(header)
    yield header
  }
  for await (const event of peoplesEvents(app, caller, span)) {
    const row = await rowOf(app, caller, event)
    if (row === undefined) continue
    const text = line(row)
    hash.update(text)
    rows += 1
    yield text
  }
  yield line(await statementRow(app, caller, { ...span, rows, sha256: hash.digest('hex') }))
}

async function* peoplesEvents(
  app: App,
  caller: Caller,
  { since, until }: AuditSpan,
): AsyncGenerator<Event, void> {
  const { reads } = app.store
  const { position: head } = await reads.eventsAfter(caller.scope, '', null, 0)
  for (let position = 0; position < head; ) {
    const page = await reads.eventsAfter(caller.scope, '', position, EVENTS_MAX)
    for (const { event, position: at } of page.rows) {
      if (at > head) return
      const isIn = (since ?? '') <= event.at && event.at <= (until ?? '~')
      if (isIn && KINDS.includes(event.stream.split(':', 1)[0] ?? '')) yield event
    }
    if (page.position <= position) return
    position = page.position
  }
}

type Said = Readonly<Record<string, string>>

/** What a fact says to an auditor; nothing where no person had a part in it. */
async function rowOf(app: App, caller: Caller, event: Event): Promise<AuditRow | undefined> {
  const { type, data, at, actor, stream, seq, eventHash } = event
  const place = { at, fact: type, actor, stream, seq: String(seq), eventHash }
  const [kind, id = ''] = stream.split(':')
  if (kind === 'approval') return { ...place, ...(await approvalColumns(app, caller, id, data)) }
  if (kind === 'deposit') {
    const { actionHash, amount, asset, principalId } = data.deposit as Said
    const signed = await actOf(app, caller, id, 'action.jws')
    return { ...place, action: 'deposit', actionHash, amount, asset, payee: principalId, signed }
  }
  if (typeof data.actionHash !== 'string') return undefined
  const { actionHash, role } = data as Said
  const signed = await actOf(app, caller, id, `action-${actionHash}.jws`)
  return { ...place, actionHash, role, signed }
}

async function approvalColumns(
  app: App,
  caller: Caller,
  approvalId: string,
  data: Event['data'],
): Promise<AuditRow> {
  const { state } = await app.store.reads.state(caller.scope, 'approval', approvalId)
  if (state.status === 'none') throw new Error(`no ${approvalId}`)
  const { gateId, level, decisionHash, amount, asset, payee } = state
  const about = { approvalId, gateId, level, decisionHash, amount, asset, payee }
  const record = data.record as ApprovalRecord | undefined
  if (record !== undefined) {
    return { ...about, outcome: record.outcome, receiptHash: String(data.recordHash) }
  }
  const said = (data.answer ?? data.question) as Said | undefined
  if (said === undefined) {
    return typeof data.by === 'string' ? { ...about, receiptHash: data.by } : about
  }
  const { role, action = 'request_information', justificationCode, actionHash } = said
  const signed = await actOf(app, caller, approvalId, `action-${actionHash}.jws`)
  return { ...about, role, action, justificationCode, actionHash, signed }
}

async function actOf(app: App, caller: Caller, owner: string, name: string) {
  return (await app.store.reads.documents(caller.scope, owner)).get(name) ?? ''
}

/** INVARIANT(receipts): what was exported is stated under Surety's key, to the last byte. */
async function statementRow(
  app: App,
  { scope }: Caller,
  span: AuditSpan & { readonly rows: number; readonly sha256: string },
): Promise<AuditRow> {
  const { format, since = null, until = null, rows, sha256 } = span
  const at = formatInstant(app.clock.now())
  const statement: AuditStatement = {
    schemaVersion: 'AuditStatement.v1',
    ...scope,
    format,
    since,
    until,
    rows,
    sha256,
    at,
  }
  const kid = app.signer.kids.bundle
  const input = signingInput('AuditStatement.v1', canonicalize(statement), kid)
  const signed = `${input}.${await app.signer.sign(kid, input)}`
  return { at, fact: 'auditStated', actor: 'system', signed }
}

function jsonLine(row: AuditRow): string {
  const said = Object.entries(row).filter(([, text]) => text !== undefined)
  return `${canonicalize(Object.fromEntries(said))}\n`
}

/** RFC 4180. Attacker-controlled: a cell that a spreadsheet would compute is made a text. */
function csvLine(row: AuditRow): string {
  const cells = COLUMNS.map((column) => {
    const text = row[column] ?? ''
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return `"${safe.replaceAll('"', '""')}"`
  })
  return `${cells.join(',')}\r\n`
}
