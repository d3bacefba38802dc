/**
 * What people decided, for finance and compliance: who, when, why, about what, with which receipts.
 *
 * A row for each act of a person and for each end of what people were asked, in the order of the
 * journal; then a statement, signed by Surety, over all the bytes before it. One page of the
 * journal is in memory at a time. Rules: spec/audit.md.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  type AuditStatement,
  canonicalize,
  type Event,
  formatInstant,
  signingInput,
} from '@surety/protocol'
import type { App, Caller } from '../../runtime.ts'
import { type AuditRow, auditRows, COLUMNS, csvLine, jsonLine } from './audit-rows.ts'

type AuditFormat = 'jsonl' | 'csv'

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
    for (const row of await auditRows(app, caller, event)) {
      const text = line(row)
      hash.update(text)
      rows += 1
      yield text
    }
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
