/**
 * The emergency controls that a decision names: that Surety stated them, at whose signed order.
 *
 * @module
 */
import {
  type ControlFacts,
  type DecisionFacts,
  type EmergencyControlEvent,
  type Hash,
  type Id,
  verifySigned,
} from '@surety/protocol'
import { isAbout, statementProblem } from '../control/index.ts'
import { roleHeldAt } from '../principal/index.ts'
import type { StatedFacts } from './decisions.ts'
import { type Examination, same } from './examination.ts'
import { entriesOf, type History } from './history.ts'
import { controlActPath, controlPath, factsPath, passportPath } from './layout.ts'
import { keysOf, type Passports } from './parties.ts'

interface Named extends StatedFacts {
  readonly control: ControlFacts
}

function namedBy(stated: readonly StatedFacts[]): readonly Named[] {
  return stated.flatMap((each) => each.facts.controls.map((control) => ({ ...each, control })))
}

function statementOf(exam: Examination, controlId: Id<'ctl'>) {
  const jws = exam.surface.texts.get(controlPath(controlId)) ?? ''
  return verifySigned(['EmergencyControlEvent.v1'], jws, exam.keys, exam.crypto)
}

/** Who ordered the controls that the decisions name; their passports belong to the bundle. */
export function controlSigners(
  exam: Examination,
  stated: readonly StatedFacts[],
): ReadonlySet<Id<'prn'>> {
  const signed = namedBy(stated).map(({ control }) => statementOf(exam, control.controlId))
  return new Set(
    signed.flatMap((each) =>
      each.ok ? each.value.object.signers.map(({ operatorId }) => operatorId) : [],
    ),
  )
}

/** The files that the controls of the decisions need. */
export function controlFiles(
  exam: Examination,
  stated: readonly StatedFacts[],
): ReadonlySet<string> {
  const files = new Set<string>()
  for (const { control } of namedBy(stated)) {
    files.add(controlPath(control.controlId))
    const signed = statementOf(exam, control.controlId)
    if (!signed.ok) continue
    for (const [i, { operatorId }] of signed.value.object.signers.entries()) {
      files.add(controlActPath(control.controlId, i)).add(passportPath(operatorId))
    }
  }
  return files
}

/** INVARIANT(control): what stopped a request was ordered by people who could, and is about it. */
export function checkControls(
  exam: Examination,
  stated: readonly StatedFacts[],
  passports: Passports,
  history: History,
): void {
  const decisions = entriesOf(history, 'decisionRecorded').map(({ fact }) => fact.decision)
  for (const { control, facts, path: factsPathOf } of namedBy(stated)) {
    exam.findings.demand('controls')
    const path = controlPath(control.controlId)
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('controls', holds, path, reason)
    const signed = statementOf(exam, control.controlId)
    note(signed.ok, signed.ok ? '' : signed.refusal)
    if (!signed.ok) continue
    const statement = signed.value.object
    const { controlId, kind, selector, at: imposedAt } = statement
    note(same({ controlId, kind, selector, imposedAt }, control), 'not what the facts name')
    note(statement.act === 'imposed' && imposedAt <= facts.at, 'not imposed by then')
    const { tenantId, environment } = statement
    const isOwn = tenantId === facts.tenantId && environment === facts.environment
    note(isOwn, 'of another tenant or environment')
    const problem = statementProblem(statement)
    note(problem === undefined, problem ?? '')
    const decision = decisions.find(({ inputHash }) => factsPath(inputHash) === factsPathOf)
    const policyHash = decision?.policyHash ?? ''
    note(isAbout(control, requestOf(facts, policyHash)), 'it is not about this request')
    checkOrders(exam, statement, passports)
  }
}

function requestOf(facts: DecisionFacts, policyHash: Hash) {
  const { tenantId, intent, payer, grantChain: grants } = facts
  return { tenantId, intent, payerId: payer?.principalId, grants, policyHash }
}

/** Each signer ordered this very control, with a key and in a role of their own at that moment. */
function checkOrders(
  exam: Examination,
  statement: EmergencyControlEvent,
  passports: Passports,
): void {
  const { controlId, kind: command, selector, until, at } = statement
  for (const [i, signer] of statement.signers.entries()) {
    const path = controlActPath(controlId, i)
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('controls', holds, path, reason)
    const { operatorId, role, kid, actionHash } = signer
    const keys = keysOf(passports, operatorId)
    const jws = exam.surface.texts.get(path) ?? ''
    const signed = verifySigned(['OperatorAction.v1'], jws, keys, exam.crypto, at)
    note(signed.ok, signed.ok ? '' : signed.refusal)
    if (!signed.ok) continue
    const { object, hash } = signed.value
    note(hash === actionHash && signed.value.kid === kid, 'not the act that the statement names')
    const order = { controlId, command, selector, until }
    const isOrder = object.action === 'control' && same(object.control, order)
    note(isOrder, 'it orders something else')
    const isBy = object.operatorId === operatorId && 'role' in object && object.role === role
    note(isBy, 'by another, or in another role')
    const { kind, roles = [] } = passports.get(operatorId) ?? { kind: 'agent' }
    note(kind === 'person' && roleHeldAt(roles, role, at), `\`${role}\` was not held`)
  }
}
