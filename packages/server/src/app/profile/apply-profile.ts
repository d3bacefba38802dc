/** Applies a profile: from the next decision on it rules. Rules: spec/profile.md. */
import { policy } from '@surety/domain'
import { err, hashOf, type JsonObject, ok, type Profile } from '@surety/protocol'
import type { Idempotency, UseCase } from '../../ports.ts'
import { type Answer, type App, activeProfileKey, type Call, profileKey } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

interface Applying {
  readonly profile: Profile
  readonly policyHash: string
}
type Reads = ReturnType<typeof reads>

function reads({ policyHash }: Applying) {
  return { active: activeProfileKey, profile: profileKey(policyHash) }
}

const useCase: UseCase<Applying, Reads, Answer> = {
  reads,
  decide: (read, { profile, policyHash }, stamp) => {
    const { profileId, version } = profile
    const versions = read.active.state?.versions ?? {}
    const latest = Object.hasOwn(versions, profileId) ? (versions[profileId] as number) : 0
    // INVARIANT(terminal): a version of a profile is what it was when it was first applied.
    if (read.profile.state === null && version <= latest) {
      const code = version === latest ? 'profile_version_exists' : 'profile_version_stale'
      return { type: 'refuse', code, detail: `the latest version is ${String(latest)}` }
    }
    if (read.profile.state !== null && version < latest) {
      return {
        type: 'refuse',
        code: 'profile_version_stale',
        detail: `the latest is ${String(latest)}`,
      }
    }
    const fact = { type: 'profileApplied', profileId, version, policyHash }
    const next = { policyHash, versions: { ...versions, [profileId]: version } }
    const stream = 'profile:active'
    const writing = new Writing(stamp)
    writing.append(
      { family: 'activeProfile', id: 'active', stream, before: read.active },
      [fact],
      next,
    )
    if (read.profile.state === null) {
      const stored = { type: 'profileStored', policyHash, profile }
      const place = { family: 'profile', id: policyHash, stream: `profile:${policyHash}` } as const
      writing.append({ ...place, before: fresh(null) }, [stored], profile)
    }
    return writing.answer(profileView(profile, policyHash, true), stream)
  },
}

/** A profile as callers see it. */
export function profileView(profile: Profile, policyHash: string, active: boolean): JsonObject {
  return { policyHash, active, profile } as unknown as JsonObject
}

/** A profile that contradicts itself, or whose schema cannot be used, is never applied. */
export function applyProfile(
  app: App,
  profile: Profile,
  idempotency: Idempotency | null,
): Call<Applying, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const contradiction = policy.contradictionOf(profile)
      if (contradiction !== undefined) return err('profile_invalid', contradiction)
      const { verifiers } = profile.settlement
      const entry = verifiers.find((each) => each.verifier === 'schema')
      if (entry?.verifier === 'schema') {
        const usable = await app.schemas.usable(entry.schema as JsonObject)
        if (!usable.ok) return usable
      }
      return ok({ profile, policyHash: hashOf(profile, app.crypto) })
    },
  }
}
