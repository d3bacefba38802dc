/** A request that changes something and costs nothing: one key, and it is sent once. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { fsck } from '@surety/server'
import { codeOf } from '../support/answers.ts'
import { applyProfile } from '../support/house.ts'
import { send } from '../support/wire.ts'
import { buyingProfile, openTown, type Town } from './town.ts'

let town: Town
let shop: Server
let origin: string
let status = 200
const orders: string[] = []
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  shop = createServer(async (incoming, response) => {
    const pieces: Buffer[] = []
    for await (const piece of incoming) pieces.push(piece as Buffer)
    orders.push(`${incoming.method ?? ''} ${Buffer.concat(pieces).toString()}`)
    if (status === 0) response.destroy()
    else response.writeHead(status).end('ordered')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => shop.once('listening', resolve))
  origin = `http://127.0.0.1:${String((shop.address() as AddressInfo).port)}`
  const profile = buyingProfile(town)
  const { x402 } = profile
  if (x402 === undefined) throw new Error('a profile that buys')
  const methods: ('GET' | 'POST')[] = ['GET', 'POST']
  const origins = [{ origin, methods, privateAddresses: true, alias: 'shop' }]
  await applyProfile(town.house, { ...profile, x402: { ...x402, origins } })
})
after(async () => {
  shop?.close()
  const found = await fsck(town.house.directory)
  await town.close()
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})

/** Orders through a door; answers `ok`, or the code. */
async function order(
  door: 'fetch' | 'proxy',
  key: string,
  body: string,
  method = 'POST',
): Promise<string> {
  const { grantHash, agent } = town
  const { apiKey } = agent
  const { url } = town.house.running
  const asked = { url: `${origin}/order`, method, grantHash, ...(body === '' ? {} : { body }) }
  if (door === 'fetch') {
    return codeOf(await send(url, { method: 'POST', path: '/v1/fetch', apiKey, key, body: asked }))
  }
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'idempotency-key': key,
    'x-surety-grant': grantHash,
    'content-type': 'text/plain',
  }
  const answer = await fetch(`${url}/proxy/shop/order`, { method, headers, body })
  return answer.ok ? 'ok' : ((await answer.json()) as { code: string }).code
}

for (const door of ['fetch', 'proxy'] as const) {
  test(`by ${door}: sent once under its key, whatever is asked again (once)`, async () => {
    orders.length = 0
    const key = randomUUID()
    assert.equal(await order(door, key, 'one'), 'ok')
    assert.equal(await order(door, key, 'one'), 'response_not_kept')
    assert.equal(await order(door, key, 'ninety-nine'), 'idempotency_key_reused')
    assert.deepEqual(orders, ['POST one'])
    assert.equal(await order(door, randomUUID(), 'one'), 'ok')
    assert.deepEqual(orders, ['POST one', 'POST one'])
  })
}

test('of two at once with one key one is sent (once)', async () => {
  orders.length = 0
  const key = randomUUID()
  const both = await Promise.all([order('proxy', key, 'one'), order('proxy', key, 'one')])
  assert.deepEqual(orders, ['POST one'])
  assert.ok(both.includes('ok'))
})

test('what failed may be sent again under its key, and what changes nothing always', async () => {
  orders.length = 0
  const key = randomUUID()
  status = 0
  assert.equal(await order('fetch', key, 'one'), 'web_unreachable')
  status = 200
  assert.equal(await order('fetch', key, 'one'), 'ok')
  assert.equal(await order('fetch', key, 'one'), 'response_not_kept')
  const reading = randomUUID()
  assert.equal(await order('fetch', reading, '', 'GET'), 'ok')
  assert.equal(await order('fetch', reading, '', 'GET'), 'ok')
  assert.deepEqual(orders, ['POST one', 'POST one', 'GET ', 'GET '])
})
