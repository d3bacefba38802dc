/**
 * Evidence: what an authentic statement says about an execution, as a colour and a verdict.
 *
 * Callers supply evidence, never a colour. The worst check counts; no evidence is never green.
 * Rules: spec/settlement.md. Vectors: spec/vectors/settlement/.
 *
 * @module
 */
import {
  type CheckResult,
  type ClaimRecord,
  type Colour,
  canonicalize,
  instantOf,
  type Limit,
  type Profile,
  type ProviderResponse,
  unreachable,
  type Verifier,
} from '@surety/protocol'

/** What the shell observed of the response body; `null` where no body was submitted. */
export interface BodyFacts {
  /** Whether the body satisfies the schema of the profile; `null` if nobody held it against one. */
  readonly schemaHolds: boolean | null
}

export type Verdict = 'release' | 'refund' | 'review'

/** What a verifier looks at: the provider's word for it, or what Surety saw itself. */
export type Examined = Pick<ProviderResponse, 'status' | 'startedAt' | 'completedAt'>

/** Why money that a rail has taken may be asked back; `null` if what was paid for was served. */
export function claimReason(colour: Colour): ClaimRecord['reason'] | null {
  if (colour === 'red') return 'response_red'
  return colour === 'none' ? 'response_missing' : null
}

/** Runs the verifiers of a profile over an authentic statement, or over an observation. */
export function check(
  verifiers: readonly Verifier[],
  statement: Examined,
  body: BodyFacts | null,
): readonly CheckResult[] {
  return verifiers.map((entry) => ({
    check: entry.verifier,
    colour: colourOfCheck(entry, statement, body),
  }))
}

/** What can be found of a body that was looked at, or not. */
const BODIES: readonly (BodyFacts | null)[] = [
  null,
  ...[null, true, false].map((schemaHolds) => ({ schemaHolds })),
]

/** Whether there is a body with which what was examined gives these checks; nothing gives none. */
export function gives(
  verifiers: readonly Verifier[],
  examined: Examined | null,
  checks: readonly CheckResult[],
): boolean {
  if (examined === null) return checks.length === 0
  const stated = canonicalize(checks)
  return BODIES.some((body) => canonicalize(check(verifiers, examined, body)) === stated)
}

function colourOfCheck(
  entry: Verifier,
  statement: Examined,
  body: BodyFacts | null,
): 'green' | 'amber' | 'red' {
  switch (entry.verifier) {
    case 'status':
      return statement.status >= 200 && statement.status < 300 ? 'green' : 'red'
    case 'hash':
      // A body that differs from the stated hash never gets here: it is refused at the door.
      return body === null ? 'amber' : 'green'
    case 'schema':
      // Red needs a body that was seen to break its schema; what nobody looked at is amber.
      if (body === null || body.schemaHolds === null) return 'amber'
      return body.schemaHolds ? 'green' : 'red'
    case 'latency': {
      const tookMs = instantOf(statement.completedAt) - instantOf(statement.startedAt)
      return tookMs <= entry.greenMs ? 'green' : tookMs <= entry.amberMs ? 'amber' : 'red'
    }
    default:
      return unreachable(entry)
  }
}

/** The worst of the checks; `none` where nothing was checked. */
export function colourOf(checks: readonly CheckResult[]): Colour {
  if (checks.length === 0) return 'none'
  if (checks.some(({ colour }) => colour === 'red')) return 'red'
  return checks.some(({ colour }) => colour === 'amber') ? 'amber' : 'green'
}

/** What becomes of the money. Only green and silence release by themselves, up to a ceiling. */
export function verdictOf(
  colour: Colour,
  settlement: Profile['settlement'],
  amount: bigint,
  asset: string,
): Verdict {
  if (settlement.mode === 'manual') return 'review'
  switch (colour) {
    case 'green':
      return aboveCeiling(settlement.autoReleaseMax, amount, asset) ? 'review' : 'release'
    case 'amber':
      return 'review'
    case 'red':
      return 'refund'
    case 'none':
      return settlement.onSilence === 'release' &&
        aboveCeiling(settlement.autoReleaseMax, amount, asset)
        ? 'review'
        : settlement.onSilence
    default:
      return unreachable(colour)
  }
}

/**
 * How much of what is released stays in its hold, for as long as the paying side may contest it.
 *
 * INVARIANT(partition): rounded down, so that a part that is too small for a minor unit goes out.
 */
export function heldBackOf(
  verdict: Verdict | 'capture',
  { holdback }: Pick<Profile['settlement'], 'holdback'>,
  amount: bigint,
): bigint {
  // What a rail has taken is gone: nothing can be held back of it.
  if (verdict !== 'release' || holdback === undefined) return 0n
  return (amount * BigInt(holdback.basisPoints)) / 10_000n
}

function aboveCeiling(
  limits: readonly Limit[] | undefined,
  amount: bigint,
  asset: string,
): boolean {
  if (limits === undefined) return false
  const own = limits.filter((limit) => limit.asset === asset)
  return own.length === 0 || own.some((limit) => amount > BigInt(limit.max))
}
