/**
 * A bundle verified: without a network, with keys given from outside, whatever it contains.
 *
 * Every check comes out as passed, failed or not established; nothing is thrown.
 * Rules: spec/bundle.md. Vectors: spec/vectors/bundle/.
 *
 * @module
 */
import type { Crypto, Jwks, VerificationReport } from '@surety/protocol'
import { answererIds, checkApprovals, readRecords } from './approvals.ts'
import { checkControls, controlSigners } from './controls.ts'
import {
  checkAuthorization,
  checkDecisions,
  checkFacts,
  readFacts,
  readProfiles,
} from './decisions.ts'
import { type Examination, guarded } from './examination.ts'
import { readHistory } from './history.ts'
import { checkMoney } from './money.ts'
import { checkGrants, checkIntent, checkResponse, partiesOf, readPassports } from './parties.ts'
import { checkPayment } from './payments.ts'
import { checkLayout, checkReceiptFiles, kidsInUse } from './receipts.ts'
import { Findings } from './report.ts'
import { admit, checkHint, readSurface, trustedKeys } from './surface.ts'

/**
 * Verifies a bundle. Keys are trusted because the caller gives them, never because the bundle does.
 *
 * Cost: linear in the bytes and the signatures of the bundle.
 */
export function verify(
  files: ReadonlyMap<string, Uint8Array>,
  trusted: Jwks,
  crypto: Crypto,
): VerificationReport {
  const findings = new Findings()
  const admitted = guarded(findings, 'paths', () => admit(files, findings))
  if (admitted === undefined) return findings.report(null, true)
  const keys = guarded(findings, 'trusted_keys', () => trustedKeys(trusted, crypto, findings))
  const surface =
    keys && guarded(findings, 'manifest', () => readSurface(admitted, keys, crypto, findings))
  if (surface === undefined || keys === undefined) return findings.report(null, true)
  examine({ surface, keys, crypto, findings })
  return findings.report(surface.gateId, false)
}

function examine(exam: Examination): void {
  const { findings, surface, crypto } = exam
  const profiles = guarded(findings, 'profile', () => readProfiles(exam)) ?? new Map()
  const history = guarded(findings, 'event_schema', () => readHistory(exam, profiles))
  if (history === undefined) return
  const stated = guarded(findings, 'facts', () => readFacts(exam, history)) ?? []
  const records =
    guarded(findings, 'approval_records', () => readRecords(exam, history, stated)) ?? []
  const parties = new Set([
    ...stated.flatMap(({ facts }) => [...partiesOf(facts)]),
    ...answererIds(records),
  ])
  for (const signer of controlSigners(exam, stated)) parties.add(signer)
  const [first] = stated
  const passports =
    (first && guarded(findings, 'passports', () => readPassports(exam, parties, first.facts))) ??
    new Map()
  guarded(findings, 'receipt_content', () => checkReceiptFiles(exam, history))
  guarded(findings, 'key_hint', () => checkHint(surface, kidsInUse(history), crypto, findings))
  guarded(findings, 'intent_signature', () => checkIntent(exam, history, passports))
  guarded(findings, 'grant_signatures', () => checkGrants(exam, stated, passports))
  guarded(findings, 'response_signature', () => checkResponse(exam, history, passports))
  guarded(findings, 'facts', () => checkFacts(exam, history, stated, passports))
  guarded(findings, 'decision', () => checkDecisions(exam, history, stated, profiles))
  guarded(findings, 'approval_answers', () =>
    checkApprovals(exam, history, stated, records, passports),
  )
  guarded(findings, 'authorization', () => checkAuthorization(exam, history, stated, profiles))
  guarded(findings, 'controls', () => checkControls(exam, stated, passports, history))
  guarded(findings, 'payment', () => checkPayment(exam, history))
  guarded(findings, 'partition', () => checkMoney(exam, history, profiles))
  guarded(findings, 'layout', () => checkLayout(exam, history, stated, records))
}
