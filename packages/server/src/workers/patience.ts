/**
 * What could not be ended, again and again: it is tried less and less often.
 *
 * While a house is stopped by a control, all that falls due is refused. Trying each of it in every
 * round would take the time of those who lift the control.
 *
 * @module
 */
import { addMs, type Instant } from '@surety/protocol'

/** So often in a row something is tried in every round. */
const ATTEMPTS_FREE = 3
const DELAY_MS = 1_000
const DELAY_MAX_MS = 60_000
/** What is beyond is forgotten, and tried as if for the first time. */
const REMEMBERED_MAX = 65_536

export class Patience {
  readonly #refused = new Map<string, { readonly attempts: number; readonly until: Instant }>()

  isDue(id: string, now: Instant): boolean {
    const known = this.#refused.get(id)
    return known === undefined || now >= known.until
  }

  /** Takes note of how an attempt came out. */
  note(id: string, isEnded: boolean, now: Instant): void {
    const attempts = (this.#refused.get(id)?.attempts ?? 0) + 1
    this.#refused.delete(id)
    if (isEnded) return
    const doublings = Math.min(attempts - ATTEMPTS_FREE, 6)
    const delayMs = doublings < 0 ? 0 : Math.min(DELAY_MS * 2 ** doublings, DELAY_MAX_MS)
    this.#refused.set(id, { attempts, until: addMs(now, delayMs) })
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > REMEMBERED_MAX && oldest !== undefined) this.#refused.delete(oldest)
  }
}
