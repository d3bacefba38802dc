/**
 * A principal: who acts or is answerable, with which keys, and whether it may act at all.
 *
 * The lifecycle is one choke point: every mutation asks `mayAct`, and only `active` may.
 * Rules: docs/concepts/principals.md. Vectors: spec/vectors/principal/.
 *
 * @module
 */
import {
  type AgentPassport,
  type Environment,
  err,
  type Hash,
  type Id,
  type Lifecycle,
  type OperatorRole,
  ok,
  type PartyKey,
  type PrincipalKind,
  type Result,
  type RoleHeld,
  unreachable,
} from '@surety/protocol'
import { changeRole, type RoleCommand, type RoleEvent, type RoleRefusal } from './roles.ts'

export type Principal =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered'
      readonly principalId: Id<'prn'>
      readonly kind: PrincipalKind
      readonly name: string
      readonly lifecycle: Lifecycle
      readonly keys: readonly PartyKey[]
      /** Absent while the principal has never held one. */
      readonly roles?: readonly RoleHeld[]
    }

/** An act that the principal itself signed, and with which key. */
export interface OwnAct {
  readonly actionHash: Hash
  readonly kid: string
}

export type PrincipalCommand =
  | {
      readonly type: 'register'
      readonly principalId: Id<'prn'>
      readonly kind: PrincipalKind
      readonly name: string
      readonly keys: readonly PartyKey[]
    }
  | { readonly type: 'addKey'; readonly key: PartyKey; readonly own?: OwnAct }
  | {
      readonly type: 'retireKey'
      readonly kid: string
      readonly notAfter: string
      readonly own?: OwnAct
    }
  | {
      readonly type: 'changeLifecycle'
      readonly to: Lifecycle
      readonly reason: string
      /** Two operators ordered it: spec/control.md. */
      readonly isRevoked?: true
    }
  | RoleCommand

export type PrincipalEvent =
  | {
      readonly type: 'principalRegistered'
      readonly principalId: Id<'prn'>
      readonly kind: PrincipalKind
      readonly name: string
      readonly keys: readonly PartyKey[]
    }
  /** `actionHash`: of the act that asked for it; only where the key is an operator's. */
  | { readonly type: 'principalKeyAdded'; readonly key: PartyKey; readonly actionHash?: Hash }
  /** `kid` of an event names the key that signs its passport: this one is named otherwise. */
  | {
      readonly type: 'principalKeyRetired'
      readonly retiredKid: string
      readonly notAfter: string
      readonly actionHash?: Hash
    }
  | {
      readonly type: 'principalLifecycleChanged'
      readonly from: Lifecycle
      readonly to: Lifecycle
      readonly reason: string
    }
  | RoleEvent

/** In the order they are checked. */
export type PrincipalRefusal =
  | 'principal_already_exists'
  | 'principal_not_found'
  | 'principal_not_active'
  | 'principal_key_exists'
  | 'principal_key_limit'
  | 'principal_key_not_found'
  | 'principal_transition_illegal'
  | 'operator_key_not_own'
  | 'operator_key_in_use'
  | 'operator_lifecycle_fixed'
  | RoleRefusal

export const KEYS_MAX = 32
const LEFT: ReadonlySet<Lifecycle> = new Set(['decommissioned', 'archived'])

/** Where each lifecycle may go. Quarantine never leads straight back to active. */
export const LIFECYCLE_NEXT: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  provisioned: ['active', 'decommissioned', 'archived'],
  active: ['throttled', 'suspended', 'quarantined', 'frozen', 'decommissioned', 'archived'],
  throttled: ['active', 'suspended', 'quarantined', 'frozen', 'decommissioned', 'archived'],
  suspended: ['active', 'quarantined', 'frozen', 'decommissioned', 'archived'],
  quarantined: ['suspended', 'frozen', 'decommissioned', 'archived'],
  frozen: ['active', 'suspended', 'decommissioned', 'archived'],
  decommissioned: ['archived'],
  archived: [],
}

/** INVARIANT(default-deny): only an active principal acts, pays or is paid. */
export function mayAct(principal: Principal): boolean {
  return principal.status === 'registered' && principal.lifecycle === 'active'
}

/**
 * INVARIANT(approval): whether this person may act in a role at a moment: registered, active, and
 * the role is theirs then.
 */
export function holdsRole(principal: Principal, role: OperatorRole, at: string): boolean {
  return (
    principal.status === 'registered' &&
    principal.kind === 'person' &&
    mayAct(principal) &&
    rolesNow(principal).some((held) => held.role === role && held.notBefore <= at)
  )
}

type Registered = Extract<Principal, { status: 'registered' }>

function rolesNow({ roles = [] }: Registered): readonly RoleHeld[] {
  return roles.filter(({ notAfter }) => notAfter === null)
}

/** Whether the principal holds any role, active or not. */
export function isOperator(principal: Principal): boolean {
  return principal.status === 'registered' && rolesNow(principal).length > 0
}

function askedBy(own: OwnAct | undefined): { readonly actionHash?: Hash } {
  return own === undefined ? {} : { actionHash: own.actionHash }
}

