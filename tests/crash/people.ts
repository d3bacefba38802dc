/**
 * People in the middle of the load: some answer what waits, one stops what is grave and lets it go.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { ControlOrder } from '@surety/protocol'
import { type Approval, answerTo } from '@surety/sdk'
import type { Dice } from '../sim/world.ts'
import type { Member } from '../support/house.ts'
import type { Town } from './town.ts'
import type { Answer, Wire } from './wire.ts'

/** Sends a command and writes it down; `undefined` if the server did not live to answer. */
export type Ask = (
  who: Member,
  path: string,
  body: object | null,
  key?: string,
) => Promise<Answer | undefined>

/** What is stopped now and then: everything of this class of risk. */
export const STOPPED = { type: 'effect', id: 'action' } as const

export class People {
  readonly #town: Town
  readonly #wire: Wire
  readonly #dice: Dice
  readonly #ask: Ask
  /** Odd while a pause is known to stand: its answer came, and nobody has asked to lift it. */
  #epoch = 0

  constructor(town: Town, wire: Wire, dice: Dice, ask: Ask) {
    this.#town = town
    this.#wire = wire
    this.#dice = dice
    this.#ask = ask
  }

  /**
   * INVARIANT(control): what is asked and answered while a pause stands is denied by it. Decides
   * under `key`, so that going on later is the same request.
   */
  async decide(agent: Member, gateId: string, riskClass: string, key: string) {
    const before = this.#epoch
    const decided = await this.#ask(agent, `/v1/gates/${gateId}/authorize`, null, key)
    const stood = before % 2 === 1 && before === this.#epoch && riskClass === STOPPED.id
    if (stood && decided !== undefined && decided.status < 400) {
      const { reasonCodes } = decided.body.decision as { readonly reasonCodes: readonly string[] }
      assert.ok(reasonCodes.includes('control_paused'), `${gateId} went past a pause`)
    }
    return decided
  }

  /** Both reviewers at once, sometimes twice, sometimes of two minds. */
  async answer(agent: Member, gateId: string): Promise<void> {
    const seen = await this.#wire.get(`/v1/gates/${gateId}/approval`, agent.apiKey)
    const { reviewers } = this.#town
    const path = `/v1/approvals/${String(seen?.body.approvalId)}`
    const shown = await this.#wire.get(path, reviewers[0].apiKey)
    if (shown?.status !== 200) return
    const approval = shown.body as unknown as Approval
    const hasty = this.#dice.oneIn(4) ? [this.#dice.pick(reviewers)] : []
    const said = [...reviewers, ...hasty].map((person) => {
      const word = this.#dice.oneIn(8) ? 'deny' : 'approve'
      const draft = { role: 'reviewer', justificationCode: 'crash-test' } as const
      const action = person.party.act(answerTo(approval, word, draft))
      return this.#ask(person, `${path}/answers`, { action })
    })
    await Promise.all(said)
  }

  /** Stops what is grave, and lets it go on, until nobody answers. */
  async stopAndGo(): Promise<void> {
    const { operator } = this.#town
    for (;;) {
      const draft = { command: 'pause', selector: STOPPED } as const
      const why = { role: 'oncall', justificationCode: 'crash-test' } as const
      const { order, jws } = operator.party.order(draft, why)
      const imposed = await this.#ask(operator, '/v1/controls', { actions: [jws] })
      if (imposed === undefined || imposed.body.code === 'shutting_down') return
      assert.equal(imposed.status, 201, imposed.text)
      this.#epoch += 1
      await new Promise((resolve) => setTimeout(resolve, this.#dice.below(10)))
      this.#epoch += 1
      const actions = [resuming(operator, order)]
      if ((await this.#ask(operator, '/v1/controls', { actions })) === undefined) return
      await new Promise((resolve) => setTimeout(resolve, this.#dice.below(40)))
    }
  }
}

/** The order that lifts what another imposed. */
export function resuming(by: Member, { controlId, selector }: ControlOrder): string {
  const draft = { command: 'resume', controlId, selector } as const
  return by.party.order(draft, { role: 'ops_admin', justificationCode: 'crash-test' }).jws
}
