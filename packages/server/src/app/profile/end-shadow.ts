/** Ends a profile that runs in shadow, on an operator's signed word. Rules: spec/profile.md. */
import type { Idempotency, UseCase } from '../../ports.ts'
import { type SignedAct, verifyOwnAct } from '../principal/operator-action.ts'
import {
  type Answer,
  type App,
  activeProfileKey,
  type Call,
  type Caller,
  principalKey,
  profileKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import {
  ACTIVE,
  keepAction,
  POLICY_STREAM,
  policyActRefusal,
  profileView,
} from './apply-profile.ts'

type Ending = SignedAct<'shadow_end'>
type Reads = ReturnType<typeof reads>

function reads({ object }: Ending) {
  const { operatorId, shadow } = object
  return {
    operator: principalKey(operatorId),
    active: activeProfileKey,
    profile: profileKey(shadow.policyHash),
  }
}

const useCase: UseCase<Ending, Reads, Answer> = {
  reads,
  decide: ({ operator, active, profile }, act, stamp) => {
    const { policyHash } = act.object.shadow
    const unfit = policyActRefusal(operator.state, act, stamp.atText)
    if (unfit !== undefined) return { type: 'refuse', code: unfit, detail: act.object.role }
    const before = active.state
    if (before?.shadow !== policyHash || profile.state === null) {
      return { type: 'refuse', code: 'profile_shadow_not_found', detail: policyHash }
    }
    const fact = { type: 'profileShadowEnded', policyHash, actionHash: act.hash }
    const writing = new Writing(stamp)
    writing.append(
      { family: 'activeProfile', id: ACTIVE, stream: POLICY_STREAM, before: active },
      [fact],
      { ...before, shadow: null },
    )
    keepAction(writing, act)
    return writing.answer(profileView(profile.state, policyHash, false), POLICY_STREAM)
  },
}

export function endShadow(
  app: App,
  caller: Caller,
  jws: string,
  idempotency: Idempotency | null,
): Call<Ending, Reads> {
  return {
    useCase,
    idempotency,
    prepare: () => verifyOwnAct(app, caller, jws, ['shadow_end']),
  }
}
