/**
 * From a person's answer to the resumed gate: what an agent waits for once it was answered.
 *
 * @module
 */
import { answer, ask, openAskingMarket, resume } from '../support/approvals.ts'
import { openHouse } from '../support/house.ts'

const WARM_UP = 20
const ROUNDS = 200

/** One after the other, over HTTP, durably; the target is 50 ms at the 99th percentile. */
export async function approvalRoundTrip() {
  const house = await openHouse()
  try {
    const market = await openAskingMarket(house)
    const reviewer = await house.person(['reviewer'])
    const tookMs: number[] = []
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      const waiting = await ask(house, market, '501')
      const began = performance.now()
      await answer(reviewer, waiting.approval)
      const { gateId } = await resume(market, waiting)
      if (round >= WARM_UP) tookMs.push(performance.now() - began)
      await market.agent.client.call('postGatesVoid', { params: { gateId } })
    }
    const sorted = tookMs.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] as number
    const [p50Ms, p99Ms] = [at(0.5), at(0.99)].map((ms) => Math.round(ms * 10) / 10)
    return { figure: 'approval round trip', runs: ROUNDS, p50Ms, p99Ms }
  } finally {
    await house.close()
  }
}
