/**
 * Reason codes: why a decision came out as it did. A closed registry, in order of precedence.
 *
 * Of all the rules that failed, the one that stands first here is the primary reason. The class of
 * a rule fixes what it may cause and whether a person's approval may lift it.
 * Rendered by API, CLI, SDK and docs from this table. Rules: spec/decision.md.
 *
 * @module
 */

import { BUYING_REASONS } from './buying-reasons.ts'
import type { ReasonType } from './reason-type.ts'
import { GRANT_REASONS } from './reasons-of-grants.ts'
import { LIMIT_REASONS } from './reasons-of-limits.ts'
import { PROFILE_REASONS } from './reasons-of-profile.ts'
import { REQUEST_REASONS } from './reasons-of-request.ts'
import { ASKING_REASONS } from './reasons-to-ask.ts'

export type { Lift, ReasonClass, ReasonType, Retry } from './reason-type.ts'
export { REASON_CLASSES } from './reason-type.ts'

export const REASON_CODES = {
  ...REQUEST_REASONS,
  ...BUYING_REASONS,
  ...GRANT_REASONS,
  ...PROFILE_REASONS,
  ...LIMIT_REASONS,
  ...ASKING_REASONS,
  allowed: {
    class: 'none',
    outcome: 'allow',
    lift: 'never',
    status: 200,
    retry: 'never',
    meaning: 'every rule holds',
    remedy: 'none needed',
  },
} as const satisfies Readonly<Record<string, ReasonType>>

export type ReasonCode = keyof typeof REASON_CODES

/** The codes in order of precedence: of two reasons the one that comes first is primary. */
export const REASON_ORDER: readonly ReasonCode[] = Object.keys(REASON_CODES) as ReasonCode[]

/** Whether a person's answer may lift a code; a code that is not registered nobody lifts. */
export function isLiftable(code: string): boolean {
  return Object.hasOwn(REASON_CODES, code) && REASON_CODES[code as ReasonCode].lift !== 'never'
}
