/**
 * Everybody at once, until nobody answers any more. What was asked, and answered, is written down.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { httpFingerprint } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import type { Dice } from '../sim/world.ts'
import { type Member, presentation, REQUEST, statement } from '../support/house.ts'
import { People } from './people.ts'
import { type Budget, profileOf, type Town } from './town.ts'
import type { Answer, Asked, Wire } from './wire.ts'

type GateView = Parameters<typeof presentation>[0]

/** Most pass; one person is asked about what computes, and two about what acts. */
const RISKS = ['financial', 'financial', 'financial', 'compute', 'action'] as const

/** A purchase of the provider’s work, signed. */
export function intentOf(
  { provider }: Pick<Town, 'provider'>,
  agent: Member,
  grantHash: string,
  asks: {
    readonly riskClass: (typeof RISKS)[number]
    readonly amount: number
    readonly expiresInMs: number
  },
): string {
  const { riskClass, amount, expiresInMs } = asks
  return agent.party.intent({
    requestFingerprint: httpFingerprint(REQUEST, nodeCrypto),
    action: 'purchase',
    riskClass,
    sideEffecting: true,
    amount: String(amount),
    asset: 'USD/2',
    payee: provider.principalId,
    rail: 'ledger',
    network: 'internal',
    grantHash,
    expiresInMs,
  }).jws
}

export class Load {
  readonly asked: Asked[] = []
  readonly #town: Town
  readonly #wire: Wire
  readonly #dice: Dice
  readonly #people: People
  #isOver = false

  constructor(town: Town, wire: Wire, dice: Dice) {
    this.#town = town
    this.#wire = wire
    this.#dice = dice
    this.#people = new People(town, wire, dice, (...asked) => this.#ask(...asked))
  }

  /** Until the server answers no more. */
  async run(budget: Budget): Promise<void> {
    const trading = async () => {
      for (const { from, jws } of budget.grants) {
        if ((await this.#ask(from, '/v1/grants', { grant: jws })) === undefined) return
      }
      const agents = this.#town.agents.map((agent, i) => this.#buy(agent, budget.hashes[i] ?? ''))
      await Promise.all([
        ...agents,
        ...(agents.length > 0 ? [this.#buy(this.#first, budget.hashes[0] ?? '')] : []),
      ])
    }
    await Promise.all([trading(), this.#operate(), this.#people.stopAndGo()])
  }

  get #first(): Member {
    return this.#town.agents[0] as Member
  }

  async #ask(
    { apiKey }: Member,
    path: string,
    body: object | null,
    key = randomUUID() as string,
  ): Promise<Answer | undefined> {
    if (this.#isOver) return undefined
    const text = body === null ? undefined : JSON.stringify(body)
    const asked: Asked = { path, apiKey, key, text, answer: undefined }
    this.asked.push(asked)
    asked.answer = await this.#wire.ask(asked)
    if (asked.answer === undefined) this.#isOver = true
    return asked.answer
  }

  async #buy(agent: Member, grantHash: string): Promise<void> {
    while (!this.#isOver) {
      const riskClass = this.#dice.pick(RISKS)
      const amount = 1 + this.#dice.below(5)
      const expiresInMs = this.#dice.oneIn(4) ? 30 : 600_000
      const asks = { riskClass, amount, expiresInMs }
      const intent = intentOf(this.#town, agent, grantHash, asks)
      const declared = await this.#ask(agent, '/v1/gates', { intent })
      if (declared?.status === 201)
        await this.#decide(agent, String(declared.body.gateId), riskClass)
    }
  }

  /** Decided at once, or by people, and then by whoever asks again first. */
  async #decide(agent: Member, gateId: string, riskClass: string): Promise<void> {
    const key = randomUUID()
    const people = this.#people
    const decided = await people.decide(agent, gateId, riskClass, key)
    let gate = decided?.body as GateView | undefined
    if (gate?.state === 'waiting') {
      await people.answer(agent, gateId)
      const again = () => people.decide(agent, gateId, riskClass, key)
      const resumed = await Promise.all(this.#dice.oneIn(3) ? [again(), again()] : [again()])
      gate = resumed.find((each) => each?.body.state === 'authorized')?.body as GateView | undefined
    }
    if (gate?.state === 'authorized') await this.#finish(agent, gate)
  }

  async #finish(agent: Member, gate: GateView): Promise<void> {
    const { provider } = this.#town
    const path = `/v1/gates/${gate.gateId}`
    const roll = this.#dice.below(10)
    if (roll === 0) await this.#ask(agent, `${path}/void`, null)
    if (roll <= 1) return
    const executor = this.#dice.oneIn(2) ? agent : provider
    await this.#ask(executor, `${path}/execute`, presentation(gate))
    const status = this.#dice.oneIn(4) ? 500 : 200
    const market = { payer: this.#town.payer, agent, provider, grantHash: '' }
    const proof = { response: statement(market, gate, { status }) }
    // Both may bring it, at once: the money moves once.
    const bringers = this.#dice.oneIn(3) ? [agent, provider, agent] : [agent]
    await Promise.all(bringers.map((who) => this.#ask(who, `${path}/evidence`, proof)))
    // The clock may come first.
    const unhappy = this.#dice.oneIn(3) ? [agent, this.#town.payer, agent] : []
    const text = 'crash-test'
    await Promise.all(unhappy.map((who) => this.#ask(who, `${path}/contest`, { text })))
  }

  async #operate(): Promise<void> {
    const { operator, payer, provider, deposits } = this.#town
    while (!this.#isOver) {
      const reference = randomUUID()
      const amount = String(1 + this.#dice.below(9))
      deposits.set(reference, BigInt(amount))
      const { principalId } = payer
      const action = operator.party.deposit(
        { source: 'bank', reference, principalId, amount, asset: 'USD/2' },
        'crash-test',
      )
      await this.#ask(operator, '/v1/deposits', { action })
      this.#town.profileVersion += 1
      const profile = profileOf(provider.principalId, this.#town.profileVersion)
      const ruling = await this.#wire.get('/v1/profiles/active', operator.apiKey)
      const previousPolicyHash = String(ruling?.body.policyHash)
      const change = { previousPolicyHash, justificationCode: 'crash-test' }
      const signed = operator.party.applyProfile(profile, change)
      await this.#ask(operator, '/v1/profiles', { profile, action: signed })
      const body = { kind: 'agent', name: `agent ${reference}`, keys: [] }
      await this.#ask(operator, '/v1/principals', body)
    }
  }
}
