/**
 * What a replay adds up: outcomes that changed, approvals, and the money behind them.
 *
 * Grows with the outcomes and assets that profiles know, never with the decisions.
 *
 * @module
 */
import {
  canonicalize,
  type DecisionOutcome,
  type DecisionRecord,
  type ExecutionIntent,
  type Hash,
  REASON_CODES,
  type ReasonCode,
} from '@surety/protocol'
import type { Evaluation } from '../conclude.ts'
import type { CompiledProfile } from '../profile/compile.ts'
import type { Asked } from './replay.ts'

/** Why a decision could not be replayed. Any of them makes the whole replay fail. */
export type UnknownReason =
  | 'decision_missing'
  | 'facts_not_recorded'
  | 'profile_not_recorded'
  | 'not_reproduced'
  | 'input_missing'

/** What differs: the outcome; what an outcome obliges to; the reasons alone. */
export type ChangeKind = 'outcome' | 'obligations' | 'reasons'

interface Side {
  readonly decision: DecisionOutcome
  readonly reasonCode: string
}

export interface MoneySum {
  readonly asset: string
  readonly amount: string
}

export interface OutcomeChange {
  readonly kind: ChangeKind
  readonly recorded: Side
  readonly candidate: Side
  readonly decisions: number
  readonly money: readonly MoneySum[]
  /** A few gates to look at. */
  readonly gates: readonly string[]
}

/** Of one asset, in minor units; each gate counts once. */
export interface MoneyImpact {
  readonly asset: string
  /** Allowed as recorded, and under the candidate. */
  readonly recordedAllowed: string
  readonly candidateAllowed: string
  /** Was allowed, and would be denied; would have to be approved first. */
  readonly blocked: string
  readonly heldForApproval: string
  /** Was not allowed, and would be; could be, if somebody approved. */
  readonly newlyAllowed: string
  readonly newlyApprovable: string
  /** Everything that could be spent: every approval given, no budget in the way. */
  readonly recordedAtWorst: string
  readonly candidateAtWorst: string
}

export interface ReplayReport {
  readonly schemaVersion: 'ReplayReport.v1'
  /** Whether every decision could be replayed. */
  readonly ok: boolean
  readonly candidate: { profileId: string; version: number; policyHash: Hash }
  readonly decisions: number
  readonly gates: number
  readonly from: string | null
  readonly to: string | null
  readonly unchanged: number
  /** Decisions whose outcome or obligations changed; those whose reasons alone did. */
  readonly changed: number
  readonly reasonsChanged: number
  readonly changes: readonly OutcomeChange[]
  readonly money: readonly MoneyImpact[]
  readonly approvals: { recorded: number; candidate: number; added: number; removed: number }
  readonly unknown: {
    readonly decisions: number
    readonly listed: readonly { gateId: string; decisionId: string; reason: UnknownReason }[]
  }
}

const EXAMPLES_MAX = 3
const UNKNOWN_LISTED_MAX = 20

type Money = Map<string, bigint>
interface Counting {
  readonly kind: ChangeKind
  readonly recorded: Side
  readonly candidate: Side
  readonly money: Money
  readonly gates: string[]
  decisions: number
}
type Fate = 'allow' | 'wait' | 'deny'
type Column = Exclude<keyof MoneyImpact, 'asset'>
const COLUMNS: readonly Column[] = [
  'recordedAllowed',
  'candidateAllowed',
  'blocked',
  'heldForApproval',
  'newlyAllowed',
  'newlyApprovable',
  'recordedAtWorst',
  'candidateAtWorst',
]

export class Tally {
  readonly #candidate: CompiledProfile
  readonly #changes = new Map<string, Counting>()
  readonly #impacts = new Map<string, Record<Column, bigint>>()
  readonly #approvals = { recorded: 0, candidate: 0, added: 0, removed: 0 }
  readonly #unknown: { gateId: string; decisionId: string; reason: UnknownReason }[] = []
  #unknownCount = 0
  #decisions = 0
  #unchanged = 0
  #gates = 0
  #from: string | null = null
  #to: string | null = null

  constructor(candidate: CompiledProfile) {
    this.#candidate = candidate
  }

  unknown(record: DecisionRecord, reason: UnknownReason): void {
    this.#saw(record)
    this.#unknownCount += 1
    const { gateId, decisionId } = record.decision
    if (this.#unknown.length < UNKNOWN_LISTED_MAX)
      this.#unknown.push({ gateId, decisionId, reason })
  }

  /** Holds one decision against what the candidate says. */
  compare({ recorded, candidate, facts }: Asked, record: DecisionRecord): void {
    this.#saw(record)
    const kind = differenceOf(recorded, candidate)
    if (kind === undefined) {
      this.#unchanged += 1
      return
    }
    const sides = [recorded, candidate].map(({ decision, reasonCode }) => ({
      decision,
      reasonCode,
    })) as [Side, Side]
    const key = `${kind} ${sides.map((side) => `${side.decision} ${side.reasonCode}`).join(' ')}`
    let change = this.#changes.get(key)
    if (change === undefined) {
      const [was, would] = sides
      change = {
        kind,
        recorded: was,
        candidate: would,
        money: new Map(),
        gates: [],
        decisions: 0,
      }
      this.#changes.set(key, change)
    }
    change.decisions += 1
    const { gateId, intent } = facts
    if (change.gates.length < EXAMPLES_MAX) change.gates.push(gateId)
    // An asset that neither profile lets move stands for no money, and could be any text.
    if (recorded.decision === 'deny' && candidate.decision === 'deny') return
    add(change.money, intent.asset, BigInt(intent.amount))
  }

  /**
   * One whole gate. The candidate's way ends where it allows or denies; where it waits, it goes on
   * only if the record holds the answer that came.
   */
  gate(asked: readonly Asked[]): void {
    this.#gates += 1
    const intent = asked[0]?.facts.intent
    if (intent === undefined) return
    const end = asked.findIndex(({ candidate }) => fateOf(candidate) !== 'wait')
    const walked = end === -1 ? asked : asked.slice(0, end + 1)
    const was = asked.map(({ recorded }) => recorded)
    const would = walked.map(({ candidate }) => candidate)
    this.#countApprovals(was, would)
    this.#countMoney(intent, was.at(-1), would.at(-1))
  }

  #countApprovals(was: readonly Side[], would: readonly Side[]): void {
    const asks = (sides: readonly Side[]) => sides.filter((side) => fateOf(side) === 'wait').length
    const recorded = asks(was)
    const candidate = asks(would)
    this.#approvals.recorded += recorded
    this.#approvals.candidate += candidate
    this.#approvals.added += Math.max(0, candidate - recorded)
    this.#approvals.removed += Math.max(0, recorded - candidate)
  }

