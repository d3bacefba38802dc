/** What is kept of a purchase, and for how long; and what survives a restart. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, request as httpRequest, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { rows } from '../support/books.ts'
import { pass } from '../support/house.ts'
import { buy, moneyOf, openTown, type Town } from './town.ts'

const DAY_MS = 86_400_000

let town: Town
let relay: Server | undefined
/** From which blocks on the house asked its node for logs. */
let askedFrom: number[] = []

async function heardNode(rpcUrl: string): Promise<string> {
  relay = createServer(async (incoming, outgoing) => {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece as Buffer)
    const body = Buffer.concat(pieces)
    for (const [, block = '0x0'] of body.toString().matchAll(/"fromBlock":"(0x[0-9a-f]+)"/g)) {
      askedFrom.push(Number(block))
    }
    const { method, headers } = incoming
    const onward = httpRequest(rpcUrl, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    onward.end(body)
  })
  await new Promise<void>((resolve) => relay?.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  return `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
}

before(async () => {
  town = await openTown({ world: { sellers: ['express'] }, node: heardNode })
})
after(async () => {
  await town.close()
  relay?.closeAllConnections()
  relay?.close()
})

const tick = () => town.house.running.tick()
const problems = async () =>
  (await fsck(town.house.directory)).checks.flatMap((check) => check.problems)

test('after a restart the chain is read on from where it was, and what came is booked once', async () => {
  await town.world.mine(2_000)
  await tick()
  await buy(town)
  const during = await town.world.transfer(PAYEES.express, town.address, 7n)
  const before = await moneyOf(town)
  assert.equal(before.suspense, '0')
  town.house = await town.house.restart()
  askedFrom = []
  await tick()
  assert.ok(askedFrom.length > 0)
  assert.ok(Math.min(...askedFrom) > 1_000, `from block ${String(Math.min(...askedFrom))}`)
  assert.equal((await moneyOf(town)).suspense, '7')
  town.house = await town.house.restart()
  await tick()
  assert.equal((await moneyOf(town)).suspense, '7')
  const sql = "SELECT count(*) AS found FROM events WHERE stream LIKE 'inbound:%' AND stream LIKE ?"
  const [row] = rows(town.house.directory, sql.replace('?', `'%${during}%'`))
  assert.equal(Number(row?.found), 1)
  assert.deepEqual(await problems(), [])
})

test('an answer is kept for a day, and its hash for good', async () => {
  await town.close()
  town = await openTown({ world: { sellers: ['express'] } })
  const idempotencyKey = randomUUID()
  const bought = await buy(town, '/weather', { idempotencyKey })
  const gateId = bought.gate?.gateId ?? ''
  const kept = () =>
    rows(
      town.house.directory,
      `SELECT name FROM documents WHERE owner = '${gateId}' AND name = 'answer.json'`,
    ).length
  await tick()
  assert.equal(kept(), 1)
  const again = await buy(town, '/weather', { idempotencyKey })
  assert.deepEqual(again.response, bought.response)
  assert.deepEqual(await problems(), [])
  pass(DAY_MS + 1_000)
  await tick()
  assert.equal(kept(), 0)
  assert.deepEqual(await problems(), [])
  const after = await buy(town, '/weather', { idempotencyKey })
  assert.equal(after.gate?.gateId, gateId)
  assert.equal(after.response, null)
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
  const proxied = await fetch(`${town.house.running.url}/proxy/express/weather`, {
    headers: {
      authorization: `Bearer ${town.agent.apiKey}`,
      'x-surety-grant': town.grantHash,
      'idempotency-key': idempotencyKey,
    },
  })
  assert.equal(proxied.status, 409)
  assert.match(await proxied.text(), /response_not_kept/)
})
