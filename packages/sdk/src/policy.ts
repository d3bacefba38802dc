/**
 * Changes of policy: what rules is read, the change is signed against it, and sent.
 *
 * @module
 */
import type { Hash, OperatorRole, Profile } from '@surety/protocol'
import type { AppliedProfile } from './api.gen.ts'
import type { Client } from './client.ts'
import type { Party } from './party.ts'

export interface PolicyChange {
  readonly profile: Profile
  readonly justificationCode: string
  /** The role it is signed under; `ops_admin` if it is not given. */
  readonly role?: OperatorRole
  /** Where it brings an earlier version back: that version's hash. */
  readonly restoresPolicyHash?: Hash
  /** What ruled when the change was looked at; read again if it is not given. */
  readonly previousPolicyHash?: Hash
}

/**
 * Applies a profile: from the next decision on it rules, or runs in shadow if that is its mode.
 *
 * @throws ProblemError `profile_ruling_changed` if another one came to rule in between.
 */
export async function applyProfile(
  client: Client,
  party: Party,
  change: PolicyChange,
): Promise<AppliedProfile> {
  const previousPolicyHash =
    change.previousPolicyHash ?? (await client.call('getProfilesActive')).policyHash
  const { profile } = change
  const action = party.applyProfile(profile, { ...change, previousPolicyHash })
  return client.call('postProfiles', { body: { profile: profile as never, action } })
}