  #countMoney(intent: ExecutionIntent, was: Ended, would: Ended): void {
    if (was === undefined || would === undefined) return
    const before = fateOf(was)
    const after = fateOf(would)
    const columns: Column[] = []
    if (before === 'allow') columns.push('recordedAllowed')
    if (after === 'allow') columns.push('candidateAllowed')
    if (before === 'allow' && after === 'deny') columns.push('blocked')
    if (before === 'allow' && after === 'wait') columns.push('heldForApproval')
    if (before !== 'allow' && after === 'allow') columns.push('newlyAllowed')
    if (before === 'deny' && after === 'wait') columns.push('newlyApprovable')
    if (mayBeSpent(was)) columns.push('recordedAtWorst')
    if (mayBeSpent(would)) columns.push('candidateAtWorst')
    if (columns.length === 0) return
    const amount = BigInt(intent.amount)
    const impact = this.#impactOf(intent.asset)
    for (const column of columns) impact[column] += amount
  }

  #impactOf(asset: string): Record<Column, bigint> {
    let impact = this.#impacts.get(asset)
    if (impact === undefined) {
      impact = Object.fromEntries(COLUMNS.map((column) => [column, 0n])) as Record<Column, bigint>
      this.#impacts.set(asset, impact)
    }
    return impact
  }

  #saw({ decision }: DecisionRecord): void {
    const { decidedAt } = decision
    this.#decisions += 1
    if (this.#from === null || decidedAt < this.#from) this.#from = decidedAt
    if (this.#to === null || decidedAt > this.#to) this.#to = decidedAt
  }

  report(): ReplayReport {
    const { profile, policyHash } = this.#candidate
    const { profileId, version } = profile
    const changes = [...this.#changes]
      .sort(([a, { decisions: n }], [b, { decisions: m }]) => m - n || (a < b ? -1 : 1))
      .map(([, { money, ...change }]) => ({ ...change, money: sumsOf(money) }))
    const count = (kinds: readonly ChangeKind[]) =>
      changes.reduce((sum, { kind, decisions }) => sum + (kinds.includes(kind) ? decisions : 0), 0)
    return {
      schemaVersion: 'ReplayReport.v1',
      ok: this.#unknownCount === 0,
      candidate: { profileId, version, policyHash },
      decisions: this.#decisions,
      gates: this.#gates,
      from: this.#from,
      to: this.#to,
      unchanged: this.#unchanged,
      changed: count(['outcome', 'obligations']),
      reasonsChanged: count(['reasons']),
      changes,
      money: [...this.#impacts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([asset, impact]) => ({ asset, ...textsOf(impact) })),
      approvals: { ...this.#approvals },
      unknown: { decisions: this.#unknownCount, listed: this.#unknown },
    }
  }
}

type Ended =
  | { readonly decision: DecisionOutcome; readonly reasonCodes: readonly string[] }
  | undefined

function fateOf({ decision }: { readonly decision: DecisionOutcome }): Fate {
  return decision === 'challenge' || decision === 'escalate' ? 'wait' : decision
}

/**
 * Whether it could come to be spent: allowed, approved, or refused for a budget alone, which other
 * decisions of the same profile might have left free.
 */
function mayBeSpent({ decision, reasonCodes }: NonNullable<Ended>): boolean {
  return decision !== 'deny' || reasonCodes.every((code) => isOfBudget(code))
}

function isOfBudget(code: string): boolean {
  const type = REASON_CODES[code as ReasonCode]
  return type.class === 'funds' || BUDGETS.test(code)
}

/** Limits of single payments are no budgets: nothing that others do leaves them free. */
const BUDGETS = /(?:day|month|total|count)_exceeded$/

type Outcome = Pick<Evaluation, 'decision' | 'obligations'> & {
  readonly reasonCodes: readonly string[]
}

function differenceOf(recorded: Outcome, candidate: Outcome): ChangeKind | undefined {
  if (recorded.decision !== candidate.decision) return 'outcome'
  if (!same(recorded.obligations, candidate.obligations)) return 'obligations'
  return same(recorded.reasonCodes, candidate.reasonCodes) ? undefined : 'reasons'
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && canonicalize(a) === canonicalize(b)
}

function add(money: Money, asset: string, amount: bigint): void {
  money.set(asset, (money.get(asset) ?? 0n) + amount)
}

function sumsOf(money: Money): readonly MoneySum[] {
  return [...money]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([asset, amount]) => ({ asset, amount: String(amount) }))
}

function textsOf(impact: Record<Column, bigint>): Record<Column, string> {
  const entries = COLUMNS.map((column) => [column, String(impact[column])])
  return Object.fromEntries(entries) as Record<Column, string>
}
