/**
 * Profiles by hash, compiled once. Where none is applied, the built-in deny-all rules.
 *
 * @module
 */
import { policy } from '@surety/domain'
import type { Hash } from '@surety/protocol'
import type { ActiveProfile, Scope } from '../../ports.ts'
import type { App } from '../runtime.ts'

const PROFILES_MAX = 1_000

/** The hash of the profile that rules, as a stored pointer says. */
export function rulingHash(app: Pick<App, 'denyAllHash'>, active: ActiveProfile | null): Hash {
  return active?.policyHash ?? app.denyAllHash
}

/** A profile by its hash; a fault if a decision names one that was never stored. */
export async function profileByHash(
  app: App,
  scope: Scope,
  policyHash: Hash,
): Promise<policy.CompiledProfile> {
  const name = `${scope.tenantId}/${scope.environment}/${policyHash}`
  const known = app.profiles.get(name)
  if (known !== undefined) return known
  const { state } = await app.store.reads.state(scope, 'profile', policyHash)
  const document = policyHash === app.denyAllHash ? policy.DENY_ALL : state
  if (document === null) throw new Error(`no profile ${policyHash}`)
  const compiled = policy.compile(document, policyHash)
  if (app.profiles.size >= PROFILES_MAX) app.profiles.clear()
  app.profiles.set(name, compiled)
  return compiled
}

/** The profile that ruled when it was last read, and the one that ran in shadow beside it. */
export interface CurrentProfiles {
  readonly profile: policy.CompiledProfile
  readonly watching: policy.CompiledProfile | undefined
}

/** What rules and what watches. The commit checks that they still do. */
export async function currentProfiles(app: App, scope: Scope): Promise<CurrentProfiles> {
  const { state } = await app.store.reads.state(scope, 'activeProfile', 'active')
  const shadow = state?.shadow ?? null
  return {
    profile: await profileByHash(app, scope, rulingHash(app, state)),
    watching: shadow === null ? undefined : await profileByHash(app, scope, shadow),
  }
}
