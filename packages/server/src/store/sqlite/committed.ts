/**
 * Rows as they were last committed, by name: what is asked for again and again is read once.
 *
 * One process writes a database, so that what it has committed is what stands there; a batch that
 * fails takes all of it back. Nothing uncommitted ever gets here.
 *
 * @module
 */
import type { Changes } from './batch.ts'

const YOUNG_MAX = 8_192

/** Forgets what was not asked for in the last thousands of rows, half at a time. */
export class Committed {
  #young = new Map<string, unknown>()
  #old = new Map<string, unknown>()

  get(name: string): unknown {
    const young = this.#young.get(name)
    if (young !== undefined) return young
    const old = this.#old.get(name)
    if (old !== undefined) this.set(name, old)
    return old
  }

  set(name: string, value: unknown): void {
    if (this.#young.size >= YOUNG_MAX) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, value)
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }
}

/** Remembers what a batch committed. */
export function remember(committed: Committed, { states, accounts, counters }: Changes): void {
  for (const [name, { family, id, stored }] of states) {
    committed.set(name, stored)
    if (family === 'apiKey') committed.set(apiKeyName(id), stored.state)
  }
  for (const [name, { sums }] of accounts) committed.set(name, sums)
  for (const [name, { counter }] of counters) committed.set(name, counter)
}

export function stateName(scope: number, family: string, id: string): string {
  return `s/${String(scope)}/${family}/${id}`
}

/** A key is looked up before its scope is known. */
export function apiKeyName(keyId: string): string {
  return `k/${keyId}`
}
