/** Secrets and payload bodies: in no event, no document, no receipt, no notice and no log. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { toBase64url } from '@surety/protocol'
import { httpFingerprint } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { everyByte, settledSignatures } from '../support/books.ts'
import {
  declareAndAuthorize,
  execute,
  type Market,
  openHouse,
  openMarket,
  profileFor,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

const SECRET_BODY = '{"answer":"the-secret-of-the-response"}'
const SECRET_REQUEST = 'the-secret-of-the-request'

/** A purchase whose request and response nobody but its parties may know. */
async function confidential() {
  await rule(house, market, {
    settlement: {
      ...profileFor([]).settlement,
      verifiers: [
        { verifier: 'status' },
        { verifier: 'schema', schema: { type: 'object', required: ['answer'] } },
      ],
    },
  })
  const request = { method: 'POST', url: 'https://api.example/v1/data', body: SECRET_REQUEST }
  const requestFingerprint = httpFingerprint(request, nodeCrypto)
  const gate = await declareAndAuthorize(market, '5', { requestFingerprint })
  await execute(market, gate)
  const responseHash = nodeCrypto.sha256(SECRET_BODY)
  const body = {
    response: statement(market, gate, { responseHash }),
    body: Buffer.from(SECRET_BODY).toString('base64url'),
  }
  return market.agent.client.call('postGatesEvidence', { params: { gateId: gate.gateId }, body })
}

/** A text as it is, and as it would stand in base64, whatever stands before it. */
function forms(text: string): readonly string[] {
  const shifted = [0, 1, 2].map((pad) => {
    const encoded = Buffer.from('x'.repeat(pad) + text).toString('base64url')
    return encoded.slice(4, -4)
  })
  return [text, ...shifted]
}

test('a body that was shown to be judged is forgotten, and only its verdict stays (redaction)', async () => {
  const settled = await confidential()
  assert.equal(settled.settlement?.colour, 'green')
  await house.running.tick()
  await settledSignatures(house.directory)
  const bytes = everyByte(house.directory)
  for (const secret of ['the-secret-of-the-response', SECRET_REQUEST]) {
    for (const form of forms(secret)) assert.ok(!bytes.includes(form), form)
  }
  const answers = JSON.stringify([
    settled,
    await house.operator.client.call('getGatesEvents', { params: { gateId: settled.gateId } }),
    await house.operator.client.call('getGatesBundle', { params: { gateId: settled.gateId } }),
  ])
  for (const form of forms('the-secret-of-the-response')) assert.ok(!answers.includes(form))
})

test('a private seed and an API key are nowhere in what the house keeps but its own keystore (redaction)', async () => {
  const bytes = everyByte(house.directory)
  const seeds = [market.agent, market.payer, market.provider].flatMap(({ keys = [] }) =>
    keys.map(({ privateSeed }) => privateSeed),
  )
  const own = house.founded.keys.map(({ privateSeed }) => privateSeed)
  for (const text of [...seeds.map((seed) => toBase64url(seed)), ...own]) {
    const raw = Buffer.from(text, 'base64url')
    for (const form of [
      text,
      raw.toString('hex'),
      raw.toString('base64'),
      raw.toString('latin1'),
    ]) {
      assert.ok(!bytes.includes(form))
    }
  }
  for (const { apiKey } of [house.operator, market.agent, market.payer, market.provider]) {
    assert.ok(!bytes.includes(apiKey.slice(-43)))
  }
})

test('the notices name ids and words, and nothing of the request (redaction)', async () => {
  await confidential()
  await house.running.tick()
  const { readFileSync } = await import('node:fs')
  const notices = readFileSync(`${house.directory}/notices.jsonl`, 'utf8').trim().split('\n')
  assert.ok(notices.length > 0)
  for (const line of notices) {
    assert.doesNotMatch(line, /api\.example|amount|https?:|jws|eyJ/)
  }
})

const SERVE = fileURLToPath(new URL('../support/serve.ts', import.meta.url))

/** Serves a house of its own in a process of its own, with every word of the log kept. */
async function served(): Promise<{
  url: string
  apiKey: string
  log: () => string
  stop: () => Promise<void>
}> {
  const args = ['--conditions=@surety/source', SERVE]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let log = ''
  const ready = new Promise<{ url: string; apiKey: string }>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      const line = /^READY (.*)$/m.exec(log)?.[1]
      if (line !== undefined) resolve(JSON.parse(line) as { url: string; apiKey: string })
    })
  })
  child.stdout.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const { url, apiKey } = await ready
  log = log.replace(/^READY .*$/m, '')
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.stdin.end()
    await ended
  }
  return { url, apiKey, log: () => log, stop }
}

test('the log of a house that is told the most holds no secret and no body (redaction)', async () => {
  const { url, apiKey, log, stop } = await served()
  const tail = apiKey.slice(-43)
  const hostile = `{"name":"${SECRET_REQUEST}"`
  const requests = [
    { method: 'GET', path: '/v1/whoami', apiKey },
    { method: 'POST', path: '/v1/principals', apiKey, body: hostile },
    {
      method: 'POST',
      path: '/v1/principals',
      apiKey,
      body: { kind: 'app', name: SECRET_REQUEST, keys: [] },
    },
    { method: 'POST', path: '/v1/gates', apiKey, body: { intent: `${SECRET_REQUEST}.x.y` } },
    { method: 'GET', path: '/v1/whoami', apiKey: `${apiKey.slice(0, -1)}!` },
    { method: 'GET', path: `/v1/gates?cursor=${tail}` },
  ]
  for (const request of requests) await send(url, request)
  await stop()
  for (const secret of [apiKey, tail, SECRET_REQUEST]) assert.ok(!log().includes(secret))
})
