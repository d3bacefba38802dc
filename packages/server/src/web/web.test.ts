/** The guard against real servers on loopback, and a name that answers differently each time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type WebCode, WebFailure, type WebRequest } from '../ports/web.ts'
import type { Resolve } from './resolve.ts'
import { guardedWeb, urlOf } from './web.ts'

const LIMITS = { bodyBytesMax: 100_000, headTimeMs: 2_000, timeMs: 4_000 }
const home: Resolve = () => Promise.resolve(['127.0.0.1'])

const request = (url: string, more: Partial<WebRequest> = {}): WebRequest => ({
  method: 'GET',
  url,
  headers: [],
  mayBePrivate: true,
  limits: LIMITS,
  ...more,
})

async function listening(t: TestContext, server: Server | ReturnType<typeof createSocketServer>) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${String(await listening(t, createServer(listener)))}`
}

/** A server below HTTP: what it writes is not made well by a library. */
async function serveBytes(t: TestContext, talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createSocketServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    talk(socket)
  })
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${String(await listening(t, server))}`
}

function failing(code: WebCode, sent: 'no' | 'maybe') {
  return (error: unknown) => {
    assert.ok(error instanceof WebFailure, String(error))
    assert.deepEqual([error.code, error.sent], [code, sent], String(error.cause))
    return true
  }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

test('a request goes out as given, and its answer comes back', async (t) => {
  let seen: IncomingMessage | undefined
  const url = await serve(t, (req, res) => {
    seen = req
    req.pipe(res.writeHead(201, { 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] }))
  })
  const answer = await guardedWeb().fetch(
    request(`${url}/path?a=b#secret`, {
      method: 'POST',
      headers: [
        ['X-Mine', 'yes'],
        ['Host', 'elsewhere.example'],
        ['Transfer-Encoding', 'chunked'],
        ['Content-Length', '7'],
        ['Connection', 'keep-alive'],
      ],
      body: Buffer.from('hello'),
    }),
  )
  assert.equal(answer.status, 201)
  assert.equal(text(await answer.collect()), 'hello')
  assert.equal(seen?.url, '/path?a=b')
  assert.equal(seen?.headers['x-mine'], 'yes')
  assert.equal(`http://${seen?.headers.host ?? ''}`, url)
  assert.equal(seen?.headers['content-length'], '5')
  assert.equal(seen?.headers['transfer-encoding'], undefined)
  assert.equal(seen?.headers.connection, 'close')
  const names = answer.headers.map(([name]) => name)
  assert.deepEqual(names.filter((name) => name === 'set-cookie').length, 2)
  assert.ok(!names.includes('connection') && !names.includes('transfer-encoding'))
})

test('what is no plain http or https URL is refused before anything happens', () => {
  const refused = [
    '',
    'example.com',
    '//example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:1',
    'http://',
    'http://user@example.com/',
    'http://user:secret@example.com/',
    'http://:secret@example.com/',
    'http://exa mple.com/',
    'http://256.256.256.256/',
    'http://[::1%25lo]/',
    'http://mail.example:25/',
    'https://example.com:22/',
    'http://example.com:6379/',
    'http://example.com:0/',
    `http://example.com/${'a'.repeat(2_048)}`,
  ]
  for (const url of refused) assert.throws(() => urlOf(url), failing('web_url_invalid', 'no'), url)
  assert.equal(urlOf('HTTP://EXAMPLE.com:80/a#b').href, 'http://example.com/a')
})

test('no spelling of an internal host is reached unless the origin is named', async (t) => {
  let calls = 0
  const url = await serve(t, (_, res) => {
    calls += 1
    res.end()
  })
  const { port } = new URL(url)
  const spellings = ['127.0.0.1', '127.1', '0x7f.1', '017700000001', '2130706433', '[::1]']
  const more = ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', 'localhost', '10.0.0.1', '192.168.0.1']
  for (const host of [...spellings, ...more]) {
    const target = request(`http://${host}:${port}/`, { mayBePrivate: false })
    await assert.rejects(guardedWeb().fetch(target), failing('web_address_refused', 'no'), host)
  }
  assert.equal(calls, 0)
  assert.equal((await guardedWeb().fetch(request(`http://2130706433:${port}/`))).status, 200)
  assert.equal(calls, 1)
})

test('metadata services are refused even where private origins are named', async () => {
  const hosts = [
    '169.254.169.254',
    '[fd00:ec2::254]',
    '168.63.129.16',
    '[fd20:ce::254]',
    '[::ffff:a9fe:a9fe]',
  ]
  for (const host of [...hosts, '0.0.0.0', '[::]']) {
    const target = request(`http://${host}/latest/meta-data/`)
    await assert.rejects(guardedWeb().fetch(target), failing('web_address_refused', 'no'), host)
  }
})

