/**
 * What an examination of a data directory finds: every check in one order, with how much it saw.
 *
 * A check that saw nothing says so; an examination that saw no fact at all has failed.
 *
 * @module
 */

/** Every check, and what holds if it finds nothing. */
export const CHECKS = {
  database: 'the file is a sound database of this schema',
  keys: 'a current key for every purpose; private keys are readable by their owner only',
  journal: 'every stream is chained from its first event, in canonical bytes',
  projections: 'every state is the fold of its events',
  decisions: 'every decision follows from its facts and the profile that ruled',
  approvals: 'every decision that asks has one approval, and every answer is used on it alone',
  documents: 'every kept document is the one its name or its event says',
  receipts: 'every fact that is to be signed is, by our keys, as its event says',
  books: 'accounts sum to zero, are the fold of their transfers, and those are in the journal',
  holds: 'the account of every hold holds what its gate says',
  counters: 'every budget is the sum of what gates claimed and gave back',
  uniques: 'every unique name is held, once, by what exists',
  deadlines: 'the clock looks at every gate that waits, when it must, and at no other',
  answers: 'every answered command can be answered again',
  outbox: 'what is to be told is of facts that exist',
} as const
export type FsckCheckName = keyof typeof CHECKS

export interface FsckCheck {
  readonly check: FsckCheckName
  /** How many rows, files or facts it looked at. */
  readonly examined: number
  readonly problems: readonly string[]
  readonly notes: readonly string[]
}

export interface FsckReport {
  readonly ok: boolean
  readonly checks: readonly FsckCheck[]
}

/** More problems of one check than this are counted, not listed. */
const LISTED_MAX = 50

export class Findings {
  readonly #examined = new Map<FsckCheckName, number>()
  readonly #problems = new Map<FsckCheckName, string[]>()
  readonly #found = new Map<FsckCheckName, number>()
  readonly #notes = new Map<FsckCheckName, string[]>()

  /** Something was looked at. */
  saw(check: FsckCheckName, count = 1): void {
    this.#examined.set(check, (this.#examined.get(check) ?? 0) + count)
  }

  /** Looks at one thing: what is wrong with it if it does not hold. */
  expect(check: FsckCheckName, holds: boolean, problem: string): boolean {
    this.saw(check)
    if (!holds) this.problem(check, problem)
    return holds
  }

  problem(check: FsckCheckName, problem: string): void {
    const found = (this.#found.get(check) ?? 0) + 1
    this.#found.set(check, found)
    if (found > LISTED_MAX) return
    const problems = this.#problems.get(check) ?? []
    problems.push(problem)
    this.#problems.set(check, problems)
  }

  note(check: FsckCheckName, note: string): void {
    this.#notes.set(check, [...(this.#notes.get(check) ?? []), note])
  }

  report(): FsckReport {
    const checks = (Object.keys(CHECKS) as FsckCheckName[]).map((check) => this.#check(check))
    const sawFacts = (this.#examined.get('journal') ?? 0) > 0
    return { ok: sawFacts && this.#found.size === 0, checks }
  }

  #check(check: FsckCheckName): FsckCheck {
    const examined = this.#examined.get(check) ?? 0
    const found = this.#found.get(check) ?? 0
    const problems = [...(this.#problems.get(check) ?? [])]
    if (found > LISTED_MAX) problems.push(`and ${String(found - LISTED_MAX)} more`)
    const notes = [...(this.#notes.get(check) ?? [])]
    if (examined === 0) notes.push('nothing to examine')
    return { check, examined, problems, notes }
  }
}
