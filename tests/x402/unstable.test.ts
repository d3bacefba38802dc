/** What fails again and again is stopped before it costs more; what is under way goes on. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { ProblemError } from '@surety/sdk'
import { RAIL_FAILURES_MAX } from '../../packages/server/src/app/control/system-control.ts'
import { UNSHOWN_MAX_MS } from '../../packages/server/src/app/x402/reconcile.ts'
import { pass } from '../support/house.ts'
import { lift } from '../support/people/controls.ts'
import { buy, moneyOf, openTown, type Town } from './town.ts'

const LATE_MS = UNSHOWN_MAX_MS + 1_000

let town: Town
let isNodeAway = false
let relay: Server | undefined

/** A node that can go away. */
async function awayNode(rpcUrl: string): Promise<string> {
  relay = createServer((incoming, outgoing) => {
    if (isNodeAway) return void outgoing.destroy()
    const { method, headers } = incoming
    const onward = httpRequest(rpcUrl, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => relay?.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  return `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
}

before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hono'] }, node: awayNode })
})
after(async () => {
  await town.close()
  relay?.closeAllConnections()
  relay?.close()
})
beforeEach(() => {
  // What was known of the head is asked for again.
  town.house.running.app.heads.clear()
})

async function refusalOf(attempt: Promise<unknown>): Promise<{ code: string; reason?: string }> {
  try {
    await attempt
    return { code: 'none' }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const reason = error.problem.params?.reasonCode
    return { code: error.code, ...(reason === undefined ? {} : { reason }) }
  }
}

async function standing() {
  const query = { state: 'active' } as const
  return (await town.house.operator.client.call('getControls', { query })).items
}

const tick = () => town.house.running.tick()

test('a facilitator that fails pauses who is paid through it, and nobody else', async () => {
  await town.world.breakFacilitator({ type: 'down' })
  const before = await moneyOf(town)
  const keys = Array.from({ length: RAIL_FAILURES_MAX }, () => randomUUID())
  for (const idempotencyKey of keys) {
    const { gate } = await buy(town, '/weather', { idempotencyKey })
    assert.equal(gate?.settlement?.status, 'unknown')
  }
  await town.world.breakFacilitator({ type: 'none' })
  await tick()
  assert.deepEqual(await standing(), [])
  pass(LATE_MS)
  await tick()
  assert.deepEqual(await refusalOf(buy(town)), { code: 'payment_denied', reason: 'control_paused' })
  const [control, ...others] = await standing()
  assert.ok(control !== undefined && others.length === 0)
  assert.equal(control.imposed.cause, 'adapter')
  assert.deepEqual(control.selector, { type: 'payee', id: town.sellers.express })
  const elsewhere = await buy(town, '/weather', { seller: 'hono' })
  assert.equal(elsewhere.gate?.settlement?.status, 'captured')
  // What was under way goes on: the same credential, and no other.
  for (const idempotencyKey of keys) {
    const { gate } = await buy(town, '/weather', { idempotencyKey })
    assert.equal(gate?.settlement?.status, 'captured')
  }
  const after = await moneyOf(town)
  const spent = BigInt(RAIL_FAILURES_MAX + 1) * 10_000n
  assert.equal(BigInt(before.onChain) - BigInt(after.onChain), spent)
  // It is not lifted by itself: a person says that it is well again.
  assert.equal((await refusalOf(buy(town))).reason, 'control_paused')
  await lift([town.house.operator], control)
  assert.equal((await buy(town)).gate?.settlement?.status, 'captured')
})

test('a facilitator that is late, and not more, pauses nobody', async () => {
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 100 })
  const bought = await Promise.all(Array.from({ length: 2 * RAIL_FAILURES_MAX }, () => buy(town)))
  await town.world.breakFacilitator({ type: 'none' })
  assert.ok(bought.every(({ gate }) => gate?.settlement?.status === 'unknown'))
  const [last] = bought.slice(-1)
  const params = { gateId: last?.gate?.gateId ?? '' }
  for (const started = performance.now(); ; ) {
    await tick()
    const now = await town.agent.client.call('getGatesOne', { params })
    if (now.settlement?.status === 'captured') break
    assert.ok(performance.now() - started < 10_000, 'it is not settled')
  }
  pass(LATE_MS)
  await tick()
  assert.deepEqual(await standing(), [])
  assert.equal((await buy(town)).gate?.settlement?.status, 'captured')
})

test('one success between failures, and nothing is paused', async () => {
  for (let round = 0; round < 2; round += 1) {
    for (let i = 1; i < RAIL_FAILURES_MAX; i += 1) {
      await town.world.breakSeller('express', { type: 'fail', status: 500 })
      await town.world.breakFacilitator({ type: 'refusing' })
      assert.equal((await buy(town)).gate?.settlement?.status, 'unknown')
    }
    await town.world.breakFacilitator({ type: 'none' })
    await town.world.breakSeller('express', { type: 'none' })
    pass(LATE_MS)
    await tick()
    assert.equal((await buy(town)).gate?.settlement?.status, 'captured')
  }
  assert.deepEqual(await standing(), [])
})

test('a request that an honest payee refuses pauses nobody', async () => {
  // The unpaid request just fits what the seller reads of headers; with the credential it does not.
  const headers = Array.from({ length: 4 }, (_, i) => {
    return { name: `x-${String(i)}`, value: 'y'.repeat(i === 3 ? 3_000 : 4_000) }
  })
  for (let i = 0; i <= RAIL_FAILURES_MAX; i += 1) {
    const { gate, response } = await buy(town, '/weather', { headers })
    assert.deepEqual([gate?.settlement?.status, response?.status], ['unknown', 431])
  }
  pass(LATE_MS)
  await tick()
  assert.deepEqual(await standing(), [])
})

test('a node that is away pauses the rail; a refund that comes is known all the same', async () => {
  const { gate } = await buy(town)
  const { heads } = town.house.running.app
  isNodeAway = true
  for (let i = 0; i < RAIL_FAILURES_MAX; i += 1) {
    heads.clear()
    const { code } = await refusalOf(buyOnce())
    assert.equal(code, 'chain_unavailable')
  }
  isNodeAway = false
  assert.deepEqual(await refusalOf(buy(town, '/weather', { seller: 'hono' })), {
    code: 'payment_denied',
    reason: 'control_paused',
  })
  const [control] = await standing()
  assert.deepEqual(control?.selector, { type: 'rail', id: 'x402-evm' })
  // Money comes back over the paused rail, and is booked to whom it belongs.
  const { client } = town.house.operator
  const transaction = await town.world.transfer(PAYEES.express, town.address, 10_000n)
  const params = { walletId: town.walletId }
  const gateId = gate?.gateId ?? ''
  const body = { transaction, refundOf: gateId }
  assert.equal((await client.call('postWalletsFund', { params, body })).status, 'refund')
  await tick()
  assert.equal((await client.call('getGatesOne', { params: { gateId } })).refunds.length, 1)
  if (control !== undefined) await lift([town.house.operator], control)
  assert.equal((await buy(town)).gate?.settlement?.status, 'captured')
})

/** One request: the client would ask again by itself, which counts too. */
async function buyOnce(): Promise<unknown> {
  const { house, agent, world, grantHash } = town
  const response = await fetch(`${house.running.url}/v1/fetch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agent.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: `${world.urls.express ?? ''}/weather`, grantHash }),
  })
  throw new ProblemError((await response.json()) as ProblemError['problem'])
}

test('what another process may have handed over counts against nobody', async () => {
  await town.world.breakFacilitator({ type: 'refusing' })
  for (let i = 0; i < RAIL_FAILURES_MAX; i += 1) {
    assert.equal((await buy(town)).gate?.settlement?.status, 'unknown')
  }
  await town.world.breakFacilitator({ type: 'none' })
  town.house = await town.house.restart()
  pass(LATE_MS)
  await tick()
  assert.deepEqual(await standing(), [])
})
