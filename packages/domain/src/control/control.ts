/**
 * A control: an active pause, quarantine, revocation or kill switch, until it is lifted.
 *
 * Imposing is easy and lifting is strict: stopping costs time, going on may cost money.
 * Rules: spec/control.md, docs/concepts/controls.md. Vectors: spec/vectors/control/.
 *
 * @module
 */
import {
  type ControlKind,
  type ControlOrder,
  type ControlSelector,
  type ControlSigner,
  type EmergencyControlEvent,
  type Environment,
  err,
  type Id,
  type Instant,
  instantOf,
  type OperatorRole,
  ok,
  type Result,
  unreachable,
} from '@surety/protocol'
import { selectorProblem } from './selector.ts'

export type Control =
  | { readonly status: 'none' }
  | { readonly status: 'active'; readonly imposed: EmergencyControlEvent }
  | {
      readonly status: 'lifted'
      readonly imposed: EmergencyControlEvent
      readonly lifted: EmergencyControlEvent
    }

/** At whose order: one or two people, an adapter that became unstable, or the clock. */
export type Ordered =
  | { readonly by: 'operators'; readonly signers: readonly ControlSigner[] }
  | { readonly by: 'adapter' | 'clock' }

export interface Circumstances {
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly at: Instant
  readonly atText: string
  /** How many acts there will have been, this one included. */
  readonly epoch: number
  readonly justificationCode: string
  readonly kid: string
}

export type ControlCommand =
  | {
      readonly type: 'impose'
      readonly order: ControlOrder
      readonly ordered: Ordered
      readonly now: Circumstances
      /** How many active controls of this kind stand on the selector already. */
      readonly standing: number
      /** Whom the selector names is an operator. */
      readonly namesOperator: boolean
    }
  | {
      readonly type: 'lift'
      readonly selector: ControlSelector
      readonly ordered: Ordered
      readonly now: Circumstances
    }
  | {
      readonly type: 'drain'
      readonly selector: ControlSelector
      readonly signer: ControlSigner
    }

/** A fact that Surety states. */
export type ControlStated = {
  readonly type: 'controlImposed' | 'controlLifted'
  readonly statement: EmergencyControlEvent
  readonly kid: string
}
export type ControlEvent =
  | ControlStated
  | { readonly type: 'controlDrained'; readonly signer: ControlSigner }

/** In the order they are checked. */
export type ControlRefusal =
  | 'control_not_found'
  | 'control_already_exists'
  | 'control_already_lifted'
  | 'control_revocation_final'
  | 'control_selector_invalid'
  | 'control_until_invalid'
  | 'dual_control_required'
  | 'dual_control_same_person'
  | 'dual_control_same_key'
  | 'operator_role_insufficient'
  | 'control_target_operator'
  | 'control_limit'

/** How many controls of one kind stand on one selector at most. */
export const STANDING_MAX = 8
export const UNTIL_MAX_MS = 7_776_000_000

interface Rule {
  /** How many distinct people, each with a key of their own. */
  readonly people: 1 | 2
  /** Each of them acts in one of these roles. */
  readonly roles: readonly OperatorRole[]
  /** At least one of them acts in this role. */
  readonly lead: OperatorRole | null
}

const STOP: readonly OperatorRole[] = ['oncall', 'ops_admin', 'incident_commander']
const STRICT: readonly OperatorRole[] = ['ops_admin', 'incident_commander']

/** Who may impose what. */
export const IMPOSE_RULES: Readonly<Record<ControlKind, Rule>> = {
  pause: { people: 1, roles: STOP, lead: null },
  quarantine: { people: 1, roles: STOP, lead: null },
  revoke: { people: 2, roles: STRICT, lead: null },
  kill_switch: { people: 2, roles: STRICT, lead: null },
}

/** What stops everything takes two, however it is called. */
function isGrave(kind: ControlKind, { type }: ControlSelector): boolean {
  return kind === 'quarantine' && (type === 'all' || type === 'tenant')
}

function imposeRule(kind: ControlKind, selector: ControlSelector): Rule {
  return isGrave(kind, selector) ? IMPOSE_RULES.kill_switch : IMPOSE_RULES[kind]
}

