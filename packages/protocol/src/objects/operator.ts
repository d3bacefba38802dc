/**
 * What operators do: the roles a person may hold, and the signed act given under one of them.
 *
 * Rules: spec/operator.md. Vectors: spec/vectors/principal/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  NameText,
  words,
} from '../schema.ts'

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

const stated = {
  schemaVersion: Type.Literal('OperatorAction.v1'),
  actionId: idOf('opa'),
  tenantId: idOf('ten'),
  environment: EnvironmentWord,
  operatorId: idOf('prn'),
  justificationCode: NameText,
  actedAt: InstantText,
}

/** What every act given under a role says; what it is about follows. */
export const underRole = {
  ...stated,
  role: OperatorRole,
  justification: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000 })),
}

/** A deposit needs no role: it is a statement about money that came in. */
const DepositAct = closed({
  ...stated,
  action: words(['deposit']),
  deposit: closed({
    source: NameText,
    reference: NameText,
    principalId: idOf('prn'),
    amount: AmountText,
    asset: AssetText,
  }),
})

const RoleAct = closed({
  ...underRole,
  action: words(['assign_role', 'withdraw_role']),
  assignment: closed({ principalId: idOf('prn'), role: OperatorRole }),
})

export const OperatorAction = Type.Union([DepositAct, RoleAct], {
  $id: 'OperatorAction.v1',
  description: 'An act of an operator, signed by them under one of their roles.',
})
export type OperatorAction = Static<typeof OperatorAction>
export type OperatorActionName = OperatorAction['action']

/** The acts of these names. */
export type OperatorActionOf<Name extends OperatorActionName> = OperatorAction extends infer Act
  ? Act extends OperatorAction
    ? Act['action'] & Name extends never
      ? never
      : Act
    : never
  : never
