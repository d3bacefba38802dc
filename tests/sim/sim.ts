/**
 * A house lived through at random: agents, operators, clock and crashes, all from one seed.
 *
 * After every step a naive model must agree with the house; every so often, and at the end, the
 * whole directory is examined. The same seed gives the same bytes.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  canonicalize,
  type JsonObject,
  PROBLEMS,
  type ProblemCode,
  SIGNED_TYPES,
  type SignedTypeName,
  verifySigned,
} from '@surety/protocol'
import { fsck, initHouse, nodeCrypto, type OpenHouse, openHouse } from '@surety/server'
import { deadlineOf, gateView } from '../../packages/server/src/app/gate/view.ts'
import { type App, run, type Signed } from '../../packages/server/src/app/runtime.ts'
import type { Idempotency } from '../../packages/server/src/ports.ts'
import { chainOf, type KnownGate, Model } from './model.ts'
import { type AnyCall, founderOf, hostOf, type Person, settle } from './people.ts'
import { Dice, VirtualWorld } from './world.ts'

export interface Life {
  readonly seed: number
  readonly steps: number
  /** How many steps lie between two examinations of everything. */
  readonly examineEvery: number
}

/** What a command came to: its answer, or the code of its refusal. */
export type Outcome = { readonly signed: Signed } | { readonly code: ProblemCode }

const ROLES = [
  { name: 'payer 1', kind: 'organisation', purposes: ['grant'] },
  { name: 'payer 2', kind: 'person', purposes: ['grant'] },
  { name: 'agent 1', kind: 'agent', purposes: ['intent', 'grant'] },
  { name: 'agent 2', kind: 'agent', purposes: ['intent', 'grant'] },
  { name: 'provider 1', kind: 'service', purposes: ['response'] },
  { name: 'provider 2', kind: 'service', purposes: ['response'] },
] as const
const ASSETS = ['USD/2', 'EUR/2'] as const

export class Simulation {
  readonly model = new Model()
  readonly dice: Dice
  readonly world: VirtualWorld
  readonly people: Person[] = []
  operator!: Person
  /** The gate that is chosen before others, if it may be. */
  watched: string | undefined
  #room = ''
  #directories = 0
  #directory = ''
  #house!: OpenHouse

  constructor(seed: number) {
    this.dice = new Dice(seed)
    this.world = new VirtualWorld(seed)
  }

  get house(): OpenHouse {
    return this.#house
  }

  get app(): OpenHouse['app'] {
    return this.#house.app
  }

  person(name: string): Person {
    const found = this.people.find((each) => each.name === name)
    if (found === undefined) throw new Error(`nobody is called ${name}`)
    return found
  }