test('a name that answers otherwise the second time is asked once: no rebinding', async (t) => {
  let calls = 0
  const url = await serve(t, (_, res) => {
    calls += 1
    res.end()
  })
  let asked = 0
  const rebinding: Resolve = () => {
    asked += 1
    return Promise.resolve(asked === 1 ? ['192.0.2.7'] : ['127.0.0.1'])
  }
  const web = guardedWeb({ resolve: rebinding })
  const target = request(`http://rebind.example:${new URL(url).port}/`, { mayBePrivate: false })
  await assert.rejects(web.fetch(target), failing('web_address_refused', 'no'))
  assert.equal(asked, 1)
  await assert.rejects(web.fetch(target), failing('web_address_refused', 'no'))
  assert.equal(asked, 2)
  assert.equal(calls, 0)
})

test('the connection goes to the address that was checked, under the name that was asked', async (t) => {
  let host: string | undefined
  const url = await serve(t, (req, res) => {
    host = req.headers.host
    res.end('here')
  })
  const { port } = new URL(url)
  // Nobody else knows this name: if it were resolved again, there would be no connection.
  const web = guardedWeb({ resolve: home })
  const answer = await web.fetch(request(`http://shop.invalid:${port}/`))
  assert.equal(text(await answer.collect()), 'here')
  assert.equal(host, `shop.invalid:${port}`)
})

test('one bad address among good ones refuses the name', async () => {
  const resolve: Resolve = () => Promise.resolve(['8.8.8.8', '127.0.0.1'])
  const target = request('http://mixed.example/', { mayBePrivate: false })
  const refused = failing('web_address_refused', 'no')
  await assert.rejects(guardedWeb({ resolve }).fetch(target), refused)
})

test('the next address is tried while nothing was sent', async (t) => {
  const url = await serve(t, (_, res) => res.end('second'))
  const resolve: Resolve = () => Promise.resolve(['127.0.0.2', '127.0.0.1'])
  const web = guardedWeb({ resolve })
  const answer = await web.fetch(request(`http://two.example:${new URL(url).port}/`))
  assert.equal(text(await answer.collect()), 'second')
})

test('a name without an address, and a server that is not there', async () => {
  const nowhere = guardedWeb({
    resolve: () => Promise.reject(new Error('SERVFAIL from 10.0.0.53')),
  })
  const target = request('http://nobody.example/')
  await assert.rejects(nowhere.fetch(target), failing('web_name_unresolved', 'no'))
  const closed = request('http://127.0.0.1:2/')
  await assert.rejects(guardedWeb().fetch(closed), failing('web_unreachable', 'no'))
})

test('a resolver that never answers is not waited for', async () => {
  const web = guardedWeb({ resolve: () => new Promise(() => undefined) })
  const limits = { ...LIMITS, headTimeMs: 50 }
  const target = request('http://slow.example/', { limits })
  await assert.rejects(web.fetch(target), failing('web_timeout', 'no'))
})

test('a redirect is an answer and is not followed', async (t) => {
  let calls = 0
  const url = await serve(t, (_, res) => {
    calls += 1
    res.writeHead(302, { location: 'http://169.254.169.254/' }).end()
  })
  const answer = await guardedWeb().fetch(request(url))
  assert.equal(answer.status, 302)
  assert.deepEqual(
    answer.headers.find(([name]) => name === 'location'),
    ['location', 'http://169.254.169.254/'],
  )
  answer.discard()
  assert.equal(calls, 1)
})

test('a server that dribbles its head, or never sends one, is given up', async (t) => {
  const silent = await serveBytes(t, () => undefined)
  const dribbling = await serveBytes(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const timer = setInterval(() => socket.write('x-a: b\r\n'), 10)
    socket.on('close', () => clearInterval(timer))
  })
  const limits = { ...LIMITS, headTimeMs: 120 }
  for (const url of [silent, dribbling]) {
    const target = request(url, { limits })
    await assert.rejects(guardedWeb().fetch(target), failing('web_timeout', 'maybe'))
  }
})

test('a server that dribbles its body is given up', async (t) => {
  const url = await serve(t, (_, res) => {
    const timer = setInterval(() => res.write('.'), 10)
    res.on('close', () => clearInterval(timer))
  })
  const limits = { ...LIMITS, timeMs: 150 }
  const answer = await guardedWeb().fetch(request(url, { limits }))
  await assert.rejects(answer.collect(), failing('web_timeout', 'maybe'))
})

test('endless headers and what is no HTTP are refused', async (t) => {
  const endless = await serveBytes(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    const more = () => {
      while (socket.writable && socket.write(`x-pad: ${'a'.repeat(1_000)}\r\n`));
    }
    socket.on('drain', more)
    more()
  })
  const huge = `HTTP/1.1 402 Payment Required\r\nPAYMENT-REQUIRED: ${'A'.repeat(40_000)}\r\n\r\n`
  const hugeOffer = await serveBytes(t, (socket) => socket.write(huge))
  const other = await serveBytes(t, (socket) => socket.write('SSH-2.0-OpenSSH\r\n'))
  const twice = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'
  const smuggling = await serveBytes(t, (socket) => socket.write(twice))
  for (const url of [endless, hugeOffer, other, smuggling]) {
    await assert.rejects(guardedWeb().fetch(request(url)), failing('web_answer_invalid', 'maybe'))
  }
})

