/**
 * The roles a person may hold as an operator, and what every act given under one of them says.
 *
 * Rules: spec/operator.md.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  closed,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  NameText,
  words,
} from '../../schema.ts'

/** Every role, in the order in which they are listed. None includes another. */
export const OPERATOR_ROLES = [
  'viewer',
  'reviewer',
  'oncall',
  'ops_admin',
  'incident_commander',
] as const
export const OperatorRole = words(OPERATOR_ROLES, 'what a person may do as an operator')
export type OperatorRole = Static<typeof OperatorRole>

/** A role somebody holds or held; both ends are inclusive, and an entry that ended stays. */
export const RoleHeld = closed({
  role: OperatorRole,
  notBefore: InstantText,
  notAfter: Type.Union([InstantText, Type.Null()]),
  actionHash: Type.Union([HashText, Type.Null()], {
    description: 'the act that assigned it; null for the founder of the house',
  }),
})
export type RoleHeld = Static<typeof RoleHeld>

/** What every act says; what it is about follows. */
export const stated = {
  schemaVersion: Type.Literal('OperatorAction.v1'),
  actionId: idOf('opa'),
  tenantId: idOf('ten'),
  environment: EnvironmentWord,
  operatorId: idOf('prn'),
  justificationCode: NameText,
  actedAt: InstantText,
}

/** What every act given under a role says. */
export const underRole = {
  ...stated,
  role: OperatorRole,
  justification: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 })),
}
