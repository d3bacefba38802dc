/** Applies a profile on an operator's signed word. Rules: spec/profile.md. */
import { policy, type principal } from '@surety/domain'
import {
  canonicalize,
  err,
  hashOf,
  type JsonObject,
  type OperatorRole,
  ok,
  type ProblemCode,
  type Profile,
} from '@surety/protocol'
import type { ActiveProfile, Facts, Idempotency, Stamp, UseCase } from '../../ports.ts'
import { actRefusal, type SignedAct, verifyOwnAct } from '../principal/operator-action.ts'
import {
  type Answer,
  type App,
  activeProfileKey,
  type Call,
  type Caller,
  principalKey,
  profileKey,
} from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

/** The stream of what rules and what runs in shadow. */
export const POLICY_STREAM = 'profile:active'
export const ACTIVE = 'active'

/** INVARIANT(approval): policy is changed under a role that may. */
const POLICY_ROLES: readonly OperatorRole[] = ['ops_admin', 'incident_commander']

type PolicyAct = SignedAct<'profile_apply' | 'shadow_end'>

/** What keeps a signed change of policy from taking effect at this moment. */
export function policyActRefusal(operator: principal.Principal, act: PolicyAct, at: string) {
  if (!POLICY_ROLES.includes(act.object.role)) return 'role_not_held'
  return actRefusal(operator, act, at)
}

interface Applying {
  readonly profile: Profile
  readonly policyHash: string
  readonly denyAllHash: string
  readonly act: SignedAct<'profile_apply'>
}
type Reads = ReturnType<typeof reads>

function reads({ policyHash, act }: Applying) {
  const { operatorId, profile } = act.object
  const { restoresPolicyHash } = profile
  return {
    operator: principalKey(operatorId),
    active: activeProfileKey,
    profile: profileKey(policyHash),
    restored: restoresPolicyHash === null ? [] : [profileKey(restoresPolicyHash)],
  }
}

const useCase: UseCase<Applying, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const refused = refusedBy(read, input, stamp)
    if (refused !== undefined) return { type: 'refuse', ...refused }
    const { profile, policyHash, act, denyAllHash } = input
    const { profileId, version } = profile
    const { previousPolicyHash, restoresPolicyHash } = act.object.profile
    const isShadow = policy.modeAt(profile, stamp.scope) === 'shadow'
    const fact = {
      type: isShadow ? 'profileShadowed' : 'profileApplied',
      profileId,
      version,
      policyHash,
      previousPolicyHash,
      restoresPolicyHash,
      actionHash: act.hash,
    }
    const before = read.active.state
    const ruling = isShadow ? (before?.policyHash ?? denyAllHash) : policyHash
    const versions = { ...before?.versions, [profileId]: version }
    const shadow = isShadow ? policyHash : shadowAfter(before, policyHash)
    const next: ActiveProfile = { policyHash: ruling, shadow, versions }
    const writing = new Writing(stamp)
    writing.append(
      { family: 'activeProfile', id: ACTIVE, stream: POLICY_STREAM, before: read.active },
      [fact],
      next,
    )
    if (read.profile.state === null) {
      const stored = { type: 'profileStored', policyHash, profile }
      const place = { family: 'profile', id: policyHash, stream: `profile:${policyHash}` } as const
      writing.append({ ...place, before: fresh(null) }, [stored], profile)
    }
    keepAction(writing, act)
    return writing.answer(profileView(profile, policyHash, !isShadow), POLICY_STREAM)
  },
}

type Refused = { readonly code: ProblemCode; readonly detail?: string } | undefined

function refusedBy(read: Facts<Reads>, input: Applying, stamp: Stamp): Refused {
  const { profile, act, denyAllHash } = input
  const { profileId, version } = profile
  const unfit = policyActRefusal(read.operator.state, act, stamp.atText)
  if (unfit !== undefined) return { code: unfit, detail: act.object.role }
  // INVARIANT(control): nobody undoes a policy that they did not know of.
  const ruling = read.active.state?.policyHash ?? denyAllHash
  if (act.object.profile.previousPolicyHash !== ruling) {
    return { code: 'profile_ruling_changed', detail: `\`${ruling}\` rules` }
  }
  const versions = read.active.state?.versions ?? {}
  const latest = Object.hasOwn(versions, profileId) ? (versions[profileId] as number) : 0
  const detail = `the latest version is ${String(latest)}`
  // INVARIANT(terminal): a version of a profile is what it was when it was first applied.
  if (read.profile.state === null && version === latest) {
    return { code: 'profile_version_exists', detail }
  }
  if (version < latest) return { code: 'profile_version_stale', detail }
  return restoresAnother(read, profile)
}

/** What is brought back is the earlier version itself: only its number is new. */
function restoresAnother({ restored: [restored] }: Facts<Reads>, profile: Profile): Refused {
  if (restored === undefined) return undefined
  if (restored.state === null) return { code: 'profile_not_found', detail: 'nothing to restore' }
  const renumbered = { ...restored.state, version: profile.version }
  return canonicalize(renumbered) === canonicalize(profile)
    ? undefined
    : { code: 'operator_action_mismatch', detail: 'it is not what it says it restores' }
}

/** What has come to rule runs in shadow no longer. */
function shadowAfter(before: ActiveProfile | null, policyHash: string): string | null {
  const shadow = before?.shadow ?? null
  return shadow === policyHash ? null : shadow
}

/** INVARIANT(once): a signed act changes the policy once; its signature is kept beside the fact. */
export function keepAction(writing: Writing, act: PolicyAct): void {
  writing
    .unique({
      family: 'action',
      key: act.hash,
      owner: ACTIVE,
      refusal: 'operator_action_used',
    })
    .document(ACTIVE, `action-${act.hash}.jws`, act.jws)
}

/** A profile as callers see it. */
export function profileView(profile: Profile, policyHash: string, active: boolean): JsonObject {
  return { policyHash, active, profile } as unknown as JsonObject
}

/** A profile that contradicts itself, or whose schema cannot be used, is never applied. */
export function applyProfile(
  app: App,
  caller: Caller,
  body: { readonly profile: Profile; readonly action: string },
  idempotency: Idempotency | null,
): Call<Applying, Reads> {
  const { profile, action } = body
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const contradiction = policy.contradictionOf(profile)
      if (contradiction !== undefined) return err('profile_invalid', contradiction)
      if (policy.modeAt(profile, caller.scope) === 'off') {
        return err('profile_invalid', 'its roll-out keeps it out of force here')
      }
      const { verifiers } = profile.settlement
      const entry = verifiers.find((each) => each.verifier === 'schema')
      if (entry?.verifier === 'schema') {
        const usable = await app.schemas.usable(entry.schema as JsonObject)
        if (!usable.ok) return usable
      }
      const act = await verifyOwnAct(app, caller, action, ['profile_apply'])
      if (!act.ok) return act
      const policyHash = hashOf(profile, app.crypto)
      const { profile: named } = act.value.object
      const isNamed =
        named.policyHash === policyHash &&
        named.profileId === profile.profileId &&
        named.version === profile.version
      if (!isNamed) return err('operator_action_mismatch', 'it names another profile')
      const { denyAllHash } = app
      return ok({ profile, policyHash, denyAllHash, act: act.value })
    },
  }
}