test('a body past the limit is cut off, stated, chunked or compressed', async (t) => {
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  const brotli = brotliCompressSync(Buffer.alloc(5_000_000))
  assert.ok(bomb.length < LIMITS.bodyBytesMax && brotli.length < LIMITS.bodyBytesMax)
  const answers: readonly ((res: ServerResponse) => void)[] = [
    (res) => res.end(Buffer.alloc(LIMITS.bodyBytesMax + 1)),
    (res) => {
      const more = () => {
        while (res.write(Buffer.alloc(10_000)));
      }
      res.on('drain', more)
      more()
    },
    (res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    (res) => res.writeHead(200, { 'content-encoding': 'br' }).end(brotli),
    // Empty gzip members: much on the wire, nothing in the body.
    (res) => {
      const nothing = Buffer.concat(Array.from({ length: 6_000 }, () => gzipSync('')))
      res.writeHead(200, { 'content-encoding': 'x-gzip' }).end(nothing)
    },
  ]
  for (const each of answers) {
    const url = await serve(t, (_, res) => each(res))
    const answer = await guardedWeb().fetch(request(url))
    await assert.rejects(answer.collect(), failing('web_answer_too_large', 'maybe'))
  }
})

test('a body of exactly the limit passes, and compressed ones come back whole', async (t) => {
  const body = Buffer.alloc(LIMITS.bodyBytesMax, 'surety ')
  for (const [encoding, bytes] of [
    ['identity', body],
    ['gzip', gzipSync(body)],
    ['br', brotliCompressSync(body)],
  ] as const) {
    const url = await serve(t, (_, res) =>
      res.writeHead(200, { 'content-encoding': encoding }).end(bytes),
    )
    const answer = await guardedWeb().fetch(request(url))
    assert.ok(Buffer.from(await answer.collect()).equals(body))
    assert.ok(!answer.headers.some(([name]) => name === 'content-encoding'))
  }
})

test('an encoding that was not asked for, a broken one, and half a body are told apart', async (t) => {
  const foreign = await serve(t, (_, res) =>
    res.writeHead(200, { 'content-encoding': 'gzip, gzip' }).end(),
  )
  await assert.rejects(guardedWeb().fetch(request(foreign)), failing('web_answer_invalid', 'maybe'))
  const broken = await serve(t, (_, res) =>
    res.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip at all'),
  )
  const answer = await guardedWeb().fetch(request(broken))
  await assert.rejects(answer.collect(), failing('web_answer_invalid', 'maybe'))
  const half = await serveBytes(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  )
  const started = await guardedWeb().fetch(request(half))
  await assert.rejects(started.collect(), failing('web_unreachable', 'maybe'))
})

test('a body is read as it arrives', async (t) => {
  let go: () => void = () => undefined
  const url = await serve(t, (_, res) => {
    res.write('first')
    go = () => res.end('second')
  })
  const answer = await guardedWeb().fetch(request(url))
  const seen: string[] = []
  for await (const piece of answer.body) {
    seen.push(text(piece))
    if (seen.length === 1) go()
  }
  assert.deepEqual(seen, ['first', 'second'])
})

test('a caller that gives up closes the connection, before and after the head', async (t) => {
  const closed: Promise<unknown>[] = []
  const url = await serve(t, (req, res) => {
    closed.push(once(req.socket, 'close'))
    if (req.url === '/body') res.write('first')
  })
  const before = AbortSignal.timeout(50)
  const target = request(url, { signal: before })
  await assert.rejects(guardedWeb().fetch(target), (error) => error === before.reason)
  const reason = new Error('the agent hung up')
  const after = new AbortController()
  const answer = await guardedWeb().fetch(request(`${url}/body`, { signal: after.signal }))
  after.abort(reason)
  await assert.rejects(answer.collect(), (error) => error === reason)
  await Promise.all(closed)
  assert.equal(closed.length, 2)
  const over = request(url, { signal: AbortSignal.abort(reason) })
  await assert.rejects(guardedWeb().fetch(over), (error) => error === reason)
  assert.equal(closed.length, 2)
})

test('a server that hangs up without an answer may have received the request', async (t) => {
  const url = await serveBytes(t, (socket) => socket.once('data', () => socket.destroy()))
  await assert.rejects(guardedWeb().fetch(request(url)), failing('web_unreachable', 'maybe'))
  const switching = await serveBytes(t, (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  )
  const target = request(switching, { headers: [['Upgrade', 'x']] })
  await assert.rejects(guardedWeb().fetch(target), failing('web_unreachable', 'maybe'))
})

test('a header that would become two is refused', async () => {
  const target = request('http://127.0.0.1:2/', { headers: [['x-a', 'b\r\nHost: evil']] })
  await assert.rejects(guardedWeb().fetch(target), failing('web_header_refused', 'no'))
})
