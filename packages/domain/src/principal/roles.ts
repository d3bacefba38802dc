/**
 * Roles of operators: who may hold one, who assigns it, and whether it was held at a moment.
 *
 * Rules: spec/operator.md, docs/concepts/operators.md. Vectors: spec/vectors/principal/.
 *
 * @module
 */
import {
  err,
  type Hash,
  type Id,
  type OperatorRole,
  ok,
  type Result,
  type RoleHeld,
} from '@surety/protocol'
import type { Principal } from './principal.ts'

/** Who changes a role: a person in a role of their own, or the house as it is founded. */
export type Assigner = { readonly principalId: Id<'prn'>; readonly role: OperatorRole } | 'founding'

export type RoleCommand =
  | {
      readonly type: 'assignRole'
      readonly role: OperatorRole
      readonly by: Assigner
      readonly actionHash: Hash | null
      readonly at: string
    }
  | {
      readonly type: 'withdrawRole'
      readonly role: OperatorRole
      readonly by: Assigner
      readonly actionHash: Hash | null
      readonly at: string
    }

export type RoleEvent =
  | {
      readonly type: 'principalRoleAssigned'
      readonly role: OperatorRole
      readonly notBefore: string
      readonly actionHash: Hash | null
    }
  | {
      readonly type: 'principalRoleWithdrawn'
      readonly role: OperatorRole
      readonly notAfter: string
      readonly actionHash: Hash | null
    }

/** In the order they are checked. */
export type RoleRefusal =
  | 'role_change_own'
  | 'role_not_assignable'
  | 'principal_not_active'
  | 'role_holder_not_person'
  | 'role_already_held'
  | 'role_limit'
  | 'role_not_assigned'

export const ROLES_MAX = 64

const OPERATIONS: readonly OperatorRole[] = ['ops_admin', 'incident_commander']
const COMMAND: readonly OperatorRole[] = ['incident_commander']

/** Which roles may assign and withdraw each. */
export const ROLE_ASSIGNERS: Readonly<Record<OperatorRole, readonly OperatorRole[]>> = {
  viewer: OPERATIONS,
  reviewer: OPERATIONS,
  oncall: OPERATIONS,
  ops_admin: COMMAND,
  incident_commander: COMMAND,
}

/** What the founder of a house holds: everything one person needs to let the next one in. */
export const FOUNDER_ROLES: readonly OperatorRole[] = [
  'reviewer',
  'oncall',
  'ops_admin',
  'incident_commander',
]

/** Whether a role was held at a moment; both ends are inclusive. */
export function roleHeldAt(roles: readonly RoleHeld[], role: OperatorRole, at: string): boolean {
  return roles.some(
    (held) =>
      held.role === role && held.notBefore <= at && (held.notAfter === null || at <= held.notAfter),
  )
}

export function changeRole(
  principal: Extract<Principal, { status: 'registered' }>,
  command: RoleCommand,
): Result<readonly RoleEvent[], RoleRefusal> {
  const { role, by, actionHash, at } = command
  if (by !== 'founding') {
    // INVARIANT(approval): nobody raises themselves, and the last commander never steps down.
    if (by.principalId === principal.principalId) return err('role_change_own')
    if (!ROLE_ASSIGNERS[role].includes(by.role)) return err('role_not_assignable')
  }
  const roles = principal.roles ?? []
  const isHeld = roles.some((held) => held.role === role && held.notAfter === null)
  if (command.type === 'withdrawRole') {
    if (!isHeld) return err('role_not_assigned')
    return ok([{ type: 'principalRoleWithdrawn', role, notAfter: at, actionHash }])
  }
  if (principal.lifecycle !== 'active') return err('principal_not_active')
  if (principal.kind !== 'person') return err('role_holder_not_person')
  if (isHeld) return err('role_already_held')
  if (roles.length >= ROLES_MAX) return err('role_limit')
  return ok([{ type: 'principalRoleAssigned', role, notBefore: at, actionHash }])
}