function liftRule(kind: Exclude<ControlKind, 'revoke'>, selector: ControlSelector): Rule {
  return isGrave(kind, selector) ? LIFT_RULES.kill_switch : LIFT_RULES[kind]
}

/** Who may lift what: always a stricter rule than that of imposing it. */
export const LIFT_RULES: Readonly<Record<Exclude<ControlKind, 'revoke'>, Rule>> = {
  pause: { people: 1, roles: STRICT, lead: null },
  quarantine: { people: 1, roles: STRICT, lead: null },
  kill_switch: { people: 2, roles: STRICT, lead: 'incident_commander' },
}

export const initial: Control = { status: 'none' }

type Decided<Event extends ControlEvent = ControlEvent> = Result<readonly Event[], ControlRefusal>

export function decide(
  control: Control,
  command: Command<'impose' | 'lift'>,
): Decided<ControlStated>
export function decide(control: Control, command: ControlCommand): Decided
export function decide(control: Control, command: ControlCommand): Decided {
  switch (command.type) {
    case 'impose':
      return impose(control, command)
    case 'lift':
      return lift(control, command)
    case 'drain':
      return drain(control, command)
    default:
      return unreachable(command)
  }
}

type Command<Type extends ControlCommand['type']> = Extract<ControlCommand, { type: Type }>

function impose(control: Control, command: Command<'impose'>): Decided<ControlStated> {
  if (control.status !== 'none') return err('control_already_exists')
  const { order, ordered, now, standing, namesOperator } = command
  const { command: kind, selector, until } = order
  if (kind === 'resume' || kind === 'drain') return err('control_not_found')
  const wrong = selectorProblem(kind, selector, now.tenantId)
  if (wrong !== undefined) return err('control_selector_invalid', wrong)
  if (until !== null && !isAhead(kind, instantOf(until), now.at)) {
    return err('control_until_invalid', until)
  }
  const refused = signersRefusal(imposeRule(kind, selector), ordered)
  if (!refused.ok) return refused
  // One hasty or stolen hand must not keep those away who would undo what it did.
  if (namesOperator && !mayStop(kind, selector, ordered)) return err('control_target_operator')
  if (standing >= STANDING_MAX) return err('control_limit')
  const { controlId } = order
  const subject = { controlId, kind, selector, until }
  return ok([stated('imposed', subject, ordered, now)])
}

/** INVARIANT(control): an operator goes for good only if a commander who orders it stays. */
function mayStop(kind: ControlKind, { type, id }: ControlSelector, ordered: Ordered): boolean {
  if (ordered.by !== 'operators' || IMPOSE_RULES[kind].people === 1) return false
  if (kind !== 'revoke' || type !== 'principal') return true
  const stays = ({ role, operatorId }: ControlSigner) =>
    role === 'incident_commander' && operatorId !== id
  return ordered.signers.some(stays)
}

function isAhead(kind: ControlKind, until: Instant, at: Instant): boolean {
  return kind !== 'revoke' && until > at && until - at <= UNTIL_MAX_MS
}

function lift(
  control: Control,
  { selector, ordered, now }: Command<'lift'>,
): Decided<ControlStated> {
  if (control.status === 'none') return err('control_not_found')
  if (control.status === 'lifted') return err('control_already_lifted')
  const { controlId, kind, until } = control.imposed
  if (kind === 'revoke') return err('control_revocation_final')
  const own = control.imposed.selector
  if (own.type !== selector.type || own.id !== selector.id) {
    return err('control_selector_invalid', 'the control is about something else')
  }
  // A deadline is inclusive: at its very instant the control still stands.
  if (ordered.by === 'clock' && (until === null || now.at <= instantOf(until))) {
    return err('control_until_invalid')
  }
  const refused = signersRefusal(liftRule(kind, own), ordered)
  if (!refused.ok) return refused
  return ok([stated('lifted', { controlId, kind, selector: own, until }, ordered, now)])
}

