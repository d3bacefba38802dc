/** An authorization fits one request: whatever else is presented consumes nothing. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mintId, signObject } from '@surety/protocol'
import { httpFingerprint, newKeyPair } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { unchanged } from '../support/books.ts'
import {
  declareAndAuthorize,
  execute,
  type Gate,
  host,
  type Market,
  openHouse,
  openMarket,
  pass,
  presentation,
  REQUEST,
  rule,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

type Presentation = ReturnType<typeof presentation>

const present = (gate: Gate, body: object) =>
  market.provider.client.call('postGatesExecute', {
    params: { gateId: gate.gateId },
    body: body as Presentation,
  })

/** Refused with its code and without a trace; what was authorized is then still good, once. */
async function refused(gate: Gate, body: object, code: string): Promise<void> {
  await unchanged(house.directory, () => assert.rejects(present(gate, body), { code }))
  const executing = await execute(market, gate)
  assert.equal(executing.state, 'executing')
  await unchanged(house.directory, () =>
    assert.rejects(execute(market, gate), { code: 'authorization_consumed' }),
  )
}

const HEADERS = [
  { name: 'accept', value: 'text/plain' },
  { name: 'x-tier', value: 'gold' },
]
const fingerprint = { ...httpFingerprint(REQUEST, nodeCrypto), headers: HEADERS }
const other = (changes: object) => ({ request: { ...fingerprint, ...changes } })
const hash = nodeCrypto.sha256('something else')
const stranger = mintId('prn', host.now(), 5n)

const FLIPS: readonly (readonly [name: string, changes: object, code: string])[] = [
  ['the method', other({ method: 'PUT' }), 'binding_method_mismatch'],
  ['the host', other({ url: 'https://api.example.org/v1/data' }), 'binding_url_mismatch'],
  ['the scheme', other({ url: 'http://api.example/v1/data' }), 'binding_url_mismatch'],
  ['the path', other({ url: 'https://api.example/v1/data/' }), 'binding_url_mismatch'],
  ['the query', other({ url: 'https://api.example/v1/data?a=1' }), 'binding_url_mismatch'],
  ['the body digest', other({ bodyHash: hash }), 'binding_body_mismatch'],
  [
    'a header’s value',
    other({ headers: [HEADERS[0], { name: 'x-tier', value: 'free' }] }),
    'binding_headers_mismatch',
  ],
  ['a header left out', other({ headers: [HEADERS[0]] }), 'binding_headers_mismatch'],
  [
    'a header more',
    other({ headers: [...HEADERS, { name: 'z', value: '' }] }),
    'binding_headers_mismatch',
  ],
  [
    'the kind of request',
    {
      request: {
        schemaVersion: 'RequestFingerprint.v1',
        server: 's',
        tool: 't',
        argumentsHash: hash,
      },
    },
    'binding_tool_mismatch',
  ],
  ['a smaller amount', { amount: '99' }, 'binding_amount_mismatch'],
  ['a larger amount', { amount: '101' }, 'binding_amount_mismatch'],
  ['the asset', { asset: 'EUR/2' }, 'binding_asset_mismatch'],
  ['the payee', { payee: stranger }, 'binding_payee_mismatch'],
  ['the rail', { rail: 'card' }, 'binding_rail_mismatch'],
  ['the grant', { grantHash: hash }, 'binding_grant_mismatch'],
  ['the profile version', { policyHash: hash }, 'binding_policy_mismatch'],
  ['the nonce', { nonce: 'A'.repeat(24) }, 'binding_nonce_mismatch'],
  ['the expiry', { notAfter: '2999-01-01T00:00:00.000Z' }, 'binding_expiry_mismatch'],
]

for (const [name, changes, code] of FLIPS) {
  test(`an authorization is refused with another value of ${name}, and is not consumed (binding)`, async () => {
    const gate = await declareAndAuthorize(market, '100', { requestFingerprint: fingerprint })
    await refused(gate, { ...presentation(gate), ...changes }, code)
  })
}

const TOOL = {
  schemaVersion: 'RequestFingerprint.v1',
  server: 'files',
  tool: 'read',
  argumentsHash: nodeCrypto.sha256('{}'),
}

for (const changes of [{ server: 'mail' }, { tool: 'write' }, { argumentsHash: hash }]) {
  const [name = ''] = Object.keys(changes)
  test(`an authorization of a tool is refused with another ${name}, and is not consumed (binding)`, async () => {
    const gate = await declareAndAuthorize(market, '100', {
      requestFingerprint: TOOL,
      tool: 'read',
    })
    const request = { ...TOOL, ...changes }
    await refused(gate, { ...presentation(gate), request }, 'binding_tool_mismatch')
  })
}