export const initial: Principal = { status: 'none' }

export function decide(
  principal: Principal,
  command: PrincipalCommand,
): Result<readonly PrincipalEvent[], PrincipalRefusal> {
  if (command.type === 'register') {
    if (principal.status !== 'none') return err('principal_already_exists')
    const { principalId, kind, name, keys } = command
    const kids = new Set(keys.map((key) => key.kid))
    if (kids.size !== keys.length) return err('principal_key_exists')
    if (keys.length > KEYS_MAX) return err('principal_key_limit')
    return ok([{ type: 'principalRegistered', principalId, kind, name, keys }])
  }
  if (principal.status === 'none') return err('principal_not_found')
  switch (command.type) {
    case 'addKey':
      return addKey(principal, command)
    case 'retireKey':
      return retireKey(principal, command)
    case 'changeLifecycle': {
      const { to, reason, isRevoked = false } = command
      // INVARIANT(control): nobody alone, and no credential, puts an operator out of action.
      if (isOperator(principal) && to !== 'active' && !isRevoked) {
        return err('operator_lifecycle_fixed')
      }
      const from = principal.lifecycle
      if (!LIFECYCLE_NEXT[from].includes(to)) return err('principal_transition_illegal')
      return ok([{ type: 'principalLifecycleChanged', from, to, reason }])
    }
    case 'assignRole':
    case 'withdrawRole':
      return changeRole(principal, command)
    default:
      return unreachable(command)
  }
}

type Command<Type extends PrincipalCommand['type']> = Extract<PrincipalCommand, { type: Type }>
type Decided = Result<readonly PrincipalEvent[], PrincipalRefusal>

function addKey(principal: Registered, { key, own }: Command<'addKey'>): Decided {
  // INVARIANT(terminal): who has left for good gets no new means to sign.
  if (LEFT.has(principal.lifecycle)) return err('principal_not_active')
  // INVARIANT(approval): nobody lends an operator a key, not by a credential of theirs either.
  if (isOperator(principal) && own === undefined) return err('operator_key_not_own')
  if (principal.keys.some(({ kid }) => kid === key.kid)) return err('principal_key_exists')
  if (principal.keys.length >= KEYS_MAX) return err('principal_key_limit')
  return ok([{ type: 'principalKeyAdded', key, ...askedBy(own) }])
}

function retireKey(principal: Registered, { kid, notAfter, own }: Command<'retireKey'>): Decided {
  if (isOperator(principal) && own === undefined) return err('operator_key_not_own')
  // INVARIANT(approval): an operator keeps a key to act with: the one that asks for it.
  if (own?.kid === kid) return err('operator_key_in_use')
  const key = principal.keys.find((candidate) => candidate.kid === kid)
  // INVARIANT(terminal): a key that has ended stays ended.
  if (key === undefined || key.notAfter !== null) return err('principal_key_not_found')
  return ok([{ type: 'principalKeyRetired', retiredKid: kid, notAfter, ...askedBy(own) }])
}

export function evolve(principal: Principal, event: PrincipalEvent): Principal {
  if (event.type === 'principalRegistered') {
    if (principal.status !== 'none') throw new Error('principalRegistered twice')
    const { principalId, kind, name, keys } = event
    return { status: 'registered', principalId, kind, name, lifecycle: 'active', keys }
  }
  if (principal.status === 'none') throw new Error(`${event.type} before principalRegistered`)
  switch (event.type) {
    case 'principalKeyAdded':
      return { ...principal, keys: [...principal.keys, event.key] }
    case 'principalKeyRetired':
      return {
        ...principal,
        keys: principal.keys.map((key) =>
          key.kid === event.retiredKid ? { ...key, notAfter: event.notAfter } : key,
        ),
      }
    case 'principalLifecycleChanged':
      return { ...principal, lifecycle: event.to }
    case 'principalRoleAssigned': {
      const { role, notBefore, actionHash } = event
      const held = { role, notBefore, notAfter: null, actionHash }
      return { ...principal, roles: [...(principal.roles ?? []), held] }
    }
    case 'principalRoleWithdrawn': {
      const { role, notAfter } = event
      const roles = (principal.roles ?? []).map((held) =>
        held.role === role && held.notAfter === null ? { ...held, notAfter } : held,
      )
      return { ...principal, roles }
    }
    default:
      return unreachable(event)
  }
}

/** The passport that states a principal as it is after its event number `seq`. */
export function passportOf(
  principal: Principal & { readonly status: 'registered' },
  where: {
    readonly tenantId: Id<'ten'>
    readonly environment: Environment
    readonly seq: number
    readonly issuedAt: string
  },
): AgentPassport {
  const { principalId, kind, name, lifecycle, keys, roles } = principal
  return {
    schemaVersion: 'AgentPassport.v1',
    principalId,
    tenantId: where.tenantId,
    environment: where.environment,
    kind,
    name,
    lifecycle,
    keys: [...keys],
    ...(roles === undefined ? {} : { roles: [...roles] }),
    seq: where.seq,
    issuedAt: where.issuedAt,
  }
}