/** Gives back what was authorized and not begun; it takes no more than to impose a pause. */
function drain(control: Control, { selector, signer }: Command<'drain'>): Decided {
  if (control.status === 'none') return err('control_not_found')
  if (control.status === 'lifted') return err('control_already_lifted')
  const own = control.imposed.selector
  if (own.type !== selector.type || own.id !== selector.id) {
    return err('control_selector_invalid', 'the control is about something else')
  }
  const refused = signersRefusal(IMPOSE_RULES.pause, { by: 'operators', signers: [signer] })
  return refused.ok ? ok([{ type: 'controlDrained', signer }]) : refused
}

/** INVARIANT(control): enough people, each another person with another key, in roles that do. */
function signersRefusal(rule: Rule, ordered: Ordered): Result<null, ControlRefusal> {
  if (ordered.by !== 'operators') return ok(null)
  const { signers } = ordered
  if (signers.length < rule.people) return err('dual_control_required')
  const distinct = (member: 'operatorId' | 'kid') =>
    new Set(signers.map((signer) => signer[member])).size === signers.length
  if (!distinct('operatorId')) return err('dual_control_same_person')
  if (!distinct('kid')) return err('dual_control_same_key')
  const { roles, lead } = rule
  const suffices =
    signers.every(({ role }) => roles.includes(role)) &&
    (lead === null || signers.some(({ role }) => role === lead))
  if (suffices) return ok(null)
  const needed = lead === null ? '' : `, one of them ${lead}`
  return err('operator_role_insufficient', `it takes ${roles.join(' or ')}${needed}`)
}

function stated(
  act: EmergencyControlEvent['act'],
  subject: Pick<EmergencyControlEvent, 'controlId' | 'kind' | 'selector' | 'until'>,
  ordered: Ordered,
  now: Circumstances,
): ControlStated {
  const statement: EmergencyControlEvent = {
    schemaVersion: 'EmergencyControlEvent.v1',
    tenantId: now.tenantId,
    environment: now.environment,
    ...subject,
    act,
    epoch: now.epoch,
    cause: ordered.by,
    signers: ordered.by === 'operators' ? [...ordered.signers] : [],
    justificationCode: now.justificationCode,
    at: now.atText,
  }
  return { type: act === 'imposed' ? 'controlImposed' : 'controlLifted', statement, kid: now.kid }
}

export function evolve(control: Control, event: ControlEvent): Control {
  if (event.type === 'controlImposed') {
    if (control.status !== 'none') throw new Error(`controlImposed after ${control.status}`)
    return { status: 'active', imposed: event.statement }
  }
  if (control.status !== 'active') throw new Error(`${event.type} after ${control.status}`)
  if (event.type === 'controlDrained') return control
  return { status: 'lifted', imposed: control.imposed, lifted: event.statement }
}

/**
 * Why a statement of a control could not have been made, if so: by these signers, of that kind.
 * An offline verifier asks this of the statements in a bundle.
 */
export function statementProblem(statement: EmergencyControlEvent): ControlRefusal | undefined {
  const { kind, act, cause, signers, selector, tenantId } = statement
  const wrong = selectorProblem(kind, selector, tenantId)
  if (wrong !== undefined) return 'control_selector_invalid'
  if (!mayCause(statement)) return 'dual_control_required'
  if (act === 'lifted' && kind === 'revoke') return 'control_revocation_final'
  const isImposed = act === 'imposed' || kind === 'revoke'
  const rule = isImposed ? imposeRule(kind, selector) : liftRule(kind, selector)
  const ordered: Ordered = cause === 'operators' ? { by: cause, signers } : { by: cause }
  const refused = signersRefusal(rule, ordered)
  return refused.ok ? undefined : refused.refusal
}

/**
 * An adapter pauses its own rail, or a payee at the other end of it, and the clock lifts what was
 * given an end; nothing else.
 */
function mayCause({ cause, act, kind, selector, until }: EmergencyControlEvent): boolean {
  if (cause === 'clock') return act === 'lifted' && until !== null
  const isOfRail = selector.type === 'rail' || selector.type === 'payee'
  if (cause === 'adapter') return act === 'imposed' && kind === 'pause' && isOfRail
  return true
}
