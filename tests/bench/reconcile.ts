/**
 * What it costs to find out what became of payments that nobody answered for: a thousand of them
 * are unknown in a house, while the chain holds them all.
 *
 * @module
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PAYEES } from '@surety/local-chain'
import { buy, moneyOf, openTown, type Town } from '../x402/town.ts'
import { closedLoop, round } from './wire.ts'

const PAYMENTS = 1_000
const BUYERS = 16
const PRICE = 10_000n
/** Long after the house has asked the chain for the first time, in vain. */
const SETTLES_AFTER_MS = 5_000
const SETTLED_WITHIN_MS = 120_000

/** A node whose questions are counted, with the time in which any of them was open. */
interface TimedNode {
  readonly url: string
  questions: number
  openMs: number
  close(): void
}

async function timedNode(rpcUrl: string): Promise<TimedNode> {
  let open = 0
  let since = 0
  const server = createServer(async (request, response) => {
    if (open === 0) since = performance.now()
    open += 1
    node.questions += 1
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(rpcUrl, { method: 'POST', headers, body: Buffer.concat(pieces) })
    response.writeHead(answer.status, headers).end(await answer.text())
    open -= 1
    if (open === 0) node.openMs += performance.now() - since
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const node: TimedNode = {
    url: `http://127.0.0.1:${String(port)}`,
    questions: 0,
    openMs: 0,
    close: () => void server.close(),
  }
  return node
}

/** The gates of the town, by the status of their settlement. */
async function statuses(town: Town): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  let cursor: string | undefined
  do {
    const more = cursor === undefined ? {} : { cursor }
    const page = await town.house.operator.client.call('getGates', {
      query: { limit: '200', ...more },
    })
    for (const { settlement } of page.items) {
      const status = settlement?.status ?? 'none'
      counts.set(status, (counts.get(status) ?? 0) + 1)
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return counts
}

async function ensureAll(town: Town, status: string): Promise<void> {
  const counts = await statuses(town)
  if (counts.get(status) === PAYMENTS && counts.size === 1) return
  throw new Error(`not ${status}, all of them: ${JSON.stringify([...counts])}`)
}

/** Buys, while the facilitator says that it will settle some time; and waits until it has. */
async function payUnanswered(town: Town): Promise<void> {
  const { world } = town
  await world.breakFacilitator({ type: 'pending', settlesAfterMs: SETTLES_AFTER_MS })
  const buyers = Array.from({ length: BUYERS }, () => town)
  await closedLoop(buyers, PAYMENTS, async (buyer) => {
    await buy(buyer, '/weather')
    return 0
  })
  const until = performance.now() + SETTLED_WITHIN_MS
  while ((await world.balance(PAYEES.express)) !== BigInt(PAYMENTS) * PRICE) {
    if (performance.now() > until) throw new Error('the facilitator did not settle in time')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** From the start of the reconciler until all are captured and the books are the chain. */
export async function reconcileUnknown(): Promise<object> {
  let node: TimedNode | undefined
  const town = await openTown({
    world: { sellers: ['express'] },
    fund: BigInt(PAYMENTS) * PRICE,
    // The reconciler comes when it is told to.
    settings: { tickEveryMs: 3_600_000 },
    node: async (rpcUrl) => {
      node = await timedNode(rpcUrl)
      return node.url
    },
  })
  try {
    const prepared = performance.now()
    await payUnanswered(town)
    await ensureAll(town, 'unknown')
    const prepareMs = Math.round(performance.now() - prepared)
    const asked = { questions: node?.questions ?? 0, openMs: node?.openMs ?? 0 }
    const started = performance.now()
    await town.house.running.tick()
    const seconds = round((performance.now() - started) / 1_000)
    const chainSeconds = round(((node?.openMs ?? 0) - asked.openMs) / 1_000)
    const questions = (node?.questions ?? 0) - asked.questions
    await ensureAll(town, 'captured')
    const { booked, available, onChain } = await moneyOf(town)
    if (booked !== onChain || available !== booked) throw new Error('the books are not the chain')
    return {
      figure: 'reconcile unknown payments',
      payments: PAYMENTS,
      seconds,
      chainSeconds,
      questions,
      prepareMs,
    }
  } finally {
    await town.close()
    node?.close()
  }
}
