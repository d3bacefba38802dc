/** More than it can do: it says so at once, and goes on. Stopping loses nothing. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { type Answer, codeOf } from '../support/answers.ts'
import { countEvents, ensureBooks, rows } from '../support/books.ts'
import {
  clientOf,
  draftIntent,
  type Market,
  openHouse,
  openMarket,
  purchase,
  type TestHouse,
} from '../support/house.ts'
import { send, speak } from '../support/wire.ts'

function tally(codes: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1)
  return counts
}

function declareMany(house: TestHouse, market: Market, count: number) {
  const { apiKey } = market.agent
  return Array.from({ length: count }, () => {
    const body = { intent: draftIntent(market, '1').jws }
    return send(house.running.url, {
      method: 'POST',
      path: '/v1/gates',
      apiKey,
      body,
      key: randomUUID(),
    })
  })
}

async function flooded(house: TestHouse): Promise<void> {
  const market = await openMarket(house)
  const before = countEvents(house.directory, 'gateDeclared')
  const answers = await Promise.all(declareMany(house, market, 300))
  const codes = tally(answers.map(codeOf))
  const taken = codes.get('ok') ?? 0
  assert.ok(taken > 0)
  assert.ok((codes.get('overloaded') ?? 0) > 0)
  assert.equal(taken + (codes.get('overloaded') ?? 0), 300)
  for (const { status, headers } of answers) {
    if (status === 503) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  }
  // What was answered is there, what was refused is not.
  assert.equal(countEvents(house.directory, 'gateDeclared'), before + taken)
  assert.equal((await purchase(market, '5')).state, 'settled')
}

test('more requests than may be in progress are refused at once with 503, and then all is well', async (t) => {
  const house = await openHouse({ requestsMax: 4 })
  t.after(() => house.close())
  await flooded(house)
})

test('more commands than may wait for the writer are refused at once with 503, and then all is well', async (t) => {
  const house = await openHouse({ waitingMax: 2 })
  t.after(() => house.close())
  await flooded(house)
})

test('a house that is full still says that it is alive', async (t) => {
  const house = await openHouse({ requestsMax: 1 })
  t.after(() => house.close())
  const stuck = halfSent(house.running.url, `Authorization: Bearer ${house.operator.apiKey}\r\n`)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const ask = async (path: string) => codeOf(await send(house.running.url, { method: 'GET', path }))
  assert.equal(await ask('/healthz'), 'ok')
  assert.equal(await ask('/readyz'), 'overloaded')
  await stuck
  assert.equal(await ask('/readyz'), 'ok')
})

test('requests of strangers that never end take no place of anybody', async (t) => {
  const house = await openHouse({ requestsMax: 1 })
  t.after(() => house.close())
  const stuck = [1, 2, 3].map(() => halfSent(house.running.url, ''))
  await new Promise((resolve) => setTimeout(resolve, 50))
  const answer = await send(house.running.url, {
    method: 'GET',
    path: '/v1/whoami',
    apiKey: house.operator.apiKey,
  })
  assert.equal(codeOf(answer), 'ok')
  await Promise.all(stuck)
})

/** Sends the head of a request and never its body. */
function halfSent(url: string, credential: string) {
  const head = `POST /v1/gates HTTP/1.1\r\nHost: h\r\n${credential}`
  return speak(url, `${head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n`)
}

test('bodies without end take no memory: they are cut off at the limit', async (t) => {
  const house = await openHouse({ bodyBytesMax: 1_024 })
  t.after(() => house.close())
  const before = process.memoryUsage().rss
  const body = `"${'x'.repeat(2_000_000)}"`
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      send(house.running.url, {
        method: 'POST',
        path: '/v1/gates',
        apiKey: house.operator.apiKey,
        body,
      }).catch(() => undefined),
    ),
  )
  for (const answer of answers) {
    // A connection may be cut before everything was sent.
    if (answer !== undefined) assert.equal(codeOf(answer), 'body_too_large')
  }
  assert.ok(answers.some((answer) => answer !== undefined))
  assert.ok(process.memoryUsage().rss - before < 400_000_000)
})

test('a client of ours waits for a full house and is served', async (t) => {
  const house = await openHouse({ requestsMax: 8 })
  t.after(() => house.close())
  const market = await openMarket(house)
  const { client } = market.agent
  const declared = await Promise.all(
    Array.from({ length: 16 }, () =>
      client.call('postGates', { body: { intent: draftIntent(market, '1').jws } }),
    ),
  )
  assert.equal(new Set(declared.map(({ gateId }) => gateId)).size, 16)
})

test('stopping loses nothing that was answered, and answers nothing that is lost', async (t) => {
  const house = await openHouse()
  t.after(() => house.close())
  const market = await openMarket(house)
  const pending = declareMany(house, market, 200).map((answer) => answer.catch(() => undefined))
  await Promise.race(pending)
  const reopening = house.restart()
  const answers = await Promise.all(pending)
  const again = await reopening
  t.after(() => again.close())
  const answered = answers.filter((answer): answer is Answer => answer?.status === 201)
  assert.ok(answered.length > 0)
  const codes = tally(answers.flatMap((answer) => (answer === undefined ? [] : [codeOf(answer)])))
  for (const code of codes.keys()) assert.ok(['ok', 'shutting_down'].includes(code), code)
  const client = clientOf(again.running.url, market.agent.apiKey)
  for (const { text } of answered) {
    const { gateId } = JSON.parse(text) as { gateId: string }
    assert.equal((await client.call('getGatesOne', { params: { gateId } })).state, 'declared')
  }
  assert.equal(countEvents(again.directory, 'gateDeclared'), answered.length)
  const unsigned = 'SELECT * FROM signatures WHERE signature IS NULL'
  await again.running.tick()
  assert.deepEqual(rows(again.directory, unsigned), [])
  ensureBooks(again.directory)
})

test('while it stops it takes nothing new', async (t) => {
  const house = await openHouse()
  t.after(() => house.close())
  const { url } = house.running
  const { operator } = house
  const open = send(url, { method: 'GET', path: '/v1/whoami', apiKey: operator.apiKey })
  await open
  const stopping = house.running.stop()
  const late = await send(url, { method: 'GET', path: '/v1/whoami', apiKey: operator.apiKey }).then(
    codeOf,
    () => 'closed',
  )
  assert.ok(['shutting_down', 'closed'].includes(late))
  await stopping
})
