/** Adds and ends the signing keys of principals. Rules: spec/principal.md, spec/operator.md. */
import { principal } from '@surety/domain'
import {
  err,
  type Id,
  ok,
  type ProblemCode,
  publicKeyBytes,
  type Result,
  thumbprint,
} from '@surety/protocol'
import type { Idempotency, Stamp, UseCase } from '../../ports.ts'
import { type Answer, type App, type Call, type Caller, principalKey } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { actRefusal, type SignedAct, verifyOwnAct } from './operator-action.ts'
import { appendFacts, keyAt, type NewKey } from './principals.ts'

type KeyAct = SignedAct<'add_key' | 'retire_key'>
type Reads = { readonly owner: ReturnType<typeof principalKey> }
interface Changing {
  readonly principalId: Id<'prn'>
  /** Signed by the owner: where the owner is an operator, nothing happens without it. */
  readonly act: KeyAct | null
  readonly command: (stamp: Stamp, own: principal.OwnAct | undefined) => principal.PrincipalCommand
}

const change: UseCase<Changing, Reads, Answer> = {
  reads: ({ principalId }) => ({ owner: principalKey(principalId) }),
  decide: ({ owner }, { principalId, act, command }, stamp) => {
    const refused = act === null ? undefined : actRefusal(owner.state, act, stamp.atText)
    if (refused !== undefined) return { type: 'refuse', code: refused, detail: act?.object.role }
    const own = act === null ? undefined : { actionHash: act.hash, kid: act.kid }
    const decided = principal.decide(owner.state, command(stamp, own))
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const writing = new Writing(stamp)
    if (act !== null) {
      writing
        .unique({
          family: 'action',
          key: act.hash,
          owner: principalId,
          refusal: 'operator_action_used',
        })
        .document(principalId, `action-${act.hash}.jws`, act.jws)
    }
    return appendFacts(owner, principalId, decided.value, stamp, writing)
  },
}

/** The act given, if it is of whom it changes, who is who calls. */
async function ownAct(
  app: App,
  caller: Caller,
  { principalId, action }: { readonly principalId: string; readonly action?: string | undefined },
): Promise<Result<KeyAct | null, ProblemCode>> {
  if (action === undefined) return ok(null)
  const act = await verifyOwnAct(app, caller, action, ['add_key', 'retire_key'])
  if (!act.ok) return act
  const { operatorId } = act.value.object
  return operatorId === principalId ? act : err('principal_mismatch', operatorId)
}

/** Adds a key; it is valid from now on. */
export function addKey(
  app: App,
  caller: Caller,
  call: NewKey & { readonly principalId: string; readonly action?: string | undefined },
  idempotency: Idempotency | null,
): Call<Changing, Reads> {
  return {
    useCase: change,
    idempotency,
    prepare: async () => {
      const { publicKey, purpose } = call
      if (publicKeyBytes(publicKey) === undefined) return err('principal_key_weak')
      const act = await ownAct(app, caller, call)
      if (!act.ok) return act
      const object = act.value?.object
      const isNamed =
        object === undefined ||
        (object.action === 'add_key' &&
          object.key.kid === thumbprint(publicKey, app.crypto) &&
          object.key.purpose === purpose)
      if (!isNamed) return err('operator_action_mismatch', 'it names another key')
      const command: Changing['command'] = (stamp, own) => ({
        type: 'addKey',
        key: keyAt(call, stamp),
        ...(own === undefined ? {} : { own }),
      })
      return ok({ principalId: call.principalId as Id<'prn'>, act: act.value, command })
    },
  }
}

/** Ends a key now. What it signed before stays valid. */
export function retireKey(
  app: App,
  caller: Caller,
  call: {
    readonly principalId: string
    readonly kid: string
    readonly action?: string | undefined
  },
  idempotency: Idempotency | null,
): Call<Changing, Reads> {
  return {
    useCase: change,
    idempotency,
    prepare: async () => {
      const { principalId, kid } = call
      const act = await ownAct(app, caller, call)
      if (!act.ok) return act
      const object = act.value?.object
      const isNamed =
        object === undefined || (object.action === 'retire_key' && object.key.kid === kid)
      if (!isNamed) return err('operator_action_mismatch', 'it names another key')
      const command: Changing['command'] = (stamp, own) => ({
        type: 'retireKey',
        kid,
        notAfter: stamp.atText,
        ...(own === undefined ? {} : { own }),
      })
      return ok({ principalId: principalId as Id<'prn'>, act: act.value, command })
    },
  }
}
