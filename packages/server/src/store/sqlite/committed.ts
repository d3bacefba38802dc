/**
 * Rows as they were last committed, by name: what is asked for again and again is read once.
 *
 * One process writes a database, so that what it has committed is what stands there; a batch that
 * fails takes all of it back. Nothing uncommitted ever gets here.
 *
 * @module
 */
import type { Changes } from './batch.ts'

export type Committed = Map<string, unknown>

const COMMITTED_MAX = 8_192

/** Remembers what a batch committed; forgets everything when it has become too much. */
export function remember(committed: Committed, { states, accounts, counters }: Changes): void {
  if (committed.size > COMMITTED_MAX) committed.clear()
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
