/** Answers longer than anybody waits for: handed on as they come, and written down as they were. */
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { createServer, get as httpGet, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { fsck } from '@surety/server'
import { applyProfile } from '../support/house.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

const FILM = { pieces: 512, bytes: 65_536 }
const FILM_BYTES = FILM.pieces * FILM.bytes

const SLOWLY = { type: 'trickle', pieceBytes: 64, pauseMs: 40 } as const

let town: Town
let written = 0
let isGone = false
/** A server that asks for nothing and never stops sending. */
const endless = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream' })
  response.on('close', () => {
    isGone = true
  })
  const piece = Buffer.alloc(65_536)
  const most = request.url === '/short' ? 100 : Number.POSITIVE_INFINITY
  const more = (): void => {
    while (!response.destroyed && written < most * piece.length) {
      written += piece.length
      if (!response.write(piece)) return void response.once('drain', more)
    }
    response.end()
  }
  more()
})

before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hono'] } })
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
  const address = endless.address()
  const origin = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
  const { x402 } = buyingProfile(town)
  assert.ok(x402 !== undefined)
  const named = { origin, methods: ['GET' as const], alias: 'endless', privateAddresses: true }
  const origins = [...x402.origins, named]
  await applyProfile(town.house, buyingProfile(town, { x402: { ...x402, origins } }))
})
after(async () => {
  endless.closeAllConnections()
  endless.close()
  await town.close()
})

/** The hash of what the seller sends: each piece is filled with its number. */
function hashOfFilm(): string {
  const hasher = createHash('sha256')
  for (let i = 0; i < FILM.pieces; i += 1) hasher.update(Buffer.alloc(FILM.bytes, i % 251))
  return hasher.digest('hex')
}

function ask(path: string, idempotencyKey: string = randomUUID()): Promise<IncomingMessage> {
  const headers = {
    authorization: `Bearer ${town.agent.apiKey}`,
    'x-surety-grant': town.grantHash,
    'idempotency-key': idempotencyKey,
  }
  return new Promise((resolve, reject) => {
    const url = `${town.house.running.url}/proxy${path}`
    httpGet(url, { headers, agent: false }, resolve).on('error', reject)
  })
}

interface Taken {
  readonly bytes: number
  readonly hash: string
  readonly pieces: number
}

async function take(response: IncomingMessage): Promise<Taken> {
  const hasher = createHash('sha256')
  let bytes = 0
  let pieces = 0
  for await (const piece of response) {
    hasher.update(piece as Buffer)
    bytes += (piece as Buffer).length
    pieces += 1
  }
  return { bytes, hash: hasher.digest('hex'), pieces }
}

const gateOf = (response: IncomingMessage): Promise<Seen> => gateNow(idOf(response))
const idOf = ({ headers }: IncomingMessage): string => String(headers['x-surety-gate-id'])
type Seen = Awaited<ReturnType<typeof gateNow>>

function gateNow(gateId: string) {
  return town.agent.client.call('getGatesOne', { params: { gateId } })
}

