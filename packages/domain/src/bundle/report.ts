/**
 * What a verification finds: every check in one order, with how it came out.
 *
 * A check that examined nothing has not passed. Rules: spec/bundle.md.
 *
 * @module
 */
import type { Id, VerificationReport } from '@surety/protocol'

/**
 * Every check. `always`: required of every bundle. `reached`: required once the gate got that far.
 * `paid`: required, and mentioned, of a gate whose money left the house.
 * `stopped`: required, and mentioned, of a gate that an emergency control stopped.
 * `never`: what no offline verification establishes; it is stated, so that nobody assumes it.
 */
export const CHECKS = {
  paths: 'always',
  sizes: 'always',
  trusted_keys: 'always',
  manifest: 'always',
  manifest_signature: 'always',
  file_set: 'always',
  file_hashes: 'always',
  canonical_form: 'always',
  layout: 'always',
  key_hint: 'always',
  event_schema: 'always',
  event_chain: 'always',
  stated_hashes: 'always',
  transitions: 'always',
  receipt_signatures: 'always',
  receipt_content: 'always',
  passports: 'always',
  intent_signature: 'always',
  grant_signatures: 'reached',
  grant_chain: 'reached',
  grant_facts: 'reached',
  grant_meet: 'reached',
  response_signature: 'reached',
  facts: 'always',
  profile: 'always',
  decision: 'always',
  decision_chain: 'always',
  approval_records: 'reached',
  approval_answers: 'reached',
  authorization: 'reached',
  budgets: 'reached',
  controls: 'stopped',
  payment: 'paid',
  transfers: 'reached',
  partition: 'reached',
  settlement_decision: 'reached',
  settlement_receipt: 'reached',
  receipt_chain: 'reached',
  later_events: 'never',
  revocation_freshness: 'never',
  rail_finality: 'never',
  party_statements: 'never',
  response_body: 'never',
} as const satisfies Readonly<Record<string, 'always' | 'reached' | 'paid' | 'stopped' | 'never'>>
export type CheckName = keyof typeof CHECKS

const NEVER: Readonly<Record<NeverName, string>> = {
  later_events: 'a stream that goes on after the last event looks the same from here',
  revocation_freshness: 'that no grant was revoked is what Surety said at the decision',
  rail_finality: 'what the rail did outside the books is not in a bundle',
  party_statements: 'a signature shows who said it, not that it is true',
  response_body: 'the body is not in a bundle; checks on it are as recorded',
}
type NeverName = {
  [Name in CheckName]: (typeof CHECKS)[Name] extends 'never' ? Name : never
}[CheckName]

type Entry = VerificationReport['checks'][number]

/** More failures of one check than this are not listed. */
const FAILURES_LISTED_MAX = 32

/** Collects what the checks find. */
export class Findings {
  readonly #examined = new Set<CheckName>()
  readonly #demanded = new Set<CheckName>()
  readonly #failures = new Map<CheckName, Entry[]>()

  /** Notes one thing examined, and how it came out. */
  note(check: CheckName, holds: boolean, file: string, reason: string): boolean {
    this.#examined.add(check)
    if (holds) return true
    const failures = this.#failures.get(check) ?? []
    if (failures.length < FAILURES_LISTED_MAX) {
      failures.push({ check, result: 'failed', required: true, file: file.slice(0, 256), reason })
    }
    this.#failures.set(check, failures)
    return false
  }

  /** The gate got so far that this check is required. */
  demand(check: CheckName): void {
    this.#demanded.add(check)
  }

  hasFailed(...checks: readonly CheckName[]): boolean {
    return checks.some((check) => this.#failures.has(check))
  }

  /** @param isRefused nothing was read: what follows was never reached */
  report(gateId: Id<'gat'> | null, isRefused: boolean): VerificationReport {
    const checks = (Object.keys(CHECKS) as CheckName[]).flatMap((check) =>
      this.#entries(check, isRefused),
    )
    const count = (result: Entry['result']) =>
      checks.filter((entry) => entry.result === result).length
    return {
      schemaVersion: 'VerificationReport.v1',
      gateId,
      ok: checks.every((entry) => !entry.required || entry.result === 'passed'),
      checks,
      summary: {
        passed: count('passed'),
        failed: count('failed'),
        notEstablished: count('not_established'),
      },
    }
  }

  #entries(check: CheckName, isRefused: boolean): readonly Entry[] {
    const kind = CHECKS[check]
    const isRare = kind === 'paid' || kind === 'stopped'
    if (isRare && !this.#demanded.has(check)) return []
    if (kind === 'never') {
      return [
        { check, result: 'not_established', required: false, reason: NEVER[check as NeverName] },
      ]
    }
    const failures = this.#failures.get(check)
    if (failures !== undefined) return failures
    const required = kind === 'always' || this.#demanded.has(check)
    if (this.#examined.has(check)) return [{ check, result: 'passed', required }]
    if (isRefused) return [{ check, result: 'not_established', required, reason: 'not reached' }]
    const reason = required ? 'there was nothing to examine' : 'the gate did not get so far'
    return [{ check, result: required ? 'failed' : 'not_established', required, reason }]
  }
}
