/** Buying by plain HTTP: the proxy form of the one purchase path, and what it lets through. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { readJws } from '@surety/protocol'
import { httpFingerprint } from '@surety/sdk'
import { fsck, nodeCrypto } from '@surety/server'
import { applyProfile } from '../support/house.ts'
import { buy, buyingProfile, moneyOf, openTown, type Town } from './town.ts'

let town: Town
interface Reached {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
let seen: Reached[]
/** A server that asks for nothing and tells what reached it. */
const mirror = createServer(async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const { url = '', headers, method } = request
  seen.push({ url: `${method} ${url}`, headers, body: Buffer.concat(pieces).toString() })
  response.writeHead(url.startsWith('/moved') ? 302 : 207, {
    'content-type': 'text/html',
    'set-cookie': 'session=stolen',
    'x-surety-policy-decision': 'allow',
    'x-kept': ['one', 'two'],
    'access-control-allow-origin': '*',
    'idempotent-replayed': 'true',
    'www-authenticate': 'Basic',
    'cache-control': 'public, max-age=60',
    connection: 'x-of-this-hop',
    'x-of-this-hop': 'gone',
    ...(url.startsWith('/moved') ? { location: '/there?x=1' } : {}),
  })
  response.end('<p>mirrored</p>')
})

before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hostile'] } })
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', resolve))
  const address = mirror.address()
  const origin = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
  const { x402 } = buyingProfile(town)
  assert.ok(x402 !== undefined)
  const named = { origin, methods: ['GET', 'POST', 'DELETE'] as const, alias: 'mirror' }
  const origins = [
    ...x402.origins,
    { ...named, methods: [...named.methods], privateAddresses: true },
  ]
  await applyProfile(town.house, buyingProfile(town, { x402: { ...x402, origins } }))
  seen = []
})
after(async () => {
  mirror.close()
  await town.close()
})

function ask(path: string, init: RequestInit = {}, agent = town.agent): Promise<Response> {
  const headers = new Headers(init.headers)
  if (!headers.has('authorization')) headers.set('authorization', `Bearer ${agent.apiKey}`)
  if (!headers.has('x-surety-grant')) headers.set('x-surety-grant', town.grantHash)
  const url = `${town.house.running.url}/proxy${path}`
  return fetch(url, { redirect: 'manual', ...init, headers })
}

async function problemOf(response: Response): Promise<{ code: string; detail: string }> {
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(response.headers.get('x-surety-answer-of'), null)
  return (await response.json()) as { code: string; detail: string }
}

test('a plain request buys: the answer, the six headers, the gate and its receipt', async () => {
  const had = await town.world.balance(PAYEES.express)
  const response = await ask('/express/weather')
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), { city: 'Lisbon', celsius: 19 })
  const { headers } = response
  assert.equal(headers.get('x-surety-policy-decision'), 'allow')
  assert.equal(headers.get('x-surety-reason-code'), 'allowed')
  assert.equal(headers.get('x-surety-settlement-status'), 'captured')
  assert.equal(headers.get('x-surety-verification-status'), 'green')
  assert.equal(headers.get('x-surety-answer-of'), 'express')
  const gateId = headers.get('x-surety-gate-id') ?? ''
  const gate = await town.agent.client.call('getGatesOne', { params: { gateId } })
  assert.equal(gate.decision?.decisionId, headers.get('x-surety-decision-id'))
  assert.equal(gate.decision?.policyHash, headers.get('x-surety-policy-hash'))
  const receipt = readJws(headers.get('x-surety-receipt') ?? '')
  assert.ok(receipt.ok)
  assert.match(receipt.value.payload, /"outcome":"captured"/)
  assert.equal(await town.world.balance(PAYEES.express), had + 10_000n)
})

test('one key is one purchase, through both doors, and its answer is given again', async () => {
  const idempotencyKey = randomUUID()
  const headers = { 'idempotency-key': idempotencyKey }
  const first = await ask('/express/report', { headers })
  const had = await town.world.balance(PAYEES.express)
  const again = await ask('/express/report', { headers })
  assert.equal(await again.text(), await first.text())
  assert.equal(again.headers.get('idempotent-replayed'), 'true')
  const { gate } = await buy(town, '/report', { idempotencyKey })
  assert.equal(gate?.gateId, first.headers.get('x-surety-gate-id'))
  assert.equal(await town.world.balance(PAYEES.express), had)
  const other = await ask('/express/weather', { headers })
  assert.equal((await problemOf(other)).code, 'idempotency_key_reused')
})

