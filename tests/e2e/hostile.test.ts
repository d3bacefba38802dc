/** What a stranger may send to any route: always a problem that says what and what helps. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Route } from '../../packages/server/src/http/route.ts'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { codeOf, type Json } from '../support/answers.ts'
import { unchanged } from '../support/books.ts'
import { EXAMPLES, type Example, pathOf, type Stage, setStage } from '../support/examples.ts'
import { openHouse, openMarket, purchase, type TestHouse } from '../support/house.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let stage: Stage
before(async () => {
  house = await openHouse()
  stage = await setStage(house)
})
after(() => house.close())

const COMMANDS = API_ROUTES.filter(({ method }) => method === 'POST')
const WITH_BODY = COMMANDS.filter(({ body }) => body !== null)

function exampleOf({ method, path }: Route): Example {
  const example = EXAMPLES[`${method} ${path}`]?.(stage)
  if (example === undefined) throw new Error(`no example of ${method} ${path}`)
  return example
}

/** Sends something to a route as a caller who may use it; the code of what comes back. */
async function codeFor(route: Route, change: Partial<Parameters<typeof send>[1]>): Promise<string> {
  const example = exampleOf(route)
  const { method } = route
  const path = pathOf(route.path, example)
  const sent = { method, path, apiKey: example.as.apiKey, body: example.body, ...change }
  return codeOf(await send(house.running.url, sent))
}

async function alive(): Promise<void> {
  assert.equal(codeOf(await send(house.running.url, { method: 'GET', path: '/healthz' })), 'ok')
}

