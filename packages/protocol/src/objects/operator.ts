/**
 * The signed acts of operators, one variant for each thing they do.
 *
 * Rules: spec/operator.md.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import { AmountText, AssetText, closed, idOf, NameText, words } from '../schema.ts'
import { OperatorRole, stated, underRole } from './role.ts'

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