test('a body of any type goes with a method that the profile names', async () => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' }
  const response = await ask('/express/translate', init)
  assert.deepEqual(await response.json(), { translated: { a: 1 } })
  const deleted = await ask('/express/weather', { method: 'DELETE' })
  assert.equal(deleted.status, 403)
  assert.equal(deleted.headers.get('x-surety-reason-code'), 'origin_method_not_allowed')
  assert.equal((await problemOf(deleted)).code, 'payment_denied')
})

test('what was meant for Surety goes no further, and nothing comes back in its name', async () => {
  seen = []
  const response = await ask('/mirror/a/b?q=1&q=2&r=%2F', {
    method: 'POST',
    headers: {
      'idempotency-key': randomUUID(),
      'x-surety-maximum': `1 ${town.world.asset}`,
      cookie: 'session=mine',
      'x-forwarded-for': '10.0.0.1',
      'x-own': 'kept',
      'content-type': 'application/octet-stream',
    },
    body: 'bytes',
  })
  assert.equal(response.status, 207)
  assert.equal(await response.text(), '<p>mirrored</p>')
  assert.equal(response.headers.get('x-kept'), 'one, two')
  const others = ['x-of-this-hop', 'idempotent-replayed', 'www-authenticate']
  for (const name of ['set-cookie', 'access-control-allow-origin', ...others]) {
    assert.equal(response.headers.get(name), null, name)
  }
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.equal(response.headers.get('content-security-policy'), 'sandbox')
  const [reached] = seen
  assert.equal(reached?.url, 'POST /a/b?q=1&q=2&r=%2F')
  assert.equal(reached?.body, 'bytes')
  assert.equal(reached?.headers['x-own'], 'kept')
  const names = Object.keys(reached?.headers ?? {})
  const ours = /^(?:authorization|cookie|idempotency-key|x-surety-.*|x-forwarded-.*)$/
  assert.deepEqual(
    names.filter((name) => ours.test(name)),
    [],
  )
  assert.doesNotMatch(JSON.stringify(seen), new RegExp(town.agent.apiKey))
})

test('a redirect below the origin is told as the agent reaches it', async () => {
  const response = await ask('/mirror/moved')
  assert.equal(response.status, 302)
  assert.equal(response.headers.get('location'), '/proxy/mirror/there?x=1')
})

/** A request target byte by byte, as no client would write it. */
function raw(target: string, more: readonly string[] = []): Promise<string> {
  const { hostname, port } = new URL(town.house.running.url)
  const head = [
    `GET ${target} HTTP/1.1`,
    `Host: ${hostname}`,
    `Authorization: Bearer ${town.agent.apiKey}`,
    `X-Surety-Grant: ${town.grantHash}`,
    'Connection: close',
    ...more,
  ]
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let text = ''
    socket.on('data', (piece) => {
      text += piece.toString('latin1')
    })
    socket.on('close', () => resolve(text)).on('error', reject)
    socket.write(`${head.join('\r\n')}\r\n\r\n`)
  })
}

test('no path leaves the origin, or means one place here and another there', async () => {
  seen = []
  const targets = [
    '/proxy/mirror/../hostile/weather',
    '/proxy/mirror/a/../../x',
    '/proxy/mirror/%2e%2e/x',
    '/proxy/mirror/.%2E/x',
    '/proxy/mirror/%252e%252e/x',
    '/proxy/mirror/a%2fb',
    '/proxy/mirror/a%252Fb',
    '/proxy/mirror/a%5cb',
    '/proxy/mirror/a\\..\\b',
    '/proxy/mirror/a%00b',
    '/proxy/mirror/.',
    '/proxy/mirror/a#b',
    'http://evil.example/proxy/mirror/x',
    'http://127.0.0.1/x',
    '//evil.example/x',
    '/proxy/mirror@evil.example/x',
    '/proxy/mirror:80/x',
    '/proxy/%6dirror/x',
    '/proxy//mirror/x',
    '/proxy/',
  ]
  for (const target of targets) {
    const text = await raw(target)
    assert.match(text, /^HTTP\/1\.1 4\d\d /, target)
    assert.match(text, /application\/problem\+json/, target)
  }
  assert.deepEqual(seen, [])
  // What stays below the origin arrives as it was written.
  for (const path of [
    '/',
    '//evil.example/x',
    '/a%20b/%C3%A9',
    '/..a/b..',
    '/x?p=../../y',
    '/@b:1',
  ]) {
    assert.match(await raw(`/proxy/mirror${path}`), /^HTTP\/1\.1 207 /, path)
    assert.equal((seen as Reached[]).pop()?.url, `GET ${path}`)
  }
})