const nested = (depth: number, open: string, close: string): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`

/** Not the JSON of any route, and the code each gets. */
const BAD_TEXTS: readonly (readonly [name: string, text: string, code: string])[] = [
  ['nothing', '', 'json_invalid'],
  ['white space', ' \n\t', 'json_invalid'],
  ['half a document', '{"a":', 'json_invalid'],
  ['two documents', '{} {}', 'json_invalid'],
  ['a comment', '{/**/}', 'json_invalid'],
  ['a trailing comma', '{"a":1,}', 'json_invalid'],
  ['single quotes', "{'a':1}", 'json_invalid'],
  ['NaN', '{"a":NaN}', 'json_invalid'],
  ['a number without end', '{"a":1e999}', 'json_invalid'],
  ['a leading zero', '{"a":01}', 'json_invalid'],
  ['a byte order mark', '\ufeff{}', 'json_invalid'],
  ['a raw control character', '{"a":"\u0001"}', 'json_invalid'],
  ['deep arrays', nested(10_000, '[', ']'), 'json_too_deep'],
  ['deep objects', nested(10_000, '{"a":', '}'), 'json_too_deep'],
  ['open without end', '['.repeat(100_000), 'json_too_deep'],
  ['a name twice', '{"a":1,"a":2}', 'json_duplicate_name'],
  ['a name twice, once escaped', '{"a":1,"\\u0061":2}', 'json_duplicate_name'],
  ['a name twice, deep down', '{"a":[{"b":1,"b":1}]}', 'json_duplicate_name'],
  ['half a surrogate pair', '{"a":"\\ud800"}', 'json_lone_surrogate'],
  ['half a pair in a name', '{"\\udc00":1}', 'json_lone_surrogate'],
  ['more than a body may be', `"${'x'.repeat(1_000_000)}"`, 'body_too_large'],
]

/** A route without a body takes an empty one, and so does one that requires no member of it. */
function takesNothing({ body }: Route): boolean {
  return body === null || !('required' in body)
}

test('a body that is not JSON as we read it is refused on every route, and changes nothing', async () => {
  await unchanged(house.directory, async () => {
    for (const route of COMMANDS) {
      for (const [name, body, code] of BAD_TEXTS) {
        if (body === '' && takesNothing(route)) continue
        assert.equal(await codeFor(route, { body }), code, `${route.path}: ${name}`)
      }
    }
  })
  await alive()
})

const BAD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  'text',
  [],
  [{}],
  { unknown: 1 },
  { constructor: {} },
  { toString: 1, valueOf: 1, hasOwnProperty: 1 },
]

test('a body of another shape is refused on every route, and changes nothing', async () => {
  await unchanged(house.directory, async () => {
    for (const route of COMMANDS) {
      for (const body of BAD_VALUES) {
        assert.equal(await codeFor(route, { body: JSON.stringify(body) }), 'schema_mismatch')
      }
      const proto = '{"__proto__":{"polluted":1}}'
      assert.equal(await codeFor(route, { body: proto }), 'schema_mismatch')
    }
  })
  assert.equal(({} as Json).polluted, undefined)
  await alive()
})

const HOSTILE: readonly unknown[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\u202e\u2066txt.exe',
  '😈'.repeat(50),
  "'; DROP TABLE events; --",
  '%s%n%x{{7*7}}<%= 7 %>',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  'x'.repeat(10_000),
  'e30.e30.e30',
  '-1',
  '1e9',
  '0x10',
  '١٢٣',
  '9'.repeat(40),
  -1,
  1.5,
  2 ** 60,
  1e308,
  null,
  false,
  [],
  {},
  [['a']],
  { $ref: '#' },
]

/** Every place of a body, each in turn. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([name, member]) => places(member, [...path, name]))
  return path.length === 0 ? inner : [path, ...inner]
}

function withAt(value: unknown, [name, ...rest]: readonly string[], put: unknown): unknown {
  if (name === undefined) return put
  const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Record<
    string,
    unknown
  >
  copy[name] = withAt(copy[name], rest, put)
  return copy
}

/** The places where a person may write what they like. */
const FREE_TEXT = ['name', 'reason', 'text']

test('a hostile value in any member of any body is refused, and changes nothing', async () => {
  for (const route of WITH_BODY) {
    const { body = {} } = exampleOf(route)
    for (const place of places(body)) {
      const same = JSON.stringify(
        place.reduce<unknown>((value, name) => (value as Json)[name], body),
      )
      const free = FREE_TEXT.includes(place.at(-1) ?? '')
      const values = HOSTILE.filter(
        (value, i) =>
          JSON.stringify(value) !== same && (!free || typeof value !== 'string' || i === 0),
      )
      await unchanged(house.directory, async () => {
        for (const value of values) {
          const changed = JSON.stringify(withAt(body, place, value))
          const code = await codeFor(route, { body: changed })
          assert.notEqual(code, 'internal_fault')
          if (code === 'ok')
            assert.fail(`${route.path} took ${JSON.stringify(value)} at ${place.join('.')}`)
        }
      })
    }
  }
  await alive()
})

test('a person’s words are kept as they were written, whatever they look like', async () => {
  const { client } = house.operator
  for (const value of HOSTILE) {
    if (typeof value !== 'string' || value === '' || value.length > 120) continue
    const made = await client.call('postPrincipals', {
      body: { kind: 'app', name: value, keys: [] },
    })
    assert.equal(made.name, value)
    const { principalId } = made
    assert.equal((await client.call('getPrincipalsOne', { params: { principalId } })).name, value)
  }
})

test('an unknown member is refused in every object of every body', async () => {
  for (const route of WITH_BODY) {
    const { body = {} } = exampleOf(route)
    const objects = [[], ...places(body).map((place) => place.slice(0, -1))]
    for (const place of objects) {
      const target = place.reduce<unknown>((value, name) => (value as Json)[name], body)
      if (typeof target !== 'object' || target === null || Array.isArray(target)) continue
      const changed = withAt(body, place, { ...target, extra: 1 })
      assert.equal(await codeFor(route, { body: JSON.stringify(changed) }), 'schema_mismatch')
    }
  }
})

const BAD_IDS = [
  'x',
  'gat_',
  '..',
  '%00',
  '%2e%2e%2f',
  '%F0%9F%98%88',
  "'%20OR%201=1--",
  'gat_'.padEnd(30, 'Z'),
  'a'.repeat(400),
  '__proto__',
  'constructor',
]

test('an id that is none names nothing, on every route that takes one', async () => {
  await unchanged(house.directory, async () => {
    for (const route of API_ROUTES.filter(({ params }) => params !== null)) {
      for (const id of BAD_IDS) {
        const path = route.path.replaceAll(/\{\w+\}/g, id)
        const code = await codeFor(route, { path })
        assert.match(code, /_not_found$/, `${route.path} with ${id}: ${code}`)
      }
    }
  })
})

test('an id far too long, or not encoded, is a problem like any other', async () => {
  const { url } = house.running
  const { apiKey } = house.operator
  for (const id of ['a'.repeat(5_000), '%', '%zz', '%ff%fe', '%c0%af']) {
    for (const path of [`/v1/gates/${id}`, `/problems/${id}`, `/${id}`]) {
      assert.match(
        codeOf(await send(url, { method: 'GET', path, apiKey })),
        /_not_found$|^request_malformed$/,
      )
    }
  }
})

const BAD_QUERIES = [
  'unknown=1',
  'limit=0',
  'limit=-1',
  'limit=201',
  'limit=1e2',
  'limit=1&limit=2',
  'limit[]=1',
  'cursor=',
  'cursor=%00',
  'cursor=a&cursor=b',
  `cursor=${'A'.repeat(300)}`,
  'state=none',
  'principalId=x',
  '__proto__=1',
  'constructor=1',
  '%zz=1',
]

test('a query that a route does not take is refused on every route', async () => {
  for (const route of API_ROUTES) {
    const path = pathOf(route.path, { ...exampleOf(route), query: undefined })
    for (const query of BAD_QUERIES) {
      assert.equal(await codeFor(route, { path: `${path}?${query}` }), 'schema_mismatch', query)
    }
  }
})

test('a cursor that is not ours is refused or leads past the end, on every list', async () => {
  const lists = API_ROUTES.filter(({ query }) => query?.properties.cursor !== undefined)
  assert.ok(lists.length >= 4)
  for (const route of lists) {
    const path = pathOf(route.path, { ...exampleOf(route), query: undefined })
    for (const cursor of ['A', '_w', 'gICA', '-_8']) {
      assert.equal(await codeFor(route, { path: `${path}?cursor=${cursor}` }), 'cursor_invalid')
    }
    for (const text of ['\u0000', "' OR 1=1 --", '\u{10ffff}', 'x'.repeat(180)]) {
      const cursor = Buffer.from(text).toString('base64url')
      assert.equal(await codeFor(route, { path: `${path}?cursor=${cursor}` }), 'ok')
    }
  }
})

test('only JSON is read, whatever else is sent, on every route that takes a body', async () => {
  for (const route of COMMANDS) {
    for (const type of [
      'text/plain',
      'application/xml',
      'multipart/form-data',
      'application/x-www-form-urlencoded',
      'nonsense',
      'application/json5',
    ]) {
      const headers = { 'content-type': type }
      assert.equal(await codeFor(route, { headers, body: '{}' }), 'media_type_unsupported', type)
    }
  }
})

test('another method is refused on every route, and a route that does not exist is none', async () => {
  const { url } = house.running
  const { apiKey } = house.operator
  for (const route of API_ROUTES) {
    const path = pathOf(route.path, exampleOf(route)).split('?')[0] ?? ''
    // `/v1/wallets/import` is a path of its own, and of `/v1/wallets/{walletId}` as well.
    const taken = API_ROUTES.filter(
      (other) =>
        other.path === route.path ||
        (other.path.endsWith('}') && path === `${other.path.replace(/\{\w+\}$/, 'import')}`),
    ).map(({ method }) => method)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
      if ((taken as string[]).includes(method)) continue
      assert.equal(
        codeOf(await send(url, { method, path, apiKey })),
        'method_not_allowed',
        `${method} ${path}`,
      )
    }
  }
  for (const path of [
    '/',
    '/v1',
    '/v2/gates',
    '//v1/gates',
    '/v1/gates/a/b/c',
    '/.env',
    '/v1/Gates',
  ]) {
    assert.equal(codeOf(await send(url, { method: 'GET', path, apiKey })), 'route_not_found', path)
  }
})

test('a header that cannot be used is refused on every route', async () => {
  for (const route of API_ROUTES) {
    for (const key of ['short', 'x'.repeat(129), 'with space', 'ünï-cödë']) {
      assert.equal(
        await codeFor(route, { headers: { 'idempotency-key': key } }),
        'idempotency_key_invalid',
      )
    }
  }
  for (const route of API_ROUTES.filter(({ scope }) => scope !== null)) {
    for (const authorization of [
      'Bearer',
      'Basic eDp5',
      'Bearer a b',
      `Bearer ${'x'.repeat(600)}`,
    ]) {
      assert.equal(await codeFor(route, { headers: { authorization } }), 'credentials_missing')
    }
    for (const authorization of ['Bearer x', "Bearer sk_sandbox_'or'1'='1_x", 'Bearer __proto__']) {
      assert.equal(await codeFor(route, { headers: { authorization } }), 'credentials_invalid')
    }
  }
})

test('whatever JSON is sent to whatever route, the answer is of the route or a problem of ours', async () => {
  const value = fc.jsonValue({ maxDepth: 4 })
  const route = fc.constantFrom(...WITH_BODY)
  await fc.assert(
    fc.asyncProperty(route, value, fc.nat(), async (target, put, where) => {
      const { body } = exampleOf(target)
      const all = places(body)
      const place = all[where % all.length] ?? []
      const code = await codeFor(target, { body: JSON.stringify(withAt(body, place, put)) })
      assert.notEqual(code, 'internal_fault')
    }),
    { numRuns: 300 },
  )
  await alive()
})

test('after all that the house works, and none of its objects is spoilt', async () => {
  // What the loop above said that was well said, such as another lifecycle, was done.
  const settled = await purchase(await openMarket(house), '5')
  assert.equal(settled.state, 'settled')
})
