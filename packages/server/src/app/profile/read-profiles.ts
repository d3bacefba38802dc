/**
 * Profiles as callers see them: the one that rules, the one that watches, all that ever did.
 *
 * @module
 */
import { err, type JsonObject, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { Page } from '../../ports.ts'
import { type Listing, list } from '../read.ts'
import type { App, Caller } from '../runtime.ts'
import { profileView } from './apply-profile.ts'
import { profileByHash, rulingHash } from './current-profile.ts'

/** The profile that rules now, the built-in deny-all where none was applied, and who watches. */
export async function readActiveProfile(app: App, caller: Caller): Promise<JsonObject> {
  const { state } = await app.store.reads.state(caller.scope, 'activeProfile', 'active')
  const hash = rulingHash(app, state)
  const { profile } = await profileByHash(app, caller.scope, hash)
  return { ...profileView(profile, hash, true), shadowPolicyHash: state?.shadow ?? null }
}

/** A profile by its hash, deny-all included. */
export async function readProfile(
  app: App,
  caller: Caller,
  policyHash: string,
): Promise<Result<JsonObject, ProblemCode>> {
  const { reads } = app.store
  const { state: active } = await reads.state(caller.scope, 'activeProfile', 'active')
  const isActive = rulingHash(app, active) === policyHash
  if (policyHash !== app.denyAllHash) {
    const { state } = await reads.state(caller.scope, 'profile', policyHash)
    if (state === null) return err('profile_not_found')
  }
  const { profile } = await profileByHash(app, caller.scope, policyHash)
  return ok(profileView(profile, policyHash, isActive))
}

/** Every version of every profile that was applied here. */
export async function listProfiles(app: App, caller: Caller, page: Page): Promise<Listing> {
  const { state: active } = await app.store.reads.state(caller.scope, 'activeProfile', 'active')
  const ruling = rulingHash(app, active)
  return list(app, caller, {
    family: 'profile',
    page,
    sees: (profile) => profile !== null,
    view: (profile, hash) => profileView(profile as never, hash, hash === ruling),
  })
}
