/**
 * The signed acts of operators, one variant for each thing they do.
 *
 * Rules: spec/operator.md, spec/profile.md.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  HashText,
  idOf,
  KidText,
  NameText,
  SlugText,
  words,
} from '../../schema.ts'
import { PartyPurpose } from '../principal.ts'
import { AfterReviewAct, AnswerAct, SplitAct } from './approval.ts'
import { ControlAct } from './control.ts'
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

/** INVARIANT(approval): the keys of an operator change by a key of theirs, and by nothing else. */
const AddKeyAct = closed({
  ...underRole,
  action: words(['add_key']),
  key: closed({ kid: KidText, purpose: PartyPurpose }),
})

const RetireKeyAct = closed({
  ...underRole,
  action: words(['retire_key']),
  key: closed({ kid: KidText }),
})

/** INVARIANT(control): it names what ruled before, and undoes nothing its signer never saw. */
const ProfileAct = closed({
  ...underRole,
  action: words(['profile_apply']),
  profile: closed({
    policyHash: HashText,
    profileId: SlugText,
    version: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    previousPolicyHash: HashText,
    restoresPolicyHash: Type.Union([HashText, Type.Null()], {
      description: 'the earlier version whose content comes back; null: none',
    }),
  }),
})

const ShadowAct = closed({
  ...underRole,
  action: words(['shadow_end']),
  shadow: closed({ policyHash: HashText }),
})

export const OperatorAction = Type.Union(
  [
    DepositAct,
    RoleAct,
    AddKeyAct,
    RetireKeyAct,
    ProfileAct,
    ShadowAct,
    AnswerAct,
    SplitAct,
    AfterReviewAct,
    ControlAct,
  ],
  {
    $id: 'OperatorAction.v1',
    description: 'An act of an operator, signed by them under one of their roles.',
  },
)
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
