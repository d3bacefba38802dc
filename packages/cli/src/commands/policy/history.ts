/**
 * Earlier versions of a profile, as the server keeps them.
 *
 * @module
 */
import { type Hash, hashOf, type Profile, portableCrypto } from '@surety/protocol'
import type { AppliedProfile, Client } from '@surety/sdk'
import { CliError, EXIT } from '../../exit.ts'

interface Restored {
  readonly profile: Profile
  readonly policyHash: Hash
  readonly restoresPolicyHash: Hash
}

/** An earlier version under the next number, content and all; what rules names the profile. */
export async function versionOf(
  client: Client,
  profileId: string | undefined,
  version: number,
): Promise<Restored> {
  const id = profileId ?? (await client.call('getProfilesActive')).profile.profileId
  let earlier: AppliedProfile | undefined
  let latest = 0
  for await (const each of everyProfile(client)) {
    if (each.profile.profileId !== id) continue
    latest = Math.max(latest, each.profile.version)
    if (each.profile.version === version) earlier = each
  }
  if (earlier === undefined) {
    const known =
      latest === 0 ? 'none of its versions was' : `versions up to ${String(latest)} were`
    throw new CliError(EXIT.no, 'profile_not_found', {
      what: `version ${String(version)} of \`${id}\` was never applied here; ${known}`,
      remedy: 'name a version that was, and its profile with --profile',
    })
  }
  const profile = { ...(earlier.profile as unknown as Profile), version: latest + 1 }
  const policyHash = hashOf(profile, portableCrypto)
  return { profile, policyHash, restoresPolicyHash: earlier.policyHash }
}

async function* everyProfile(client: Client): AsyncIterable<AppliedProfile> {
  let cursor: string | undefined
  do {
    const more: { readonly cursor?: string } = cursor === undefined ? {} : { cursor }
    const page = await client.call('getProfiles', { query: { limit: '200', ...more } })
    yield* page.items
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}
