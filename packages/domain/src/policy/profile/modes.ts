/**
 * How strictly a profile is meant: what it denies is denied, asked about, or only noted.
 *
 * Rules: spec/decision.md.
 *
 * @module
 */
import {
  type DecisionFacts,
  type DecisionOutcome,
  type Modes,
  type Profile,
  type ProfileMode,
  REASON_CODES,
  type ReasonCode,
} from '@surety/protocol'

/** The mode of a profile in a place: of the first entry of its rollout that names the place. */
export function modeAt(
  profile: Pick<Profile, 'mode' | 'rollout'>,
  place: Pick<DecisionFacts, 'tenantId' | 'environment'>,
): ProfileMode | 'off' {
  const entry = profile.rollout?.find(
    ({ tenants, environments }) =>
      tenants?.includes(place.tenantId) !== false &&
      environments?.includes(place.environment) !== false,
  )
  return entry?.mode ?? profile.mode
}

/** What a failure leads to under the mode of its class; `allow` where it is only noted. */
export function outcomeUnder(
  code: ReasonCode,
  profile: Pick<Profile, 'mode' | 'rollout' | 'modes'>,
  facts: DecisionFacts,
): DecisionOutcome {
  const { class: kind, outcome, lift } = REASON_CODES[code]
  // INVARIANT(default-deny): what nobody may lift, no mode softens.
  if (lift === 'never' || !isModable(kind)) return outcome
  const written = profile.modes?.[kind] ?? (modeAt(profile, facts) === 'soft' ? 'soft' : 'enforce')
  // What moves money is never let through because a rule only watches.
  const mode = written === 'shadow' && facts.intent.riskClass === 'financial' ? 'soft' : written
  if (mode === 'shadow') return 'allow'
  return mode === 'soft' && outcome === 'deny' ? 'challenge' : outcome
}

const MODABLE: Readonly<Record<keyof Modes, true>> = {
  limit: true,
  autonomy: true,
  rate: true,
  sequence: true,
  session: true,
  compliance: true,
  condition: true,
}

function isModable(kind: string): kind is keyof Modes {
  return Object.hasOwn(MODABLE, kind)
}
