/**
 * An audit export on disk: its statement, and whether every byte and every signed act is as stated.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import {
  type AuditStatement,
  type Crypto,
  canonicalize,
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

/** Longer than any row that is exported. */
const ROW_BYTES_MAX = 4_194_304

type Note = (holds: boolean, problem: string) => void

/** Reads the file once, by rows. INVARIANT(receipts): every byte counts, ends of rows too. */
export async function verifyAudit(
  file: string,
  trusted: Jwks,
  crypto: Crypto,
): Promise<AuditReport> {
  const problems: string[] = []
  const note: Note = (holds, problem) => {
    if (!holds && problems.length < PROBLEMS_MAX) problems.push(problem)
  }
  const hash = createHash('sha256')
  let header: string | undefined
  let previous: Buffer | undefined
  let rows = 0
  for await (const { bytes, isCsv } of rowsOf(file)) {
    if (previous !== undefined) {
      hash.update(previous)
      const isHeader = isCsv && header === undefined
      // The header of a CSV is no row.
      if (isHeader) header = previous.toString()
      else rows += 1
      if (!isCsv) checkRow(previous.toString(), rows, crypto, note)
    }
    previous = bytes
  }
  const last = previous?.toString() ?? ''
  const stated = statementOf(last, header !== undefined)
  const keys = new Map(
    trusted.keys.map(({ kty, crv, x, ...key }) => [
      key.kid,
      { ...key, publicKey: { kty, crv, x } },
    ]),
  )
  const verified = verifySigned(['AuditStatement.v1'], stated, (kid) => keys.get(kid), crypto)
  note(verified.ok, `the statement: ${verified.ok ? '' : verified.refusal}`)
  const statement = verified.ok ? verified.value.object : null
  note(statement?.rows === rows, `${String(rows)} rows, not as many as stated`)
  note(statement?.sha256 === hash.digest('hex'), 'the bytes are not those that were stated')
  const expected = statement === null ? '' : statementRow(statement, stated, header)
  note(last === expected, 'the last row says more than the statement, or ends otherwise')
  const ok = problems.length === 0
  return { schemaVersion: 'AuditReport.v1', ok, statement, rows, problems }
}

interface Row {
  readonly bytes: Buffer
  readonly isCsv: boolean
}

const [LF, CR, QUOTE] = [10, 13, 34]

/** The rows of a file with their ends, as they stand there; the last may have none. */
async function* rowsOf(file: string): AsyncGenerator<Row, void> {
  let isCsv: boolean | undefined
  let pieces: Buffer[] = []
  let [quotes, length, last] = [0, 0, 0]
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    isCsv ??= chunk.subarray(0, 3).toString() === 'at,'
    let from = 0
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) {
      const piece = chunk.subarray(from, at + 1)
      const before = at > 0 ? chunk[at - 1] : last
      from = at + 1
      pieces.push(piece)
      quotes += isCsv ? countOf(QUOTE, piece) : 0
      // RFC 4180 §2: a line break within quotes ends no row.
      if (isCsv && (before !== CR || quotes % 2 === 1)) continue
      yield { bytes: Buffer.concat(pieces), isCsv }
      pieces = []
      ;[quotes, length] = [0, 0]
    }
    const rest = chunk.subarray(from)
    pieces.push(rest)
    quotes += isCsv ? countOf(QUOTE, rest) : 0
    length += rest.length
    last = chunk.at(-1) ?? last
    if (length > ROW_BYTES_MAX) break
  }
  const bytes = Buffer.concat(pieces)
  if (bytes.length > 0) yield { bytes, isCsv: isCsv === true }
}

function countOf(byte: number, bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) count += 1
  return count
}

/** The only last row that a statement allows. */
function statementRow({ at }: AuditStatement, signed: string, header: string | undefined): string {
  const row: Readonly<Record<string, string>> = { at, fact: 'auditStated', actor: 'system', signed }
  if (header === undefined) return `${canonicalize(row)}\n`
  const cells = header.trimEnd().split(',')
  return `${cells.map((column) => `"${row[column] ?? ''}"`).join(',')}\r\n`
}

/** Each signed act is the one its row names. */
function checkRow(line: string, number: number, crypto: Crypto, note: Note): void {
  const parsed = parseJson(line)
  const row = (parsed.ok ? parsed.value : null) as Readonly<Record<string, string>> | null
  note(row !== null, `row ${String(number)}: not JSON`)
  if (row?.signed === undefined || row.signed === '') return
  const parts = readJws(row.signed)
  const isOwn = parts.ok && crypto.sha256(parts.value.payload) === row.actionHash
  note(isOwn, `row ${String(number)}: the act is not the one it names`)
}

/** The signed statement in the last row. */
function statementOf(line: string, isCsv: boolean): string {
  if (isCsv) return /"([^"]*)"$/.exec(line.trimEnd())?.[1] ?? ''
  const parsed = parseJson(line)
  const row = (parsed.ok ? parsed.value : null) as Readonly<Record<string, string>> | null
  return row?.signed ?? ''
}
