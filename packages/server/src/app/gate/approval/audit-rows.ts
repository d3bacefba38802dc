/**
 * What one fact of the journal says to an auditor: a row for each person who acted in it.
 *
 * Who, why and in which role is read from the act that the person signed, not from what was made of
 * it. Rules: spec/audit.md.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import {
  type ApprovalRecord,
  type ControlSigner,
  canonicalize,
  type EmergencyControlEvent,
  type Event,
  parseJson,
  readJws,
} from '@surety/protocol'
import type { App, Caller } from '../../runtime.ts'

/** The columns, in order; what does not apply to a row is empty. */
export const COLUMNS = [
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
  'about',
  'actionHash',
  'receiptHash',
  'stream',
  'seq',
  'eventHash',
  'signed',
] as const
type Column = (typeof COLUMNS)[number]
export type AuditRow = Readonly<Partial<Record<Column, string | undefined>>>

type Said = Readonly<Record<string, string>>

/** Nothing where no person had a part in it and nothing ended that people were asked. */
export async function auditRows(
  app: App,
  caller: Caller,
  event: Event,
): Promise<readonly AuditRow[]> {
  const { type, data, at, actor, stream, seq, eventHash } = event
  const place = { at, fact: type, actor, stream, seq: String(seq), eventHash }
  const [kind, id = ''] = stream.split(':')
  const acted = async (actionHash: string, name = `action-${actionHash}.jws`) => {
    const signed = (await app.store.reads.documents(caller.scope, id)).get(name) ?? ''
    return { ...place, actionHash, signed, ...signerOf(signed) }
  }
  switch (kind) {
    case 'approval':
      return [{ ...place, ...(await approvalColumns(app, caller, id, data)) }]
    case 'deposit': {
      const { actionHash, amount, asset, principalId } = data.deposit as Said
      const money = { amount, asset, payee: principalId }
      if (actionHash === undefined) return [{ ...place, ...money }]
      return [{ ...(await acted(actionHash, 'action.jws')), ...money }]
    }
    case 'control':
      return controlRows(event, place, acted)
    default:
      return typeof data.actionHash === 'string' ? [await acted(data.actionHash)] : []
  }
}

/** Who acted, as what, and why: the members of a signed act that an auditor sorts by. */
function signerOf(jws: string): AuditRow {
  const parts = readJws(jws)
  const parsed = parts.ok ? parseJson(parts.value.payload) : undefined
  if (parsed?.ok !== true) return {}
  const act = parsed.value as Readonly<Record<string, Said | string | undefined>>
  const { operatorId, role, action, justificationCode } = act as Said
  return { actor: operatorId, role, action, justificationCode, about: aboutOf(act) }
}

/** What an act was about that has no columns of its own. */
function aboutOf(act: Readonly<Record<string, unknown>>): string | undefined {
  const { assignment, profile, shadow, deposit } = act as Readonly<Record<string, Said | undefined>>
  if (assignment !== undefined) return `${assignment.role} ${assignment.principalId}`
  if (profile !== undefined) return `${profile.profileId} ${profile.version} ${profile.policyHash}`
  if (shadow !== undefined) return shadow.policyHash
  return deposit === undefined ? undefined : `${deposit.source} ${deposit.reference}`
}

/** A row for each of the people who ordered a control; one of Surety, where none did. */
async function controlRows(
  { type, data, stream }: Event,
  place: AuditRow,
  acted: (actionHash: string) => Promise<AuditRow>,
): Promise<readonly AuditRow[]> {
  if (type === 'controlDrained') {
    const { actionHash } = data.signer as ControlSigner
    return [{ ...(await acted(actionHash)), action: 'drain', about: stream }]
  }
  const statement = data.statement as EmergencyControlEvent | undefined
  if (statement === undefined) return []
  const { act, kind, selector, signers, cause } = statement
  const about = `${stream} ${kind} ${selector.type}:${selector.id}`
  const receiptHash = createHash('sha256').update(canonicalize(statement)).digest('hex')
  const stated = { about, outcome: act, receiptHash }
  if (signers.length === 0) return [{ ...place, ...stated, justificationCode: cause }]
  const action = act === 'lifted' ? 'resume' : kind
  const rows = signers.map(async (signer) => ({
    ...(await acted(signer.actionHash)),
    ...stated,
    action,
  }))
  return Promise.all(rows)
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
  const documents = await app.store.reads.documents(caller.scope, approvalId)
  const signed = documents.get(`action-${actionHash}.jws`) ?? ''
  return { ...about, role, action, justificationCode, actionHash, signed }
}

export function jsonLine(row: AuditRow): string {
  const said = Object.entries(row).filter(([, text]) => text !== undefined)
  return `${canonicalize(Object.fromEntries(said))}\n`
}

/** RFC 4180. Attacker-controlled: a cell that a spreadsheet would compute is made a text. */
export function csvLine(row: AuditRow): string {
  const cells = COLUMNS.map((column) => {
    const text = row[column] ?? ''
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
    return `"${safe.replaceAll('"', '""')}"`
  })
  return `${cells.join(',')}\r\n`
}
