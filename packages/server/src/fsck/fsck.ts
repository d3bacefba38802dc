/**
 * Examines a data directory and changes nothing: whether everything that must hold does.
 *
 * It reads tables, keys and journal by itself and does the books again; of the running system it
 * uses only the machines of `domain`, to fold events and to decide again.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import type { Crypto, KeyLookup } from '@surety/protocol'
import { Approvals } from './approvals.ts'
import { Auditor } from './auditor.ts'
import { Decisions } from './decisions.ts'
import { Findings, type FsckReport } from './findings.ts'
import { Projections } from './fold.ts'
import { checkKeys } from './keys.ts'
import { Names } from './names.ts'
import { Proofs } from './proofs.ts'
import { streamsOf } from './streams.ts'
import { Tables } from './tables.ts'

const SCHEMA_VERSION = 2n

export interface Places {
  readonly database: string
  readonly keys: string
}

/** Cost: linear in everything that was ever stored; one stream is in memory at a time. */
export function examine({ database, keys }: Places, crypto: Crypto): FsckReport {
  const findings = new Findings()
  const ours = checkKeys(keys, findings, crypto)
  if (!findings.expect('database', existsSync(database), 'there is no database')) {
    return findings.report()
  }
  let tables: Tables | undefined
  try {
    tables = new Tables(database)
    checkDatabase(tables, findings)
    checkFacts(tables, findings, crypto, ours)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'a fault'
    findings.problem('database', `it cannot be read to its end: ${why}`)
  } finally {
    tables?.close()
  }
  return findings.report()
}

function checkDatabase(tables: Tables, findings: Findings): void {
  const version = tables.row('PRAGMA user_version')?.user_version
  findings.expect('database', version === SCHEMA_VERSION, `it has schema ${String(version)}`)
  for (const row of tables.rows('PRAGMA integrity_check')) {
    const said = String(row.integrity_check)
    findings.expect('database', said === 'ok', said)
  }
}

function checkFacts(tables: Tables, findings: Findings, crypto: Crypto, ours: KeyLookup): void {
  const projections = new Projections(tables, findings)
  const proofs = new Proofs(tables, findings, crypto, ours)
  const decisions = new Decisions(tables, findings, crypto)
  const auditor = new Auditor(findings)
  const names = new Names(findings)
  const approvals = new Approvals(findings)
  for (const stream of streamsOf(tables, findings, crypto)) {
    const state = projections.check(stream)
    proofs.check(stream)
    decisions.check(stream)
    auditor.read(stream)
    names.read(stream, state)
    approvals.read(stream, state)
  }
  projections.finish()
  proofs.finish()
  decisions.finish()
  auditor.finish(tables)
  names.finish(tables)
  approvals.finish()
}
