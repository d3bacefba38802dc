/** What a seller answers to a credential, and what was asked: in its form, and bound. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, afterEach, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import type { Profile } from '@surety/protocol'
import { httpFingerprint, ProblemError } from '@surety/sdk'
import { fsck, nodeCrypto } from '@surety/server'
import { answer } from '../support/approvals.ts'
import { applyProfile } from '../support/house.ts'
import { type Front, inFrontOf } from './front.ts'
import { bundleOf, buyingProfile, jwksOf, openTown, type Town } from './town.ts'

let town: Town
let front: Front
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  front = await inFrontOf(town.world.urls.express ?? '')
  await rule()
})
afterEach(() => {
  front.spoil = undefined
  front.seen.length = 0
})
after(async () => {
  front?.close()
  const found = await fsck(town.house.directory)
  await town.close()
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})

async function rule(changes: Partial<Profile> = {}, signs = false): Promise<void> {
  const profile = buyingProfile(town, changes, signs)
  const { x402 } = profile
  if (x402 === undefined) throw new Error('a profile that buys')
  const methods: ('GET' | 'POST')[] = ['GET', 'POST']
  const origins = [{ origin: front.url, methods, privateAddresses: true, alias: 'front' }]
  await applyProfile(town.house, { ...profile, x402: { ...x402, origins } })
}

type Header = { readonly name: string; readonly value: string }

function buy(headers: readonly Header[] = [], more: Readonly<Record<string, unknown>> = {}) {
  const { idempotencyKey, ...body } = more
  const { grantHash } = town
  return town.agent.client.call('postFetch', {
    body: { url: `${front.url}/weather`, grantHash, headers: [...headers], ...body },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey: String(idempotencyKey) }),
  })
}

const inBase64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64')

function answering(status: number, more: Readonly<Record<string, string>> = {}) {
  return (from: IncomingMessage, to: ServerResponse): void => {
    to.writeHead(status, { ...from.headers, ...more })
    from.pipe(to)
  }
}

const saying = (errorReason: string) =>
  answering(200, { 'payment-response': inBase64({ success: false, errorReason }) })

for (const [name, spoil, status] of [
  ['the status 600', answering(600), undefined],
  ['the status 999', answering(999), undefined],
  ['a reason that begins with a dot', saying('...'), 200],
  ['a reason that begins with a line', saying('_x'), 200],
] as const) {
  test(`${name} is written down in its form, and the bundle verifies (journal)`, async () => {
    front.spoil = spoil
    const { gate, response } = await buy()
    assert.equal(response?.status, status)
    assert.equal(gate?.settlement?.status, 'captured')
    assert.equal(gate?.claim?.reason ?? null, status === undefined ? 'response_missing' : null)
    const files = await bundleOf(town, gate?.gateId ?? '')
    const report = await bundle.verify(files, await jwksOf(town), nodeCrypto)
    assert.ok(report.ok, JSON.stringify(report))
  })
}

const HAS_DATA = { type: 'object', required: ['data'] }

function sending(body: string) {
  return (from: IncomingMessage, to: ServerResponse): void => {
    const { 'content-length': _, ...headers } = from.headers
    from.resume()
    to.writeHead(200, headers).end(body)
  }
}

const nested = (depth: number): string => `{"data":${'['.repeat(depth)}${']'.repeat(depth)}}`

for (const [name, body, colour] of [
  ['beyond a mebibyte', JSON.stringify({ data: 'x'.repeat(1_200_000) }), 'green'],
  ['deeper than is examined', nested(40), 'amber'],
  ['that breaks the schema', '{}', 'red'],
  ['that is no JSON', 'data', 'red'],
] as const) {
  test(`an answer ${name} is ${colour}, and has a claim only if it is red (receipts)`, async () => {
    await rule({
      settlement: {
        mode: 'automatic',
        verifiers: [{ verifier: 'schema', schema: HAS_DATA }],
        onSilence: 'refund',
        evidenceWithinMs: 60_000,
      },
    })
    front.spoil = sending(body)
    const { gate } = await buy()
    assert.equal(gate?.settlement?.colour, colour)
    assert.equal(gate?.claim?.reason ?? null, colour === 'red' ? 'response_red' : null)
    await rule()
  })
}

const shipTo = (value: string): readonly Header[] => [
  { name: 'X-Ship-To', value },
  { name: 'Authorization', value: `Bearer ${value}` },
  { name: 'traceparent', value: `00-${value}` },
]

test('what a person allowed for some headers is not bought with others (binding)', async () => {
  const { asset } = town.world
  const tier = { asset, above: '5000', approvers: 1, role: 'reviewer', raise: 'escalate' } as const
  await rule({ approvalTiers: [tier] })
  const reviewer = await town.house.person(['reviewer'])
  const idempotencyKey = 'bound-to-its-headers'
  const waits = { code: 'payment_waiting' }
  await assert.rejects(buy(shipTo('ACME'), { idempotencyKey }), waits)
  const { client } = town.house.operator
  const [asked] = (await client.call('getApprovals', { query: { state: 'pending' } })).items
  assert.ok(asked !== undefined)
  await answer(reviewer, asked)
  const code = 'idempotency_key_reused'
  const written = [{ name: 'x_ship-to', value: 'ACME' }]
  for (const other of [shipTo('Mallory'), written, []]) {
    await assert.rejects(buy(other, { idempotencyKey }), { code })
  }
  // What a client sends by itself, and its credentials, may differ.
  const same = [{ name: 'x-ship-to', value: 'ACME' }]
  const bought = await buy(same, { idempotencyKey })
  assert.equal(bought.gate?.settlement?.status, 'captured')
  const request = bought.gate?.intent.requestFingerprint
  assert.ok(request !== undefined && 'headers' in request)
  const [header, ...others] = request.headers
  assert.deepEqual([header?.name, others.length], ['x-ship-to', 0])
  assert.doesNotMatch(JSON.stringify(bought.gate), /ACME/)
  await rule()
})

test('a signed intent fits the headers that it was signed for (binding)', async () => {
  await rule({}, true)
  const terms = async () => {
    try {
      await buy(shipTo('ACME'))
    } catch (error) {
      if (error instanceof ProblemError) return error.problem.params ?? {}
    }
    throw new Error('nothing is asked for')
  }
  const { amount = '', asset = '', payee = '', rail = '', network = '', url = '' } = await terms()
  const headers = shipTo('ACME').map(({ name, value }) => [name, value] as const)
  const { jws: intent } = town.agent.party.intent({
    requestFingerprint: httpFingerprint({ method: 'GET', url, headers }, nodeCrypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: false,
    ...{ amount, asset, payee: payee as never, rail, network },
    grantHash: town.grantHash,
  })
  for (const wrong of [[], shipTo('Mallory')]) {
    await assert.rejects(buy(wrong, { intent }), { code: 'intent_not_for_purchase' })
  }
  const bought = await buy(shipTo('ACME'), { intent })
  assert.equal(bought.gate?.settlement?.status, 'captured')
  await rule()
})

test('a header that makes the request another one, or pays, is refused however it is written', async () => {
  for (const name of [
    'X-HTTP-Method-Override',
    'x_http_method',
    'X-Method_Override',
    'Payment_Signature',
    'x_payment',
    'SIGN_IN-WITH-X',
    'X_Surety_Receipt',
    'cookie',
  ]) {
    await assert.rejects(buy([{ name, value: 'DELETE' }]), { code: 'web_header_refused' }, name)
  }
  const many = Array.from({ length: 17 }, (_, i) => ({ name: `x-${String(i)}`, value: '1' }))
  await assert.rejects(buy(many), { code: 'web_header_refused' })
  assert.equal(front.seen.length, 0)
})
