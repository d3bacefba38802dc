/**
 * What must be true, kept with nothing but addition: who owns what, which gate is where, and which
 * decision each rule allows. It shares no code with the machines it watches.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { GrantBounds, JsonObject, Profile } from '@surety/protocol'

export type Status = string
/** Where a gate may go in one command. BLUEPRINT: the gate's machine. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  none: ['declared'],
  declared: ['waiting', 'denied', 'authorized'],
  waiting: ['expired'],
  authorized: ['executing', 'voided', 'expired'],
  executing: ['settled', 'review'],
  review: [],
  denied: [],
  // Of what is held back.
  settled: ['settled'],
  voided: [],
  expired: [],
}

export interface KnownGrant {
  readonly grantHash: string
  readonly grantorId: string
  readonly granteeId: string
  readonly payerId: string
  readonly bounds: GrantBounds
  readonly expiresAt: string
  readonly parent: KnownGrant | undefined
  isRevoked: boolean
}

export interface KnownGate {
  readonly gateId: string
  readonly agentId: string
  readonly payee: string
  readonly amount: bigint
  readonly asset: string
  readonly riskClass: string
  readonly expiresAt: string
  readonly grant: KnownGrant | undefined
  status: Status
  view: JsonObject
  /** When the money was set aside; its budgets count from then. */
  authorizedAt: string | undefined
  /** Set aside or paid, and never given back. */
  isUsed: boolean
  /** Of a settled gate: what the payee has by now, and what is held back. */
  paid: bigint
  kept: bigint
  isContested: boolean
}

export class Model {
  readonly gates = new Map<string, KnownGate>()
  readonly grants: KnownGrant[] = []
  readonly profiles = new Map<string, Profile>()
  readonly balances = new Map<string, bigint>()
  readonly inactive = new Set<string>()
  ruling: Profile | undefined
  readonly seen = new Map<string, number>()

  count(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  balance(owner: string, asset: string): bigint {
    return this.balances.get(`${owner} ${asset}`) ?? 0n
  }

  move(owner: string, asset: string, amount: bigint): void {
    const after = this.balance(owner, asset) + amount
    assert.ok(after >= 0n, `${owner} is below zero`)
    this.balances.set(`${owner} ${asset}`, after)
  }

  /** Takes in what a command answered about a gate. */
  learn(gate: KnownGate, view: JsonObject): void {
    const status = String(view.state)
    assert.ok(NEXT[gate.status]?.includes(status), `${gate.status} became ${status}`)
    const { grant, asset, amount } = gate
    const payerId = grant?.payerId ?? ''
    if (status === 'authorized') {
      this.move(payerId, asset, -amount)
      gate.authorizedAt = String((view.authorization as JsonObject).issuedAt)
      gate.isUsed = true
    }
    const settlement = view.settlement as Readonly<Record<string, string>> | null
    const outcome = String(settlement?.status)
    if (gate.isUsed && ['refunded', 'voided', 'expired'].includes(outcome)) {
      this.move(payerId, asset, amount)
      gate.isUsed = false
    }
    if (gate.isUsed && status === 'settled') this.#pay(gate, settlement ?? {})
    gate.status = status
    gate.view = view
    this.count(`gate ${status}${status === 'settled' ? ` ${outcome}` : ''}`)
  }

  /** INVARIANT(partition): what is held back goes to the payee, later and once. */
  #pay(gate: KnownGate, { released, refunded, held }: Readonly<Record<string, string>>): void {
    const [paid, back, kept] = [released, refunded, held].map((part) => BigInt(part ?? 0))
    assert.equal((paid ?? 0n) + (back ?? 0n) + (kept ?? 0n), gate.amount)
    assert.equal(back, 0n)
    assert.ok((paid ?? 0n) >= gate.paid, 'what was paid came back')
    const isFrozen = gate.isContested && gate.status === 'settled'
    assert.ok(!isFrozen || kept === gate.kept, 'what is contested went on')
    this.move(gate.payee, gate.asset, (paid ?? 0n) - gate.paid)
    gate.paid = paid ?? 0n
    gate.kept = kept ?? 0n
  }

