/**
 * What every check is given: the bundle as read, the keys trusted, and where to note what it finds.
 *
 * @module
 */
import { type Crypto, canonicalize, type KeyLookup } from '@surety/protocol'
import type { CheckName, Findings } from './report.ts'
import type { Surface } from './surface.ts'

export interface Examination {
  readonly surface: Surface
  /** Surety's keys, as the caller gave them. */
  readonly keys: KeyLookup
  readonly crypto: Crypto
  readonly findings: Findings
}

/** Whether two values have the same canonical bytes. */
export function same(a: unknown, b: unknown): boolean {
  return canonicalize(a) === canonicalize(b)
}

/** Runs one part; whatever it cannot bear counts against the check that is named. */
export function guarded<Answer>(
  findings: Findings,
  check: CheckName,
  part: () => Answer,
): Answer | undefined {
  try {
    return part()
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : 'a fault'
    findings.note(check, false, '', reason.slice(0, 256))
    return undefined
  }
}
