/**
 * What operators sign: verified at the door, and once more where it takes effect.
 *
 * @module
 */
import { principal } from '@surety/domain'
import {
  err,
  type OperatorActionName,
  type OperatorActionOf,
  type OperatorRole,
  ok,
  type ProblemCode,
  type Result,
  type Verified,
} from '@surety/protocol'
import type { App, Caller } from '../runtime.ts'
import { keyHolds, verifyParty } from './party-signature.ts'

/** How long an operator's signature may lie about before it takes effect. */
const ACTION_AGE_MAX_MS = 300_000

/** An act whose signature holds, and the text that was signed. */
export interface SignedAct<Name extends OperatorActionName>
  extends Omit<Verified<'OperatorAction.v1'>, 'object'> {
  readonly jws: string
  readonly object: OperatorActionOf<Name>
}

/** An act of one of these names, signed by the operator it states, whoever brings it. */
export async function verifyAct<Name extends OperatorActionName>(
  app: App,
  caller: Caller,
  jws: string,
  names: readonly Name[],
): Promise<Result<SignedAct<Name>, ProblemCode>> {
  const types = ['OperatorAction.v1'] as const
  const verified = await verifyParty(app, caller, { types, jws, signer: 'operatorId' })
  if (!verified.ok) return verified
  const { object } = verified.value
  if (!isNamed(object, names)) return err('schema_mismatch', `the action is ${object.action}`)
  const age = app.clock.now() - Date.parse(object.actedAt)
  if (Math.abs(age) > ACTION_AGE_MAX_MS) return err('time_out_of_range', object.actedAt)
  return ok({ ...verified.value, jws, object })
}

/** An act of one of these names that the caller signed. */
export async function verifyOwnAct<Name extends OperatorActionName>(
  app: App,
  caller: Caller,
  jws: string,
  names: readonly Name[],
): Promise<Result<SignedAct<Name>, ProblemCode>> {
  const verified = await verifyAct(app, caller, jws, names)
  if (!verified.ok) return verified
  const { operatorId } = verified.value.object
  return operatorId === caller.principalId ? verified : err('caller_mismatch', operatorId)
}

function isNamed<Name extends OperatorActionName>(
  object: Verified<'OperatorAction.v1'>['object'],
  names: readonly Name[],
): object is OperatorActionOf<Name> {
  return names.some((name) => name === object.action)
}

/**
 * What keeps an act from taking effect at this moment, inside the commit: its key has ended, or
 * its signer does not hold the role it names.
 *
 * INVARIANT(approval): roles are read in the very transaction of the act.
 */
export function actRefusal(
  operator: principal.Principal,
  act: { readonly kid: string; readonly object: { readonly role: OperatorRole } },
  at: string,
): 'signing_key_not_valid' | 'role_not_held' | undefined {
  if (!keyHolds(operator, act.kid, at)) return 'signing_key_not_valid'
  return principal.holdsRole(operator, act.object.role, at) ? undefined : 'role_not_held'
}
