/**
 * What people answered: each act under the person's own key, and what came of it worked out again.
 *
 * @module
 */
import {
  type ApprovalAct,
  type ApprovalRecord,
  ApprovalSubject,
  type Hash,
  hashOf,
  type Id,
  instantOf,
  verifySigned,
} from '@surety/protocol'
import * as approvals from '../approval/index.ts'
import { roleHeldAt } from '../principal/roles.ts'
import type { StatedFacts } from './decisions.ts'
import { type Examination, same } from './examination.ts'
import { entriesOf, type History } from './history.ts'
import { actionPath, approvalPath, EVENTS_PATH } from './layout.ts'
import { divisionIn } from './money.ts'
import { keysOf, type Passports } from './parties.ts'

/** A record that the history uses, as Surety signed it. */
export interface UsedRecord {
  readonly recordHash: Hash
  readonly record: ApprovalRecord
}

type Approval = approvals.Approval

/** The records that decisions and divisions of the gate rest on; each signed by Surety. */
export function readRecords(
  exam: Examination,
  history: History,
  stated: readonly StatedFacts[],
): readonly UsedRecord[] {
  const { surface, keys, crypto, findings } = exam
  const hashes = new Set([
    ...stated.flatMap(({ facts }) => facts.approvals.map((record) => hashOf(record, crypto))),
    ...entriesOf(history, 'gateResolved').map(({ fact }) => fact.recordHash),
  ])
  const used: UsedRecord[] = []
  for (const recordHash of hashes) {
    findings.demand('approval_records')
    findings.demand('approval_answers')
    const path = approvalPath(recordHash)
    const jws = surface.texts.get(path) ?? ''
    const signed = verifySigned(['ApprovalRecord.v1'], jws, keys, crypto)
    const isNamed = signed.ok && signed.value.hash === recordHash
    const reason = signed.ok ? 'not named by its hash' : signed.refusal
    if (!findings.note('approval_records', isNamed, path, reason) || !signed.ok) continue
    used.push({ recordHash, record: signed.value.object })
  }
  return used
}

/** Whose passports are needed besides those of the parties. */
export function answererIds(records: readonly UsedRecord[]): readonly Id<'prn'>[] {
  return records.flatMap(({ record }) => record.answers.map(({ operatorId }) => operatorId))
}

/** Runs every check on what people answered. */
export function checkApprovals(
  exam: Examination,
  history: History,
  stated: readonly StatedFacts[],
  records: readonly UsedRecord[],
  passports: Passports,
): void {
  checkAsked(exam, history, stated)
  checkDivided(exam, history, records)
  const [declared] = entriesOf(history, 'gateDeclared')
  const chains = stated.flatMap(({ facts }) => facts.grantChain)
  const grantors = [...new Set(chains.map(({ grantorId }) => grantorId))]
  for (const used of records) {
    checkAnswers(exam, used, passports, { intentKid: declared?.fact.kid ?? '', grantors })
  }
}

/** Each answer is to the decision before the one that used it, and asks what that one asked. */
function checkAsked(exam: Examination, history: History, stated: readonly StatedFacts[]): void {
  const decided = entriesOf(history, 'decisionRecorded')
  for (const [i, { event, fact }] of decided.entries()) {
    const facts = stated.find((each) => each.path.includes(fact.decision.inputHash))?.facts
    const asking = decided[i - 1]?.fact
    const [record] = facts?.approvals ?? []
    if (record === undefined || facts === undefined) continue
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('approval_records', holds, EVENTS_PATH, `decision ${i + 1}: ${reason}`)
    const { decision } = asking ?? {}
    const level = decision?.decision === 'escalate' ? 'escalation' : 'challenge'
    note(record.decisionHash === asking?.decisionHash, 'it answers another decision')
    note(record.level === level, 'it answers at another level')
    note(same(record.reasonCodes, decision?.reasonCodes ?? []), 'it lifts what was not asked')
    note(record.expiresAt === (decision?.validUntil ?? ''), 'it expires at another time')
    note(record.endedAt <= event.at, 'it was answered afterwards')
    const asked = approvals.requirementsOf(decision?.obligations ?? [], level)
    note(same(record.requirements, asked), 'it asks other people than the decision')
  }
}

/** INVARIANT(approval): what was in review is divided as the answer says, and not otherwise. */
function checkDivided(exam: Examination, history: History, records: readonly UsedRecord[]): void {
  for (const { event, fact, before } of entriesOf(history, 'gateResolved')) {
    const record = records.find(({ recordHash }) => recordHash === fact.recordHash)?.record
    if (record === undefined) continue
    if (before.status !== 'review' && before.status !== 'settled') continue
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('approval_records', holds, EVENTS_PATH, `event ${event.seq}: ${reason}`)
    const asked = hashOf(before.settlementDecision, exam.crypto)
    note(record.amount === before.partition.held, 'it is about another amount')
    note(record.level === 'review' && record.outcome === 'approved', 'it divides nothing')
    note(record.decisionHash === asked, 'it answers another verdict')
    note(same(record.division, divisionIn(fact.receipt, before)), 'it divides otherwise')
    note(record.approvalId === fact.approvalId, 'it is of another approval')
    note(record.endedAt === event.at, 'it was answered at another time')
    const requirements = approvals.requirementsOf([], 'review')
    note(same(record.requirements, requirements), 'it asks other people than a review')
  }
}