  /** What everything that is used of a budget comes to. */
  #used(isCounted: (gate: KnownGate) => boolean): bigint {
    let sum = 0n
    for (const gate of this.gates.values()) if (gate.isUsed && isCounted(gate)) sum += gate.amount
    return sum
  }

  /** Every budget that the gate counts against, as it stands: what is used, and the ceiling. */
  budgets(gate: KnownGate, at: string, profile: Profile): readonly (readonly [bigint, bigint])[] {
    const { asset } = gate
    const found: (readonly [bigint, bigint])[] = []
    const add = (limits: Limits, length: number, isCounted: (other: KnownGate) => boolean) => {
      if (limits === undefined) return
      const max = limits.filter((limit) => limit.asset === asset).map((limit) => BigInt(limit.max))
      const inPeriod = (other: KnownGate) =>
        other.authorizedAt?.slice(0, length) === at.slice(0, length)
      const isOf = (other: KnownGate) =>
        other.asset === asset && inPeriod(other) && isCounted(other)
      found.push([this.#used(isOf), max[0] ?? 0n])
    }
    for (const grant of chainOf(gate.grant)) {
      const isUnder = (other: KnownGate) => chainOf(other.grant).includes(grant)
      add(grant.bounds.perDay, DAY, isUnder)
      add(grant.bounds.total, 0, isUnder)
    }
    const isPayers = (other: KnownGate) => other.grant?.payerId === gate.grant?.payerId
    add(profile.limits.perDay, DAY, isPayers)
    add(profile.limits.perMonth, MONTH, isPayers)
    add(profile.limits.tenantPerDay, DAY, () => true)
    return found
  }

  /** How often a grant was used. */
  uses(grant: KnownGrant): number {
    const used = [...this.gates.values()].filter((gate) => gate.isUsed)
    return used.filter((gate) => chainOf(gate.grant).includes(grant)).length
  }

  /** INVARIANT(budget): no ceiling that allowed a gate is ever passed by what is used. */
  assertBudgets(gate: KnownGate): void {
    const at = gate.authorizedAt
    const policyHash = String((gate.view.decision as JsonObject | null)?.policyHash)
    const profile = this.profiles.get(policyHash)
    if (at === undefined || profile === undefined) throw new Error('authorized under nothing')
    for (const [used, ceiling] of this.budgets(gate, at, profile)) {
      assert.ok(used <= ceiling, `${String(used)} used of ${String(ceiling)}`)
    }
    for (const grant of chainOf(gate.grant)) {
      assert.ok(this.uses(grant) <= (grant.bounds.count ?? Number.MAX_SAFE_INTEGER))
    }
  }

  /** INVARIANT(control): what must still be true when an authorization is consumed. */
  mayExecute(gate: KnownGate, at: string): boolean {
    const authorization = gate.view.authorization as Readonly<Record<string, string>>
    const chain = chainOf(gate.grant)
    const parties = [gate.agentId, gate.payee, ...chain.map((each) => each.grantorId)]
    return [
      at <= String(authorization.notAfter),
      this.profiles.get(String(authorization.policyHash)) === this.ruling,
      chain.every((each) => !each.isRevoked && at <= each.expiresAt),
      [...parties, gate.grant?.payerId ?? ''].every((party) => !this.inactive.has(party)),
    ].every((holds) => holds)
  }

  /** What a decision must come out as, rule by rule. */
  expected(gate: KnownGate, at: string): 'allow' | 'wait' | 'deny' {
    const profile = this.ruling
    const { grant, asset, amount } = gate
    if (profile === undefined || grant === undefined) return 'deny'
    const within = (limits: Limits) => {
      const max = limits?.find((limit) => limit.asset === asset)?.max ?? '0'
      return limits === undefined || amount <= BigInt(max)
    }
    const chain = chainOf(grant)
    const parties = [gate.agentId, gate.payee, ...chain.map((each) => each.grantorId)]
    const rules = [
      profile.allowlists.assets.includes(asset),
      profile.allowlists.payees?.includes(gate.payee as never) !== false,
      within(profile.limits.perRequest),
      profile.risk.some((entry) => entry.riskClass === gate.riskClass && entry.outcome !== 'deny'),
      at <= gate.expiresAt,
      gate.payee !== grant.payerId,
      grant.granteeId === gate.agentId,
      chain.every((each) => !each.isRevoked && at <= each.expiresAt),
      chain.every((each) => each.bounds.assets?.includes(asset) !== false),
      chain.every((each) => within(each.bounds.perCall)),
      chain.every((each) => this.uses(each) < (each.bounds.count ?? Number.MAX_SAFE_INTEGER)),
      [...parties, grant.payerId].every((party) => !this.inactive.has(party)),
      this.balance(grant.payerId, asset) >= amount,
      this.budgets(gate, at, profile).every(([used, ceiling]) => used + amount <= ceiling),
    ]
    if (!rules.every((holds) => holds)) return 'deny'
    const tier = profile.approvalTiers.some(
      (each) => each.asset === asset && amount > BigInt(each.above),
    )
    const risk = profile.risk.find((entry) => entry.riskClass === gate.riskClass)
    return tier || risk?.outcome !== 'allow' ? 'wait' : 'allow'
  }
}

type Limits = readonly { readonly asset: string; readonly max: string }[] | undefined
const DAY = 10
const MONTH = 7

export function chainOf(grant: KnownGrant | undefined): readonly KnownGrant[] {
  return grant === undefined ? [] : [...chainOf(grant.parent), grant]
}