const MEMBERS = ['amount', 'asset', 'payee', 'rail', 'grantHash', 'policyHash', 'nonce', 'notAfter']

for (const member of MEMBERS) {
  test(`a strict profile takes no presentation without ${member} (binding)`, async () => {
    const gate = await declareAndAuthorize(market, '100')
    const { [member as 'amount']: _, ...body } = presentation(gate)
    await refused(gate, body, 'binding_incomplete')
  })
}

test('a lax profile may miss members, but no member may differ (binding)', async () => {
  await rule(house, market, { strictBinding: false })
  const lax = await declareAndAuthorize(market, '100')
  const { authorization, request } = presentation(lax)
  await assert.rejects(present(lax, { authorization, request, amount: '99' }), {
    code: 'binding_amount_mismatch',
  })
  assert.equal((await present(lax, { authorization, request })).state, 'executing')
  await rule(house, market)
})

test('an authorization of another gate is refused (binding)', async () => {
  const one = await declareAndAuthorize(market, '100')
  const two = await declareAndAuthorize(market, '100')
  const { authorization } = presentation(two)
  await refused(one, { ...presentation(one), authorization }, 'authorization_mismatch')
  // And the whole presentation of one gate at the door of another.
  const three = await declareAndAuthorize(market, '100')
  await refused(three, presentation(two), 'authorization_mismatch')
})

test('an authorization that was touched or signed by another key is refused (binding)', async () => {
  const gate = await declareAndAuthorize(market, '100')
  const body = presentation(gate)
  const [header = '', payload = '', signature = ''] = body.authorization.split('.')
  const object = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const more = Buffer.from(JSON.stringify({ ...object, amountMax: '1000' })).toString('base64url')
  const key = newKeyPair('action', host)
  const flipped = `${signature.slice(0, 10)}${signature[10] === 'A' ? 'B' : 'A'}${signature.slice(11)}`
  const forgeries = [
    [`${header}.${more}.${signature}`, 'signature_invalid'],
    [`${header}.${payload}.${flipped}`, 'signature_invalid'],
    [signObject(object, key, nodeCrypto), 'signing_key_unknown'],
    [
      signObject(
        object,
        { ...key, kid: JSON.parse(Buffer.from(header, 'base64url').toString()).kid },
        nodeCrypto,
      ),
      'signature_invalid',
    ],
    [
      gate.receipts?.find(({ type }) => type === 'PolicyDecision.v1')?.jws ?? '',
      'jws_type_mismatch',
    ],
  ] as const
  for (const [authorization, code] of forgeries) {
    await unchanged(house.directory, () =>
      assert.rejects(present(gate, { ...body, authorization }), { code }),
    )
  }
  // A party’s own key is no key of Surety, registered though it is.
  const [own] = market.provider.keys ?? []
  if (own === undefined) throw new Error('the provider has a key')
  const authorization = signObject(object, own, nodeCrypto)
  await refused(gate, { ...body, authorization }, 'signing_key_unknown')
})

test('an authorization holds to its last moment and not beyond (binding)', async () => {
  await rule(house, market, { authorizationWithinMs: 2_000 })
  const gate = await declareAndAuthorize(market, '100')
  pass(2_100)
  await unchanged(house.directory, () =>
    assert.rejects(execute(market, gate), { code: 'authorization_expired' }),
  )
  await house.running.tick()
  await assert.rejects(execute(market, gate), { code: 'authorization_expired' })
  const inTime = await declareAndAuthorize(market, '100')
  pass(1_000)
  assert.equal((await execute(market, inTime)).state, 'executing')
  await rule(house, market)
})

test('an authorization ends with its intent, whatever the profile would give it (binding)', async () => {
  const gate = await declareAndAuthorize(market, '100', { expiresInMs: 1_000 })
  assert.equal(gate.authorization?.notAfter, gate.intent.expiresAt)
  pass(1_100)
  await assert.rejects(execute(market, gate), { code: 'authorization_expired' })
})

test('without an allowing decision there is nothing to present (decision-first)', async () => {
  const allowed = await declareAndAuthorize(market, '100')
  const denied = await declareAndAuthorize(market, '100', { payee: stranger })
  const waiting = await declareAndAuthorize(market, '600')
  assert.deepEqual([denied.state, waiting.state], ['denied', 'waiting'])
  const call = (gate: Gate) =>
    market.agent.client.call('postGatesExecute', {
      params: { gateId: gate.gateId },
      body: presentation(allowed),
    })
  for (const gate of [denied, waiting]) {
    await unchanged(house.directory, () =>
      assert.rejects(call(gate), { code: 'gate_not_authorized' }),
    )
  }
})