/** INVARIANT(no-forgery): the machine, given the signed acts again, comes to the same record. */
function checkAnswers(
  exam: Examination,
  { record, recordHash }: UsedRecord,
  passports: Passports,
  concerned: { readonly intentKid: string; readonly grantors: readonly Id<'prn'>[] },
): void {
  const { findings, crypto } = exam
  const kidsOf = (id: string | null) => (passports.get(id ?? '')?.keys ?? []).map(({ kid }) => kid)
  const parties = {
    agent: [concerned.intentKid, ...kidsOf(record.agentId)],
    payee: kidsOf(record.payee),
    payer: kidsOf(record.payerId),
    grantors: { ids: concerned.grantors, kids: concerned.grantors.flatMap(kidsOf) },
  }
  const seal: approvals.Seal = { kid: '', hash: (made) => hashOf(made, crypto) }
  let state: Approval = openedAgain(record)
  let again: ApprovalRecord | undefined
  for (const given of record.answers) {
    const path = actionPath(given.actionHash)
    const note = (holds: boolean, reason: string) =>
      findings.note('approval_answers', holds, path, reason)
    const act = readAct(exam, given, passports)
    if (typeof act === 'string') {
      note(false, act)
      return
    }
    const at = instantOf(given.answeredAt)
    const passport = passports.get(given.operatorId)
    const decided = approvals.decide(state, {
      type: 'answer',
      act,
      actionHash: given.actionHash,
      kid: given.kid,
      answerer: {
        principalId: given.operatorId,
        kind: passport?.kind ?? 'service',
        kids: kidsOf(given.operatorId),
        holdsRole:
          act.role !== 'payer' && roleHeldAt(passport?.roles ?? [], act.role, given.answeredAt),
      },
      parties,
      lapsed: lapsedAt(record.answers, passports, given.answeredAt),
      at,
      seal,
    })
    if (!note(decided.ok, decided.ok ? '' : decided.refusal) || !decided.ok) return
    for (const event of decided.value) {
      state = approvals.evolve(state, event, at)
      if ('record' in event) again = event.record
    }
  }
  const holds = again !== undefined && same(again, record)
  findings.note('approval_answers', holds, approvalPath(recordHash), 'not what the answers give')
}

/** Who of those that answered before a moment had by then lost the role or the key for it. */
function lapsedAt(
  answers: ApprovalRecord['answers'],
  passports: Passports,
  at: string,
): readonly Id<'prn'>[] {
  const lapsed = answers.filter(({ operatorId, role, kid, answeredAt }) => {
    const passport = passports.get(operatorId)
    const key = passport?.keys.find((each) => each.kid === kid)
    const isOver = key !== undefined && key.notAfter !== null && key.notAfter < at
    const mayStill = role === 'payer' || roleHeldAt(passport?.roles ?? [], role, at)
    return answeredAt < at && (isOver || !mayStill)
  })
  return lapsed.map(({ operatorId }) => operatorId)
}

/** The act of one answer, or what is wrong with it. */
function readAct(
  exam: Examination,
  given: ApprovalRecord['answers'][number],
  passports: Passports,
): ApprovalAct | string {
  const jws = exam.surface.texts.get(actionPath(given.actionHash)) ?? ''
  const keys = keysOf(passports, given.operatorId)
  const signed = verifySigned(['OperatorAction.v1'], jws, keys, exam.crypto, given.answeredAt)
  if (!signed.ok) return signed.refusal
  const { hash, kid, object } = signed.value
  const isSame =
    hash === given.actionHash &&
    kid === given.kid &&
    object.operatorId === given.operatorId &&
    object.actionId === given.actionId &&
    object.action === given.action &&
    object.justificationCode === given.justificationCode
  if (!isSame || !('approval' in object)) return 'not the act of that answer'
  return object.role === given.role ? object : 'given in another role'
}

/** An approval as it was before anybody answered. Who is late shows in no record. */
function openedAgain(record: ApprovalRecord): Approval {
  const names = Object.keys(ApprovalSubject.properties) as (keyof ApprovalSubject)[]
  const subject = Object.fromEntries(names.map((name) => [name, record[name]]))
  const { tenantId, environment, agentId, payerId, requirements, openedAt, expiresAt } = record
  const opened = { ...(subject as ApprovalSubject), tenantId, environment, agentId, payerId }
  const clock = { severity: 'low', openedAt, dueAt: openedAt, expiresAt } as const
  return approvals.evolve(
    approvals.initial,
    { type: 'approvalOpened', ...opened, requirements, ...clock },
    instantOf(openedAt),
  )
}