test('an alias that the profile does not have, and headers that say nothing, are refused', async () => {
  const missing = await ask('/elsewhere/weather')
  assert.equal(missing.status, 404)
  assert.equal((await problemOf(missing)).code, 'proxy_alias_not_found')
  for (const headers of [
    { 'x-surety-grant': 'mine' },
    { 'x-surety-maximum': '5' },
    { 'x-surety-maximum': `0.05 ${town.world.asset}` },
    { 'x-surety-intent': 'not a statement' },
  ]) {
    const problem = await problemOf(await ask('/express/weather', { headers }))
    assert.equal(problem.code, 'proxy_header_invalid', JSON.stringify(headers))
    assert.match(problem.detail, /X-Surety-/)
  }
  const key = await ask('/express/weather', { headers: { 'idempotency-key': '!' } })
  assert.equal((await problemOf(key)).code, 'idempotency_key_invalid')
  const nobody = await ask('/express/weather', { headers: { authorization: 'Bearer nobody' } })
  assert.equal((await problemOf(nobody)).code, 'credentials_invalid')
  const credential = await ask('/express/weather', { headers: { 'payment-signature': 'x' } })
  assert.equal((await problemOf(credential)).code, 'web_header_refused')
})

test('a maximum holds, and costs nothing where it is passed', async () => {
  const before = await moneyOf(town)
  const headers = { 'x-surety-maximum': `9999 ${town.world.asset}` }
  const dear = await ask('/express/weather', { headers })
  assert.equal((await problemOf(dear)).code, 'offer_above_maximum')
  const denied = await ask('/express/forecast')
  assert.equal(denied.status, 403)
  assert.equal(denied.headers.get('x-surety-reason-code'), 'irrevocable_not_allowed')
  assert.equal((await problemOf(denied)).code, 'payment_denied')
  assert.deepEqual(await moneyOf(town), before)
})

test('nothing conclusive came: unknown, and the same key goes on with the same credential', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  await town.world.breakFacilitator({ type: 'down' })
  await town.world.breakSeller('express', { type: 'drop' })
  const unknown = await ask('/express/weather', { headers })
  assert.equal(unknown.status, 504)
  assert.equal(unknown.headers.get('x-surety-settlement-status'), 'unknown')
  assert.equal((await problemOf(unknown)).code, 'payment_unknown')
  await town.world.breakFacilitator({ type: 'none' })
  await town.world.breakSeller('express', { type: 'none' })
  const paid = await ask('/express/weather', { headers })
  assert.equal(paid.status, 200)
  assert.equal(paid.headers.get('x-surety-settlement-status'), 'captured')
})

test('paid, and no answer came: it says so, and there is a claim', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  await town.world.breakSeller('express', { type: 'drop' })
  const lost = await ask('/express/weather', { headers })
  await town.world.breakSeller('express', { type: 'none' })
  assert.equal(lost.status, 502)
  assert.equal(lost.headers.get('x-surety-settlement-status'), 'captured')
  assert.equal((await problemOf(lost)).code, 'response_missing')
})

test('who must sign is told what, and the signed intent goes in a header', async () => {
  const signs = buyingProfile(town, {}, true)
  await applyProfile(town.house, signs)
  const asked = await ask('/express/weather')
  assert.equal(asked.status, 409)
  const problem = (await asked.json()) as { code: string; params: Record<string, string> }
  assert.equal(problem.code, 'intent_signature_required')
  const { amount = '', asset = '', payee = '', rail = '', network = '', url = '' } = problem.params
  assert.equal(url, `${town.world.urls.express ?? ''}/weather`)
  const { jws } = town.agent.party.intent({
    requestFingerprint: httpFingerprint({ method: 'GET', url, body: '' }, nodeCrypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: false,
    ...{ amount, asset, payee: payee as never, rail, network },
    grantHash: town.grantHash,
  })
  const bought = await ask('/express/weather', { headers: { 'x-surety-intent': jws } })
  assert.equal(bought.status, 200)
  assert.equal(bought.headers.get('x-surety-settlement-status'), 'captured')
  await applyProfile(town.house, buyingProfile(town))
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
