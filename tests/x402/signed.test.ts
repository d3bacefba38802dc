/** A seller that signs what it answers: its word counts under its own key, for this payment. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import {
  examineSigned,
  formatInstant,
  type Id,
  type Jwks,
  type ProviderResponse,
} from '@surety/protocol'
import { fsck, nodeCrypto } from '@surety/server'
import { applyProfile, host, kidOf } from '../support/house.ts'
import { bundleOf, buyingProfile, jwksOf, openTown, type Town } from './town.ts'

type Signing = (
  said: Omit<ProviderResponse, 'schemaVersion' | 'tenantId' | 'environment' | 'payee'>,
) => string

let town: Town
let origin: string
/** How the counter signs what its seller answered; nothing, if it does not. */
let sign: Signing | undefined
let authorizations: (string | undefined)[] = []

/** A counter before the unmodified seller: it reads the authorization and signs the answer. */
const counter = createServer((incoming, outgoing) => {
  const { method, url, headers } = incoming
  const target = new URL(url ?? '/', town.world.urls.express)
  const onward = httpRequest(target, { method, headers }, async (answer) => {
    const pieces: Buffer[] = []
    for await (const piece of answer) pieces.push(piece as Buffer)
    const body = Buffer.concat(pieces)
    const authorization = headers['x-surety-authorization']?.toString()
    authorizations.push(authorization)
    const status = answer.statusCode ?? 502
    const jws = sign === undefined ? undefined : statementOf(sign, authorization, { body, status })
    const more = jws === undefined ? {} : { 'x-surety-response': jws }
    outgoing.writeHead(status, { ...answer.headers, ...more }).end(body)
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
})

function statementOf(
  signing: Signing,
  jws: string | undefined,
  { body, status }: { readonly body: Buffer; readonly status: number },
): string | undefined {
  if (jws === undefined) return undefined
  const examined = examineSigned(['Authorization.v1'], jws, nodeCrypto)
  assert.ok(examined.ok)
  const { gateId, authorizationId, requestFingerprintHash, amountMax, asset } =
    examined.value.object
  const now = formatInstant(host.now())
  return signing({
    gateId: gateId as Id<'gat'>,
    authorizationId: authorizationId as Id<'aut'>,
    requestFingerprintHash,
    responseHash: nodeCrypto.sha256(body),
    status,
    amount: amountMax,
    asset,
    startedAt: now,
    completedAt: now,
  })
}

before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  await new Promise<void>((resolve) => counter.listen(0, '127.0.0.1', resolve))
  const address = counter.address()
  origin = `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`
  const { x402 } = buyingProfile(town)
  assert.ok(x402 !== undefined)
  const named = { origin, methods: ['GET' as const], privateAddresses: true }
  const origins = [...x402.origins, named]
  await applyProfile(town.house, buyingProfile(town, { x402: { ...x402, origins } }))
})
after(async () => {
  counter.close()
  await town.close()
})

function ask(idempotencyKey: string) {
  const { grantHash, agent } = town
  const body = { url: `${origin}/weather`, grantHash }
  return agent.client.call('postFetch', { body, idempotencyKey })
}

async function bought(idempotencyKey = randomUUID()) {
  const { gate } = await ask(idempotencyKey)
  assert.equal(gate?.settlement?.status, 'captured')
  const gateId = gate.gateId
  const files = await bundleOf(town, gateId)
  const jwks: Jwks = await jwksOf(town)
  const report = bundle.verify(files, jwks, nodeCrypto)
  const failed = report.checks.filter(({ result }) => result === 'failed')
  assert.deepEqual([report.ok, failed], [true, []])
  return { basis: gate.settlement.basis, files, report }
}

const own: Signing = (said) => town.shops.express.party.response(said)

test('an answer that its payee signed is evidence on the payee’s word, in the bundle too', async () => {
  sign = own
  authorizations = []
  const { basis, files, report } = await bought()
  assert.equal(basis, 'signed')
  assert.ok(files.has('signed/response.jws'))
  const check = report.checks.find(({ check: name }) => name === 'response_signature')
  assert.equal(check?.result, 'passed')
  // The unpaid request tells nobody who buys.
  assert.deepEqual(
    authorizations.map((each) => each !== undefined),
    [false, true],
  )
})

for (const [name, later, basis] of [
  ['signed', own, 'signed'],
  ['not signed', undefined, 'observed'],
] as const) {
  test(`a refusal was signed, and what served later is ${name}: that one counts (one-truth)`, async () => {
    const key = randomUUID()
    sign = own
    await town.world.breakFacilitator({ type: 'down' })
    const { response } = await ask(key)
    assert.equal(response?.status, 402)
    await town.world.breakFacilitator({ type: 'none' })
    sign = later
    const found = await bought(key)
    assert.equal(found.basis, basis)
    const checks = (await fsck(town.house.directory)).checks
    assert.deepEqual(
      checks.flatMap(({ problems }) => problems),
      [],
    )
  })
}

test('an answer that nobody signed is evidence of what Surety saw', async () => {
  sign = undefined
  const { basis, files } = await bought()
  assert.equal(basis, 'observed')
  assert.ok(!files.has('signed/response.jws'))
})

const FORGED: Readonly<Record<string, () => Signing>> = {
  'by another party': () => (said) => town.shops.hono.party.response(said),
  'over other bytes': () => (said) => own({ ...said, responseHash: '0'.repeat(64) }),
  'over another amount': () => (said) => own({ ...said, amount: '1' }),
  'over another status': () => (said) => own({ ...said, status: 204 }),
  'for another gate': () => (said) => own({ ...said, gateId: 'gat_01m7w4n5e0e008000000000001' }),
  'for another authorization': () => (said) =>
    own({ ...said, authorizationId: 'aut_01m7w4n5e0e008000000000001' }),
  'with a broken signature': () => (said) => {
    const jws = own(said)
    const last = jws.endsWith('A') ? 'Q' : 'A'
    return `${jws.slice(0, -30)}${last}${jws.slice(-29)}`
  },
  'as nonsense': () => () => 'eyJ.nonsense.here',
}

for (const [name, forging] of Object.entries(FORGED)) {
  test(`a statement ${name} is none: the answer is as observed`, async () => {
    sign = forging()
    const { basis, files } = await bought()
    assert.equal(basis, 'observed')
    assert.ok(!files.has('signed/response.jws'))
  })
}

test('a statement of an answer that was paid for before is none of this one', async () => {
  let kept: string | undefined
  sign = (said) => {
    kept ??= own(said)
    return kept
  }
  assert.equal((await bought()).basis, 'signed')
  assert.equal((await bought()).basis, 'observed')
})

test('a statement under a key that was retired is none, and its payee is told of nobody', async () => {
  sign = own
  const { principalId } = town.shops.express
  await town.house.operator.client.call('postPrincipalsKeysRetire', {
    params: { principalId, kid: kidOf(town.shops.express, 'response') },
    body: {},
  })
  authorizations = []
  assert.equal((await bought()).basis, 'observed')
  assert.deepEqual(authorizations, [undefined, undefined])
})

test('what was signed is whole on the disk', async () => {
  const { checks } = await fsck(town.house.directory)
  assert.deepEqual(
    checks.flatMap(({ problems }) => problems),
    [],
  )
})
