/**
 * An audit export on disk: its statement, and whether every byte and every signed act is as stated.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import {
  type AuditStatement,
  type Crypto,
  type Jwks,
  parseJson,
  readJws,
  verifySigned,
} from '@surety/protocol'

export interface AuditReport {
  readonly schemaVersion: 'AuditReport.v1'
  readonly ok: boolean
  readonly statement: AuditStatement | null
  readonly rows: number
  readonly problems: readonly string[]
}

const PROBLEMS_MAX = 20

/** Reads the file once, a line at a time. */
export async function verifyAudit(
  file: string,
  trusted: Jwks,
  crypto: Crypto,
): Promise<AuditReport> {
  const problems: string[] = []
  const note = (holds: boolean, problem: string) => {
    if (!holds && problems.length < PROBLEMS_MAX) problems.push(problem)
  }
  const hash = createHash('sha256')
  let previous: string | undefined
  let rows = -1
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: 0 })
  let end = '\n'
  for await (const line of lines) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    if (previous !== undefined) {
      hash.update(`${previous}${end}`)
      rows += 1
      if (end === '\n') checkRow(previous, rows, crypto, note)
    }
    end = text.startsWith('"') || text.startsWith('at,') ? '\r\n' : '\n'
    previous = text
  }
  const isCsv = end === '\r\n'
  const stated = statementOf(previous ?? '', isCsv)
  const keys = new Map(
    trusted.keys.map(({ kty, crv, x, ...key }) => [
      key.kid,
      { ...key, publicKey: { kty, crv, x } },
    ]),
  )
  const verified = verifySigned(['AuditStatement.v1'], stated, (kid) => keys.get(kid), crypto)
  note(verified.ok, `the statement: ${verified.ok ? '' : verified.refusal}`)
  const statement = verified.ok ? verified.value.object : null
  // The header of a CSV is no row.
  const counted = isCsv ? rows : rows + 1
  note(statement?.rows === counted, `${String(counted)} rows, not as many as stated`)
  note(statement?.sha256 === hash.digest('hex'), 'the bytes are not those that were stated')
  const ok = problems.length === 0
  return { schemaVersion: 'AuditReport.v1', ok, statement, rows: counted, problems }
}

/** Each signed act is the one its row names. */
function checkRow(
  line: string,
  number: number,
  crypto: Crypto,
  note: (holds: boolean, problem: string) => void,
): void {
  const parsed = parseJson(line)
  const row = (parsed.ok ? parsed.value : null) as Readonly<Record<string, string>> | null
  note(row !== null, `row ${String(number + 1)}: not JSON`)
  if (row?.signed === undefined || row.signed === '') return
  const parts = readJws(row.signed)
  const isOwn = parts.ok && crypto.sha256(parts.value.payload) === row.actionHash
  note(isOwn, `row ${String(number + 1)}: the act is not the one it names`)
}

/** The signed statement in the last row. */
function statementOf(line: string, isCsv: boolean): string {
  if (isCsv) return /"([^"]*)"$/.exec(line)?.[1] ?? ''
  const parsed = parseJson(line)
  const row = (parsed.ok ? parsed.value : null) as Readonly<Record<string, string>> | null
  return row?.signed ?? ''
}
