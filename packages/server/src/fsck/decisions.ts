/**
 * Every decision, made again from its facts under its profile.
 *
 * INVARIANT(decision-first): what was allowed is what the profile allows, byte for byte. Its rates
 * are counted again with it.
 *
 * @module
 */
import { evidence, policy } from '@surety/domain'
import {
  type ClaimRecord,
  type Crypto,
  canonicalize,
  DecisionFacts,
  hashOf,
  instantOf,
  type PolicyDecision,
  Profile,
  type ProviderResponse,
  parseAs,
  type ResponseObservation,
  type SettlementDecisionRecord,
  type SettlementReceipt,
} from '@surety/protocol'
import type { Findings } from './findings.ts'
import { Rulings } from './rulings.ts'
import type { Stream } from './streams.ts'
import { jsonOf, type Tables } from './tables.ts'

const FACTS = 'SELECT content FROM documents WHERE scope = ? AND owner = ? AND name = ?'
const RATES =
  "SELECT scope, subject, asset, start, reserved, spent FROM counters WHERE period = 'rate'"
const PROFILE = "SELECT state FROM states WHERE scope = ? AND family = 'profile' AND id = ?"

export class Decisions {
  readonly #tables: Tables
  readonly #findings: Findings
  readonly #denyAll: string
  readonly #rulings: Rulings
  readonly #profiles = new Map<string, policy.CompiledProfile | undefined>()
  /** How often each quarter of a window was counted. */
  readonly #rates = new Map<string, bigint>()

  constructor(tables: Tables, findings: Findings, crypto: Crypto) {
    this.#tables = tables
    this.#findings = findings
    this.#denyAll = hashOf(policy.DENY_ALL, crypto)
    this.#rulings = new Rulings(tables, findings, this.#denyAll)
  }

  check(stream: Stream): void {
    const { scope, kind, id, name, events } = stream
    if (kind !== 'gate') return
    this.#checkShare(stream)
    this.#checkVerdict(stream)
    for (const { type, data } of events) {
      if (type !== 'decisionRecorded') continue
      const stated = data.decision as PolicyDecision
      const made = this.#decide(scope.scope, id, stated)
      const isSame = made !== undefined && canonicalize(made) === canonicalize(stated)
      const problem = `${name}: its facts and profile do not give its decision`
      this.#findings.expect('decisions', isSame, problem)
      const { policyHash, decidedAt } = stated
      if (!this.#rulings.ruled(scope.scope, policyHash, decidedAt)) {
        this.#findings.problem('decisions', `${name}: decided under a profile that did not rule`)
      }
    }
  }

  /** INVARIANT(partition): of what a verdict releases the share of its profile is held back. */
  #checkShare({ scope, name, events }: Stream): void {
    const dataOf = (wanted: string) => events.find(({ type }) => type === wanted)?.data
    const record = dataOf('settlementDecided')?.record as SettlementDecisionRecord | undefined
    const receipt = dataOf('gateSettled')?.receipt as SettlementReceipt | undefined
    if (record === undefined || receipt === undefined) return
    const terms = this.#profile(scope.scope, record.policyHash)?.profile.settlement.holdback
    const points = record.verdict === 'release' ? (terms?.basisPoints ?? 0) : 0
    const share = (BigInt(receipt.principal) * BigInt(points)) / 10_000n
    const until = instantOf(record.decidedAt) + (terms?.windowMs ?? 0)
    const { held, heldUntil } = receipt
    const isDated = heldUntil === undefined ? share === 0n : instantOf(heldUntil) === until
    const holds = BigInt(held) === share && isDated
    this.#findings.expect('holds', holds, `${name}: not the share that its profile holds back`)
  }

  /** INVARIANT(one-truth): judged, and claimed for, is the last answer that is recorded. */
  #checkVerdict({ scope, name, events }: Stream): void {
    const lastOf = (wanted: string) => events.findLast(({ type }) => type === wanted)?.data
    const record = lastOf('settlementDecided')?.record as SettlementDecisionRecord | undefined
    if (record === undefined) return
    const seen = lastOf('responseObserved')
    const examined = (seen?.observation ?? lastOf('evidenceAccepted')?.statement ?? null) as
      | ResponseObservation
      | ProviderResponse
      | null
    const verifiers = this.#profile(scope.scope, record.policyHash)?.profile.settlement.verifiers
    const isGiven = verifiers !== undefined && evidence.gives(verifiers, examined, record.checks)
    const problem = `${name}: its checks are not what the answer gives`
    this.#findings.expect('decisions', isGiven, problem)
    if (record.verdict !== 'capture') return
    const claim = lastOf('claimOpened')?.claim as ClaimRecord | undefined
    const isAbout = claim === undefined || claim.evidenceHash === (seen?.evidenceHash ?? null)
    const isOwed = (claim?.reason ?? null) === evidence.claimReason(record.colour)
    this.#findings.expect('decisions', isAbout && isOwed, `${name}: its claim is of another answer`)
  }

  #decide(scope: number, gateId: string, stated: PolicyDecision): PolicyDecision | undefined {
    const row = this.#tables.row(FACTS, scope, gateId, `facts-${stated.inputHash}.json`)
    const facts = parseAs(DecisionFacts, jsonOf(row?.content))
    const profile = this.#profile(scope, stated.policyHash)
    if (!facts.ok || profile === undefined || facts.value.gateId !== gateId) return undefined
    const hash = policy.watchingHash(stated)
    const watching = hash === undefined ? undefined : this.#profile(scope, hash)
    const decision = policy.decisionOf(facts.value, profile, stated, watching)
    if (decision.decision === 'allow') this.#count(scope, facts.value, [profile, watching])
    return decision
  }

  #count(
    scope: number,
    { intent, payer, at }: DecisionFacts,
    profiles: readonly (policy.CompiledProfile | undefined)[],
  ): void {
    const counted = new Set<string>()
    for (const profile of profiles) {
      if (profile === undefined) continue
      const { claims } = policy.ratesOf(profile.rates, intent, payer?.principalId, instantOf(at))
      for (const { subject, windowMs, start } of claims) {
        counted.add(`${String(scope)} ${subject} window:${String(windowMs)} ${start}`)
      }
    }
    for (const key of counted) this.#rates.set(key, (this.#rates.get(key) ?? 0n) + 1n)
  }

  /** Each quarter was counted once for each allowance, and for nothing else. */
  finish(): void {
    for (const row of this.#tables.rows(RATES)) {
      const { scope, subject, asset, start } = row as Record<string, string>
      const key = `${scope} ${subject} ${asset} ${start}`
      const isSum = this.#rates.get(key) === row.spent && row.reserved === 0n
      this.#findings.expect('counters', isSum, `${key}: not as often as decisions say`)
      this.#rates.delete(key)
    }
    for (const key of this.#rates.keys()) {
      this.#findings.problem('counters', `${key} was claimed and is not counted`)
    }
  }

  #profile(scope: number, policyHash: string): policy.CompiledProfile | undefined {
    const key = `${String(scope)} ${policyHash}`
    if (!this.#profiles.has(key)) this.#profiles.set(key, this.#compiled(scope, policyHash))
    return this.#profiles.get(key)
  }

  #compiled(scope: number, policyHash: string): policy.CompiledProfile | undefined {
    if (policyHash === this.#denyAll) return policy.compile(policy.DENY_ALL, policyHash)
    const row = this.#tables.row(PROFILE, scope, policyHash)
    const profile = parseAs(Profile, jsonOf(row?.state))
    return profile.ok ? policy.compile(profile.value, policyHash) : undefined
  }
}
