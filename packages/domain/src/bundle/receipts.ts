/**
 * The receipts of a gate: one for each fact that obliges Surety to sign, and no other file.
 *
 * @module
 */
import { hashOf, type JsonObject, SIGNED_TYPES, verifySigned } from '@surety/protocol'
import { watchingHash } from '../policy/index.ts'
import { receiptOfEvent } from '../receipt/receipt.ts'
import { answererIds, type UsedRecord } from './approvals.ts'
import { controlFiles } from './controls.ts'
import type { StatedFacts } from './decisions.ts'
import type { Examination } from './examination.ts'
import { entriesOf, type History } from './history.ts'
import {
  actionPath,
  approvalPath,
  EVENTS_PATH,
  evidencePath,
  grantPath,
  INTENT_PATH,
  JWKS_PATH,
  MANIFEST_PATH,
  passportPath,
  profilePath,
  RESPONSE_PATH,
  receiptPath,
  SIGNATURE_PATH,
} from './layout.ts'
import { partiesOf, statementsIn } from './parties.ts'

/** Each fact that obliges has its receipt: those bytes, signed with the key the event names. */
export function checkReceiptFiles(exam: Examination, history: History): void {
  const { surface, crypto, findings } = exam
  for (const { event, fact } of history.entries) {
    const owed = receiptOfEvent(fact)
    if (owed === undefined) continue
    const type = owed.object.schemaVersion
    const path = receiptPath(event.seq, type)
    const jws = surface.texts.get(path)
    const content = (holds: boolean, reason: string) =>
      findings.note('receipt_content', holds, path, reason)
    const stated = (owed.object as JsonObject)[SIGNED_TYPES[type].signedAt]
    content(stated === event.at, 'of another moment than its event')
    if (!content(jws !== undefined, 'missing')) continue
    const signed = verifySigned([type], jws as string, exam.keys, crypto)
    findings.note('receipt_signatures', signed.ok, path, signed.ok ? '' : signed.refusal)
    if (!signed.ok) continue
    content(signed.value.hash === hashOf(owed.object, crypto), 'not what the event states')
    content(signed.value.kid === owed.kid, 'signed with another key than the event names')
  }
}

/** The keys of Surety that signed what the bundle carries. */
export function kidsInUse(history: History): ReadonlySet<string> {
  const kids = history.entries.flatMap(({ fact }) => receiptOfEvent(fact)?.kid ?? [])
  return new Set(kids)
}

/** Each file has its place, and each place that the history names has its file. */
export function checkLayout(
  exam: Examination,
  history: History,
  stated: readonly StatedFacts[],
  records: readonly UsedRecord[],
): void {
  const { surface, findings } = exam
  const expected = new Set<string>([MANIFEST_PATH, SIGNATURE_PATH, EVENTS_PATH, JWKS_PATH])
  const [declared] = entriesOf(history, 'gateDeclared')
  if (declared?.fact.kid !== null) expected.add(INTENT_PATH)
  for (const { event, fact } of history.entries) {
    const owed = receiptOfEvent(fact)
    if (owed !== undefined) expected.add(receiptPath(event.seq, owed.object.schemaVersion))
  }
  for (const { fact } of entriesOf(history, 'decisionRecorded')) {
    expected.add(profilePath(fact.decision.policyHash))
    const watching = watchingHash(fact.decision)
    if (watching !== undefined) expected.add(profilePath(watching))
  }
  for (const { path, facts } of stated) {
    expected.add(path)
    for (const principal of partiesOf(facts)) expected.add(passportPath(principal))
    for (const depth of facts.grantChain.keys()) expected.add(grantPath(depth))
  }
  for (const { recordHash, record } of records) {
    expected.add(approvalPath(recordHash))
    for (const { actionHash } of record.answers) expected.add(actionPath(actionHash))
  }
  for (const principal of answererIds(records)) expected.add(passportPath(principal))
  for (const path of controlFiles(exam, stated)) expected.add(path)
  const bodies = new Set<string>()
  for (const { said } of statementsIn(history)) {
    expected.add(RESPONSE_PATH)
    bodies.add(evidencePath(said.statement.responseHash))
  }
  for (const path of expected) {
    findings.note('layout', surface.hashes.has(path), path, 'the history needs it')
  }
  for (const [path, hash] of surface.hashes) {
    const isBody = bodies.has(path) && path === evidencePath(hash)
    findings.note('layout', expected.has(path) || isBody, path, 'it has no place')
  }
}