/** The gate, once nothing of it is on its way any more. */
async function ended(gateId: string): Promise<Seen> {
  const { presenting } = town.house.running.app
  for (const started = performance.now(); presenting.has(gateId); ) {
    assert.ok(performance.now() - started < 10_000, 'it does not end')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return gateNow(gateId)
}

/** What was written down of the answer of a gate. */
async function observationOf(gateId: string) {
  const items = await town.agent.client.call('getGatesEvents', { params: { gateId } })
  const event = items.find(({ type }) => type === 'responseObserved')
  return event?.data.observation as
    | {
        readonly responseHash: string
        readonly responseBytes: number
        readonly answerHash: unknown
      }
    | undefined
}

for (const seller of ['express', 'hono']) {
  test(`32 MiB of ${seller} pass, and the evidence is their hash`, async () => {
    const key = randomUUID()
    const response = await ask(`/${seller}/film`, key)
    assert.equal(response.statusCode, 200)
    assert.equal(response.headers['x-surety-policy-decision'], 'allow')
    assert.equal(response.headers['x-surety-settlement-status'], 'held')
    assert.equal((await gateOf(response)).state, 'executing')
    const taken = await take(response)
    assert.deepEqual([taken.bytes, taken.hash], [FILM_BYTES, hashOfFilm()])
    const gate = await gateOf(response)
    assert.equal(gate.settlement?.status, 'captured')
    assert.equal(gate.settlement?.colour, 'green')
    const { responseHash, responseBytes, answerHash } = (await observationOf(idOf(response))) ?? {}
    assert.deepEqual([responseHash, responseBytes, answerHash], [hashOfFilm(), FILM_BYTES, null])
    assert.match(response.trailers['x-surety-receipt'] ?? '', /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
    // It was handed on once; nobody has it any more, and nobody pays for it again.
    const again = await ask(`/${seller}/film`, key)
    assert.equal(again.statusCode, 409)
    assert.match(await text(again), /response_not_kept/)
    assert.equal(again.headers['x-surety-settlement-status'], 'captured')
  })
}

async function text(response: IncomingMessage): Promise<string> {
  let whole = ''
  for await (const piece of response) whole += String(piece)
  return whole
}

test('the JSON door hands on 32 MiB too, as one JSON text', async () => {
  const bought = await buy(town, '/film')
  assert.equal(bought.gate?.state, 'executing')
  const body = Buffer.from(bought.response?.body ?? '', 'base64url')
  assert.equal(createHash('sha256').update(body).digest('hex'), hashOfFilm())
  const gate = await ended(bought.gate?.gateId ?? '')
  assert.equal(gate.settlement?.status, 'captured')
})

test('a slow answer is handed on while it is made, and kept if it was short', async () => {
  const key = randomUUID()
  await town.world.breakSeller('express', SLOWLY)
  const response = await ask('/express/ticker', key)
  assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/)
  assert.equal(response.headers['x-surety-settlement-status'], 'held')
  const { pieces, hash } = await take(response)
  await town.world.breakSeller('express', { type: 'none' })
  assert.ok(pieces > 1, `${String(pieces)} pieces`)
  const again = await ask('/express/ticker', key)
  assert.equal(again.statusCode, 200)
  assert.equal(again.headers['x-surety-settlement-status'], 'captured')
  assert.equal((await take(again)).hash, hash)
  assert.equal(idOf(again), idOf(response))
})

test('whoever hangs up in the middle loses nothing: it is paid for, and known in full', async () => {
  const response = await ask('/express/film')
  const gateId = idOf(response)
  await new Promise<void>((resolve) => response.once('data', () => resolve()))
  response.destroy()
  const gate = await ended(gateId)
  assert.deepEqual([gate.settlement?.status, gate.settlement?.colour], ['captured', 'green'])
  assert.equal(gate.claim, null)
  const seen = await observationOf(gateId)
  assert.deepEqual([seen?.responseHash, seen?.responseBytes], [hashOfFilm(), FILM_BYTES])
})

test('whoever hangs up a short answer is given it again', async () => {
  const key = randomUUID()
  await town.world.breakSeller('express', SLOWLY)
  const response = await ask('/express/ticker', key)
  response.destroy()
  await ended(idOf(response))
  await town.world.breakSeller('express', { type: 'none' })
  const again = await ask('/express/ticker', key)
  assert.equal(again.statusCode, 200)
  assert.equal((await take(again)).bytes, 6 * 64)
})

test('a server that dies in the middle has served nothing: captured, and a claim', async () => {
  await town.world.breakSeller('express', { type: 'cut', afterBytes: 10_000_000 })
  const response = await ask('/express/film')
  const gateId = idOf(response)
  await assert.rejects(take(response))
  await town.world.breakSeller('express', { type: 'none' })
  const gate = await ended(gateId)
  assert.equal(gate.settlement?.status, 'captured')
  assert.equal(gate.claim?.reason, 'response_missing')
  assert.equal(await observationOf(gateId), undefined)
})

test('what passes is not gathered: a reader that stands still stops the sender', async () => {
  written = 0
  isGone = false
  const response = await ask('/endless/forever')
  await new Promise<void>((resolve) => response.once('readable', () => resolve()))
  // As much as sockets on the way hold, and no more, however long nobody reads.
  let last = -1
  for (let quiet = 0; quiet < 20; quiet += 1) {
    if (written !== last) quiet = 0
    last = written
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.ok(written < 64 * 1_048_576, `${String(written)} bytes were sent to nobody`)
  const { rss } = process.memoryUsage()
  let taken = 0
  for await (const piece of response) {
    taken += (piece as Buffer).length
    if (taken > 200_000_000) break
  }
  const grown = process.memoryUsage().rss - rss
  assert.ok(grown < taken / 2, `${String(grown)} bytes more for ${String(taken)} that passed`)
  // What nobody paid for is not fetched to its end.
  for (const started = performance.now(); !isGone; ) {
    assert.ok(performance.now() - started < 5_000, 'it goes on for nobody')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
})

test('what is too much is cut off', async () => {
  written = 0
  const response = await ask('/endless/forever')
  await assert.rejects(take(response))
  assert.ok(written > 268_435_456)
})

test('a house that stops writes down what was on its way', async () => {
  const response = await ask('/express/film')
  const gateId = idOf(response)
  response.on('error', () => undefined)
  await new Promise<void>((resolve) => response.once('readable', () => resolve()))
  response.destroy()
  town.house = await town.house.restart()
  const { state } = await town.house.running.app.store.reads.state(
    { tenantId: town.house.founded.tenantId, environment: 'sandbox' },
    'gate',
    gateId,
  )
  assert.equal(state.status, 'settled')
})

test('after all of it the books are those of the chain', async () => {
  const { booked, onChain } = await moneyOf(town)
  assert.equal(booked, onChain)
  const { checks } = await fsck(town.house.directory)
  assert.deepEqual(
    checks.flatMap(({ problems }) => problems),
    [],
  )
})
