/** What no client library sends: bytes that are hardly HTTP, half a request, and silence. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { codeOf, ensureProblem } from '../support/answers.ts'
import { unchanged } from '../support/books.ts'
import { EXAMPLES, pathOf, type Stage, setStage } from '../support/examples.ts'
import { openHouse, purchase, type TestHouse } from '../support/house.ts'
import { answerOf, send, speak } from '../support/wire.ts'

let house: TestHouse
let stage: Stage
before(async () => {
  house = await openHouse()
  stage = await setStage(house)
})
after(() => house.close())

async function alive(): Promise<void> {
  assert.equal(codeOf(await send(house.running.url, { method: 'GET', path: '/healthz' })), 'ok')
}

/** The head of a request; lines are joined as HTTP wants it. */
function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

const GARBAGE: readonly (readonly [name: string, bytes: string | Uint8Array])[] = [
  ['noise', randomBytes(4_096)],
  ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ['no method', '\r\n\r\n\r\nx\r\n\r\n'],
  ['a method nobody knows', head('BREW /v1/gates HTTP/1.1', 'Host: h')],
  ['another version', head('GET / HTTP/9.9', 'Host: h')],
  ['no host', head('GET /healthz HTTP/1.1')],
  ['a head too large', head('GET /healthz HTTP/1.1', 'Host: h', `X: ${'x'.repeat(40_000)}`)],
  [
    'very many headers',
    head(
      'GET /healthz HTTP/1.1',
      'Host: h',
      ...Array.from({ length: 3_000 }, (_, i) => `X-${String(i)}: 1`),
    ),
  ],
  ['a header with a NUL', head('GET /healthz HTTP/1.1', 'Host: h', 'X: a\u0000b')],
  ['a header without a name', head('GET /healthz HTTP/1.1', 'Host: h', ': b')],
  [
    'two lengths',
    head('POST /v1/gates HTTP/1.1', 'Host: h', 'Content-Length: 2', 'Content-Length: 3'),
  ],
  [
    'a length and chunks',
    head('POST /v1/gates HTTP/1.1', 'Host: h', 'Content-Length: 2', 'Transfer-Encoding: chunked'),
  ],
  ['a negative length', head('POST /v1/gates HTTP/1.1', 'Host: h', 'Content-Length: -1')],
  [
    'chunks that are none',
    `${head('POST /v1/gates HTTP/1.1', 'Host: h', 'Content-Type: application/json', 'Transfer-Encoding: chunked')}zz\r\n`,
  ],
  ['an expectation nobody meets', head('GET /healthz HTTP/1.1', 'Host: h', 'Expect: miracles')],
  ['a tunnel', head('CONNECT other:443 HTTP/1.1', 'Host: h')],
  ['a target that is no path', head('GET http://[::1 HTTP/1.1', 'Host: h')],
  ['a body on a question', `${head('GET /healthz HTTP/1.1', 'Host: h', 'Content-Length: 2')}{}`],
]

for (const [name, bytes] of GARBAGE) {
  test(`${name}: a problem with a code and a remedy, and the house goes on`, async () => {
    await unchanged(house.directory, async () => {
      const heard = await speak(house.running.url, bytes)
      const answer = answerOf(heard)
      assert.ok(answer.status >= 400 && answer.status < 500, heard.slice(0, 200))
      ensureProblem(answer)
    })
    await alive()
  })
}

test('a request of an upgrade is answered as if it asked for none', async () => {
  const asked = head(
    'GET /healthz HTTP/1.1',
    'Host: h',
    'Connection: Upgrade',
    'Upgrade: websocket',
  )
  assert.equal(answerOf(await speak(house.running.url, asked)).status, 200)
  await alive()
})

test('a body on a route that takes none is refused, on every such route', async () => {
  const { hostname } = new URL(house.running.url)
  for (const route of API_ROUTES.filter(({ body }) => body === null)) {
    const example = EXAMPLES[`${route.method} ${route.path}`]?.(stage)
    if (example === undefined) throw new Error('no example')
    const lines = [
      `${route.method} ${pathOf(route.path, example)} HTTP/1.1`,
      `Host: ${hostname}`,
      `Authorization: Bearer ${example.as.apiKey}`,
      'Content-Type: application/json',
      'Content-Length: 7',
    ]
    await unchanged(house.directory, async () => {
      const answer = answerOf(await speak(house.running.url, `${head(...lines)}{"a":1}`))
      const code = route.method === 'GET' ? 'request_malformed' : 'schema_mismatch'
      assert.equal(codeOf(answer), code, route.path)
    })
  }
})

test('clients that hang up at any byte leave nothing behind and hold nothing up', async () => {
  const { market } = stage
  const body = JSON.stringify({ intent: 'x.y.z', padding: 'x'.repeat(2_000) })
  const whole = `${head(
    'POST /v1/gates HTTP/1.1',
    'Host: h',
    `Authorization: Bearer ${market.agent.apiKey}`,
    'Content-Type: application/json',
    `Content-Length: ${String(body.length)}`,
  )}${body}`
  await unchanged(house.directory, async () => {
    const cuts = Array.from({ length: 60 }, (_, i) => Math.floor((whole.length * i) / 60))
    await Promise.all(cuts.map((at) => speak(house.running.url, whole.slice(0, at), true)))
  })
  await alive()
})

test('clients that never finish keep nobody else waiting', async () => {
  const started = head(
    'POST /v1/gates HTTP/1.1',
    'Host: h',
    'Content-Type: application/json',
    'Content-Length: 9',
  )
  const slow = Array.from({ length: 40 }, () => speak(house.running.url, started))
  const settled = await purchase(market(), '5')
  assert.equal(settled.state, 'settled')
  await Promise.all(slow)
  await alive()
})

test('requests one after the other on one connection are answered in order', async () => {
  const one = head('GET /healthz HTTP/1.1', 'Host: h')
  const two = head('GET /v1/nothing HTTP/1.1', 'Host: h', 'Connection: close')
  const heard = await new Promise<string>((resolve) => {
    void speak(house.running.url, one + two).then(resolve)
  })
  assert.equal(answerOf(heard).status, 200)
  await alive()
})

const market = () => stage.market
