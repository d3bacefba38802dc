/**
 * The rules of a purchase whose money leaves the house: where the agent may go, and whom it pays.
 *
 * The unpaid probe is decided by the same rules as the payment after it, as far as they are known
 * by then. Rules: spec/payment.md, spec/profile.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import type { DecisionFacts, FetchMethod, Id, ReasonCode, X402Rules } from '@surety/protocol'
import type { CompiledProfile } from './profile/compile.ts'
import { checkControls } from './rules/controls.ts'
import { checkStanding } from './rules/grant-chain.ts'
import { Findings } from './rules/rule.ts'

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

/** What is known of a purchase before its seller has named a price. */
export interface ProbeFacts
  extends Pick<DecisionFacts, 'at' | 'grantChain' | 'payer' | 'controls' | 'environment'> {
  readonly agentId: Id<'prn'>
  readonly url: string
  readonly method: string
}

/**
 * Decides the unpaid probe: every reason against it. INVARIANT(decision-first): nothing leaves the
 * house before this has answered that there is none. INVARIANT(control): nor while it is stopped.
 */
export function probeRefusals(profile: CompiledProfile, facts: ProbeFacts): readonly ReasonCode[] {
  const findings = new Findings()
  checkControls({ facts }, findings)
  checkAuthority(facts, findings)
  if (profile.assets.size === 0) findings.fail('default_deny')
  const origin = originRefusal(profile, facts)
  if (origin !== undefined) findings.fail(origin)
  if (!profile.rails.has(X402_RAIL)) findings.fail('rail_not_allowed')
  if (profile.irrevocable === undefined) findings.fail('irrevocable_not_allowed')
  return [...new Set(findings.all.map(({ code }) => code))]
}

/** Whether the agent holds a grant that stands, over this rail, of somebody who may pay. */
function checkAuthority(facts: ProbeFacts, findings: Findings): void {
  const { grantChain, payer, agentId, at, environment } = facts
  const leaf = grantChain.at(-1)
  if (leaf === undefined) findings.fail('grant_missing')
  else if (leaf.granteeId !== agentId) findings.fail('grant_not_held')
  if (payer !== null && payer.lifecycle !== 'active') findings.fail('payer_not_active')
  for (const grant of grantChain) {
    checkStanding(grant, at, findings)
    const { rails } = grant.bounds
    if (rails?.includes(X402_RAIL) === false) findings.fail('grant_rail_not_allowed')
    if (grant.environment !== environment) findings.fail('environment_mismatch')
  }
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
