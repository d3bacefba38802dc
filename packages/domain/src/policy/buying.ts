/**
 * The rules of a purchase whose money leaves the house: where the agent may go, and whom it pays.
 *
 * The unpaid probe is decided by the same rules as the payment after it, as far as they are known
 * by then. Rules: spec/payment.md, spec/profile.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import type { FetchMethod, ReasonCode, X402Rules } from '@surety/protocol'
import type { CompiledProfile } from './profile/compile.ts'

/** The rail that presents credentials of a chain to sellers who speak x402. */
export const X402_RAIL = 'x402-evm'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method promises to change nothing (RFC 9110 §9.2.1). */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/** The origin of a URL in its one serialised form. */
export function originOf(url: string): string {
  return /^https?:\/\/[^/]+/.exec(url)?.[0] ?? ''
}

type Origin = X402Rules['origins'][number]

/** What the profile says of an origin; `undefined` if it does not name it. */
export function originRules(profile: CompiledProfile, origin: string): Origin | undefined {
  return profile.profile.x402?.origins.find((each) => each.origin === origin)
}

/**
 * Decides the unpaid probe: every reason against it. INVARIANT(decision-first): nothing leaves the
 * house before this has answered that there is none.
 */
export function probeRefusals(
  profile: CompiledProfile,
  request: { readonly url: string; readonly method: string },
): readonly ReasonCode[] {
  const failed: ReasonCode[] = []
  if (profile.assets.size === 0) failed.push('default_deny')
  const origin = originRefusal(profile, request)
  if (origin !== undefined) failed.push(origin)
  if (!profile.rails.has(X402_RAIL)) failed.push('rail_not_allowed')
  if (profile.irrevocable === undefined) failed.push('irrevocable_not_allowed')
  return failed
}

/** Why the profile does not let an agent go there, or do that there. */
export function originRefusal(
  profile: CompiledProfile,
  { url, method }: { readonly url: string; readonly method: string },
): Extract<ReasonCode, `origin_${string}`> | undefined {
  const origin = originRules(profile, originOf(url))
  if (origin === undefined) return 'origin_not_allowed'
  return origin.methods.includes(method as FetchMethod) ? undefined : 'origin_method_not_allowed'
}
