/** Assigns and withdraws the roles of operators, on a signed act. Rules: spec/operator.md. */
import { principal } from '@surety/domain'
import { err, type Id, ok } from '@surety/protocol'
import type { Idempotency, UseCase } from '../../ports.ts'
import { type Answer, type App, type Call, type Caller, principalKey } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { actRefusal, type SignedAct, verifyOwnAct } from './operator-action.ts'
import { appendFacts } from './principals.ts'

type RoleAct = SignedAct<'assign_role' | 'withdraw_role'>
type Reads = ReturnType<typeof reads>

function reads({ object }: RoleAct) {
  return {
    operator: principalKey(object.operatorId),
    holder: principalKey(object.assignment.principalId),
  }
}

const change: UseCase<RoleAct, Reads, Answer> = {
  reads,
  decide: ({ operator, holder }, act, stamp) => {
    const refused = actRefusal(operator.state, act, stamp.atText)
    if (refused !== undefined) return { type: 'refuse', code: refused, detail: act.object.role }
    const { action, operatorId, role, assignment } = act.object
    const decided = principal.decide(holder.state, {
      type: action === 'assign_role' ? 'assignRole' : 'withdrawRole',
      role: assignment.role,
      by: { principalId: operatorId, role },
      actionHash: act.hash,
      at: stamp.atText,
    })
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    const { principalId } = assignment
    // INVARIANT(once): a signed act changes roles once, whoever sends it again.
    const writing = new Writing(stamp)
      .unique({
        family: 'action',
        key: act.hash,
        owner: principalId,
        refusal: 'operator_action_used',
      })
      .document(principalId, `action-${act.hash}.jws`, act.jws)
      .notify(action === 'assign_role' ? 'principal.role_assigned' : 'principal.role_withdrawn', {
        principalId,
        role: assignment.role,
        operatorId,
        at: stamp.atText,
      })
    return appendFacts(holder, principalId, decided.value, stamp, writing)
  },
}

/** The operator who calls is the one who signed; the act names whose roles change. */
export function changeRole(
  app: App,
  caller: Caller,
  call: { readonly principalId: string; readonly action: string },
  idempotency: Idempotency | null,
): Call<RoleAct, Reads> {
  return {
    useCase: change,
    idempotency,
    prepare: async () => {
      const act = await verifyOwnAct(app, caller, call.action, ['assign_role', 'withdraw_role'])
      if (!act.ok) return act
      const { principalId } = act.value.object.assignment
      if (principalId === call.principalId) return act
      // INVARIANT(tenancy): another tenant's principal is missing, not mismatched.
      const { state } = await app.store.reads.state(caller.scope, 'principal', call.principalId)
      if (state.status === 'none') return err('principal_not_found')
      return err('principal_mismatch', principalId)
    },
  }
}

type FounderReads = { readonly founder: ReturnType<typeof principalKey> }

const crown: UseCase<Id<'prn'>, FounderReads, Answer> = {
  reads: (principalId) => ({ founder: principalKey(principalId) }),
  decide: ({ founder }, principalId, stamp) => {
    const events = principal.FOUNDER_ROLES.flatMap((role) => {
      const by = 'founding' as const
      const command = { type: 'assignRole', role, by, actionHash: null, at: stamp.atText } as const
      const decided = principal.decide(founder.state, command)
      if (!decided.ok) throw new Error(`a founder is refused a role: ${decided.refusal}`)
      return decided.value
    })
    return appendFacts(founder, principalId, events, stamp)
  },
}

/** Gives the founder of a house the roles that let the next person in. Only founding does. */
export function crownFounder(principalId: Id<'prn'>): Call<Id<'prn'>, FounderReads> {
  return { useCase: crown, idempotency: null, prepare: async () => ok(principalId) }
}