  async begin(): Promise<void> {
    this.#room = mkdtempSync(join(tmpdir(), 'surety-sim-'))
    this.#directory = join(this.#room, 'first')
    const options = { environment: 'sandbox', operatorName: 'operator' } as const
    const founded = await initHouse(this.#directory, options, this.world)
    this.#open()
    const host = hostOf(() => this.app, this.world.random)
    this.operator = founderOf(founded, host)
    for (const who of ROLES) {
      this.people.push(await settle(this.app, this.operator, host, who))
    }
  }

  #open(): void {
    const config = { dataDirectory: this.#directory, logLevel: 'silent', tickEveryMs: 1_000 }
    this.#house = openHouse(config, this.world)
    // On another thread, commands given together would come to the store in no certain order.
    const verify: App['verify'] = async (...args) => nodeCrypto.verify(...args)
    Object.assign(this.#house.app, { verify })
  }

  /** Runs one command to its answer; a refusal must have a code of the registry. */
  async ask(who: Person, call: AnyCall): Promise<Outcome> {
    const result = await run(this.app, who.caller, call)
    if (result.ok) {
      const isActive = !this.model.inactive.has(who.principalId)
      assert.ok(isActive || result.value.replayed, `${who.name} acted while it may not`)
      return { signed: result.value }
    }
    assert.ok(Object.hasOwn(PROBLEMS, result.refusal), result.refusal)
    this.model.count(`refused ${result.refusal}`)
    return { code: result.refusal }
  }

  key(who: Person, text: string): Idempotency {
    const requestHash = nodeCrypto.sha256(text)
    return { principalId: who.principalId, key: requestHash.slice(0, 32), requestHash }
  }

  /** INVARIANT(receipts): whatever was answered as signed verifies with our public keys alone. */
  verifyReceipts({ receipts }: Signed): void {
    const own = (kid: string) => this.app.signer.key(kid)
    for (const { type, jws } of receipts) {
      assert.ok(Object.hasOwn(SIGNED_TYPES, type))
      const verified = verifySigned([type as SignedTypeName], jws, own, nodeCrypto)
      assert.ok(verified.ok, verified.ok ? '' : verified.refusal)
      this.model.count(`signed ${type}`)
    }
  }

  /** Gates the clock may have ended meanwhile, as the house has them now. */
  async noticeDeadlines(): Promise<void> {
    await this.#house.workers.tick()
    for (const gate of this.open()) {
      const { state } = await this.app.store.reads.state(
        this.operator.caller.scope,
        'gate',
        gate.gateId,
      )
      if (state.status === 'none') continue
      const kept = state.status === 'settled' ? BigInt(state.partition.held) : 0n
      if (state.status === gate.status && kept === gate.kept) continue
      this.model.learn(gate, gateView(state))
    }
  }

  open(): readonly KnownGate[] {
    const isOpen = ({ status, kept }: KnownGate) =>
      status === 'waiting' || status === 'authorized' || status === 'executing' || kept > 0n
    return [...this.model.gates.values()].filter(isOpen)
  }

  async pass(): Promise<void> {
    const { scope } = this.operator.caller
    const due = []
    for (const { gateId } of this.open()) {
      const { state } = await this.app.store.reads.state(scope, 'gate', gateId)
      const deadline = deadlineOf(state)
      if (deadline !== null) due.push(deadline)
    }
    const before = this.app.clock.now()
    this.world.pass(this.dice, due, before)
    assert.ok(this.app.clock.now() >= before, 'the clock went back')
  }

  /** The process is gone between two commits, and the clock may be wrong when the next begins. */
  async crash(): Promise<void> {
    this.#directories += 1
    const copy = join(this.#room, String(this.#directories))
    cpSync(this.#directory, copy, { recursive: true })
    // A copy has the modes of this process; keys must not.
    chmodSync(join(copy, 'keys'), 0o700)
    const { latest } = this.app.store
    await this.#house.close()
    rmSync(this.#directory, { recursive: true })
    this.#directory = copy
    this.world.ms -= this.dice.oneIn(3) ? this.dice.below(3_600_000) : 0
    this.#open()
    assert.equal(this.app.store.latest, latest)
    assert.ok(this.app.clock.now() >= latest, 'the clock began before the latest fact')
    this.model.count('crash')
  }

  /** INVARIANT(books): principals own what the model says; every asset sums to zero. */
  async assertBooks(): Promise<void> {
    const { scope } = this.operator.caller
    const { reads } = this.app.store
    const rows = [...(await reads.accounts(scope, 'principal:'))]
    const rails = await reads.accounts(scope, 'rail:')
    for (const asset of ASSETS) {
      let held = 0n
      for (const gate of this.model.gates.values()) {
        if (!gate.isUsed || gate.asset !== asset) continue
        held += gate.status === 'settled' ? gate.kept : gate.amount
      }
      let owned = 0n
      for (const { account, asset: of, sums } of rows) {
        if (of !== asset) continue
        const balance = sums.credits - sums.debits
        assert.equal(balance, this.model.balance(account.slice('principal:'.length), asset))
        owned += balance
      }
      const rail = rails.find((row) => row.asset === asset)?.sums
      assert.equal(owned + held, (rail?.debits ?? 0n) - (rail?.credits ?? 0n), asset)
    }
  }

  assertBudgets(gates: readonly KnownGate[]): void {
    for (const gate of gates) this.model.assertBudgets(gate)
  }

  async examine(): Promise<void> {
    const report = await fsck(this.#directory)
    const problems = report.checks.flatMap(({ check, problems: found }) =>
      found.map((problem) => `${check}: ${problem}`),
    )
    assert.deepEqual(problems, [])
    assert.ok(report.ok)
  }

  /** Signs what is unsigned, examines all, closes; the hash of every row that was kept. */
  async end(): Promise<string> {
    await this.#house.workers.tick()
    await this.#house.close()
    await this.examine()
    assert.ok(readdirSync(this.#directory).includes('notices.jsonl'))
    const digest = digestOf(join(this.#directory, 'surety.db'))
    rmSync(this.#room, { recursive: true })
    return digest
  }

  gate(isWanted: (gate: KnownGate) => boolean): KnownGate | undefined {
    const found = [...this.model.gates.values()].filter(isWanted)
    const watched = found.find(({ gateId }) => gateId === this.watched)
    if (watched !== undefined) return watched
    return found.length === 0 ? undefined : this.dice.pick(found)
  }

  /** A gate by its answer: known already, or new. */
  known(view: JsonObject): KnownGate {
    const gateId = String(view.gateId)
    const found = this.model.gates.get(gateId)
    if (found !== undefined) return found
    const intent = view.intent as Readonly<Record<string, string>>
    const gate: KnownGate = {
      gateId,
      agentId: String(intent.agentId),
      payee: String(intent.payee),
      amount: BigInt(String(intent.amount)),
      asset: String(intent.asset),
      riskClass: String(intent.riskClass),
      expiresAt: String(intent.expiresAt),
      grant: this.model.grants.find((grant) => grant.grantHash === intent.grantHash),
      status: 'none',
      view,
      authorizedAt: undefined,
      isUsed: false,
      paid: 0n,
      kept: 0n,
      isContested: false,
    }
    this.model.gates.set(gateId, gate)
    return gate
  }

  depthOf(gate: KnownGate): number {
    return chainOf(gate.grant).length
  }
}

const TABLES = ['events', 'documents', 'signatures', 'accounts', 'transfers', 'counters'] as const

/** INVARIANT(determinism): what two lives of one seed have in common is every row. */
function digestOf(file: string): string {
  const db = new DatabaseSync(file, { readOnly: true })
  const rows = TABLES.map((table) => {
    const statement = db.prepare(`SELECT * FROM ${table}`)
    statement.setReadBigInts(true)
    const texts = statement.all().map((row) => Object.values(row).map(String))
    return texts.map((row) => canonicalize(row)).sort()
  })
  db.close()
  return nodeCrypto.sha256(canonicalize(rows))
}
