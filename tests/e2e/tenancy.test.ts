/** Another tenant, and another environment of one’s own: what is theirs is simply not there. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Id, mintId } from '@surety/protocol'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { type Answer, codeOf, type Json, jsonOf } from '../support/answers.ts'
import { ensureBooks, everything, settledSignatures, unchanged } from '../support/books.ts'
import { EXAMPLES, pathOf, type Stage, setStage } from '../support/examples.ts'
import {
  draftIntent,
  foundBeside,
  openHouse,
  presentation,
  purchase,
  statement,
  type Tenancy,
  type TestHouse,
  window,
} from '../support/house.ts'
import { stopping } from '../support/people/controls.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let theirs: Stage
const strangers: { readonly name: string; readonly stage: Stage }[] = []

before(async () => {
  house = await openHouse()
  theirs = await setStage(house)
  const tenant = await foundBeside(house, { environment: 'sandbox' })
  const { tenantId } = house.founded
  const environment = await foundBeside(house, { tenantId, environment: 'production' })
  strangers.push({ name: 'another tenant', stage: await setStage(tenant) })
  strangers.push({ name: 'another environment', stage: await setStage(environment) })
})
after(() => house.close())

const NOTHING = {
  gateId: mintId('gat', 1_700_000_000_000 as never, 7n),
  principalId: mintId('prn', 1_700_000_000_000 as never, 7n),
  keyId: mintId('key', 1_700_000_000_000 as never, 7n),
  grantHash: '7'.repeat(64),
  policyHash: '7'.repeat(64),
  kid: '7'.repeat(43),
  walletId: mintId('wlt', 1_700_000_000_000 as never, 7n),
  paymentId: mintId('pay', 1_700_000_000_000 as never, 7n),
  controlId: mintId('ctl', 1_700_000_000_000 as never, 7n),
  approvalId: mintId('apr', 1_700_000_000_000 as never, 7n),
}
type Ids = typeof NOTHING

function idsOf(stage: Stage): Ids {
  const { authorized, market, keyId, policyHash, kid, walletId, approval, controlId } = stage
  const { principalId } = market.agent
  const { grantHash } = market
  return {
    gateId: authorized.gateId as Id<'gat'>,
    principalId,
    keyId: keyId as Id<'key'>,
    grantHash,
    policyHash,
    kid,
    walletId: walletId as Id<'wlt'>,
    // There is no chain here, and no payment.
    paymentId: mintId('pay', 1_700_000_000_000 as never, 8n),
    approvalId: approval.approvalId as Id<'apr'>,
    controlId: controlId as Id<'ctl'>,
  }
}

/** Requests that name an id outside the path: a stranger’s own, and good but for that. */
const NAMED: Readonly<
  Record<string, (own: Stage, ids: Ids) => { as: string; body?: object; query?: string }>
> = {
  'POST /v1/api-keys': ({ house: { operator } }, { principalId }) => ({
    as: operator.apiKey,
    body: { principalId, name: 'mine now', scopes: ['read'] },
  }),
  'POST /v1/grants': ({ market: { payer, agent } }, { principalId, grantHash }) => {
    const draft = { bounds: { maxDepth: 1 }, ...window() }
    const { grant } = payer.party.rootGrant({ ...draft, granteeId: agent.principalId })
    const child = { ...agent.party.delegate(grant, { ...draft, granteeId: principalId }).grant }
    const ofTheirs = { ...child, parentGrantHash: grantHash, rootGrantHash: grantHash }
    return { as: agent.apiKey, body: { grant: agent.party.sign(ofTheirs) } }
  },
  'POST /v1/deposits': ({ house: { operator } }, { principalId }) => ({
    as: operator.apiKey,
    body: {
      action: operator.party.deposit(
        { source: 'bank', reference: 'r', principalId, amount: '1', asset: 'USD/2' },
        'test',
      ),
    },
  }),
  'POST /v1/wallets': ({ house: { operator } }, { principalId }) => ({
    as: operator.apiKey,
    body: { ownerId: principalId, name: 'mine now' },
  }),
  'POST /v1/wallets/import': ({ house: { operator } }, { principalId }) => ({
    as: operator.apiKey,
    body: { ownerId: principalId, name: 'mine now', privateKey: randomBytes(32).toString('hex') },
  }),
  'POST /v1/fetch': ({ market: { agent } }, { grantHash }) => ({
    as: agent.apiKey,
    body: { url: 'https://shop.example/', grantHash },
  }),
  'POST /v1/controls': ({ house: { operator } }, { principalId }) => ({
    as: operator.apiKey,
    body: { actions: [stopping(operator, { type: 'principal', id: principalId }).jws] },
  }),
  'GET /v1/accounts': ({ house: { operator } }, { principalId }) => ({
    as: operator.apiKey,
    query: `principalId=${principalId}`,
  }),
}

/** Routes that name nothing of anybody: what they list or make is the caller's own by its key. */
const NAMELESS = [
  'POST /v1/gates',
  'GET /v1/gates',
  'GET /v1/approvals',
  'GET /v1/approvals/watch',
  'GET /v1/audit/actions',
  'GET /v1/grants',
  'POST /v1/profiles',
  'POST /v1/profiles/shadow/end',
  'GET /v1/profiles',
  'GET /v1/profiles/active',
  'GET /v1/decisions',
  'POST /v1/principals',
  'GET /v1/principals',
  'GET /v1/api-keys',
  'GET /v1/wallets',
  'GET /v1/controls',
  'GET /healthz',
  'GET /readyz',
  'GET /.well-known/jwks.json',
  'GET /v1/reason-codes',
  'GET /v1/problems',
  'GET /problems/{code}',
  'GET /v1/whoami',
  'GET /openapi.json',
]

function nameOf({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`
}

/** All that tells two answers apart: everything but the number of the request and the ids sent. */
function shapeOf(answer: Answer, ids: Ids): unknown {
  // A denial has an id of its own.
  let text = answer.text.replaceAll(/dec_[0-9a-z]{26}/g, '{decisionId}')
  for (const [name, id] of Object.entries(ids)) text = text.replaceAll(id, `{${name}}`)
  const { instance: _, ...rest } = jsonOf({ ...answer, text }) as Json
  return { status: answer.status, type: answer.headers.get('content-type'), rest }
}

test('every route is covered here: by its path, by what it names, or as naming nothing', () => {
  for (const route of API_ROUTES) {
    const covers = [
      route.params !== null && route.path !== '/problems/{code}',
      Object.hasOwn(NAMED, nameOf(route)),
      NAMELESS.includes(nameOf(route)),
    ]
    assert.equal(covers.filter(Boolean).length, 1, nameOf(route))
  }
})

test('another tenant’s id in the path answers exactly as one that is missing (tenancy)', async () => {
  const { url } = house.running
  for (const { name, stage } of strangers) {
    for (const route of API_ROUTES.filter(
      ({ params, path }) => params && !path.startsWith('/prob'),
    )) {
      const example = EXAMPLES[nameOf(route)]?.(stage)
      if (example === undefined) throw new Error(`no example of ${nameOf(route)}`)
      const ask = async (ids: Ids) => {
        const path = pathOf(route.path, { ...example, params: ids })
        const { method } = route
        const answer = await send(url, {
          method,
          path,
          apiKey: example.as.apiKey,
          body: example.body,
        })
        return shapeOf(answer, ids)
      }
      const missing = await ask(NOTHING)
      await unchanged(house.directory, async () => {
        assert.deepEqual(await ask(idsOf(theirs)), missing, `${name}: ${nameOf(route)}`)
      })
      assert.match(String((missing as { rest: Json }).rest.code), /_not_found$/)
    }
  }
})

test('another tenant’s id in what is sent answers exactly as one that is missing (tenancy)', async () => {
  const { url } = house.running
  for (const { name, stage } of strangers) {
    for (const [route, make] of Object.entries(NAMED)) {
      const [method = '', path = ''] = route.split(' ')
      const ask = async (ids: Ids) => {
        const { as, body, query } = make(stage, ids)
        return shapeOf(
          await send(url, { method, path: pathOf(path, { query }), apiKey: as, body }),
          ids,
        )
      }
      assert.deepEqual(await ask(idsOf(theirs)), await ask(NOTHING), `${name}: ${route}`)
    }
  }
})

test('lists, balances and profiles show only one’s own (tenancy)', async () => {
  const own = idsOf(theirs)
  for (const { stage } of strangers) {
    const { client } = stage.house.operator
    const seen = JSON.stringify([
      await client.call('getGates', { query: {} }),
      await client.call('getGrants', { query: {} }),
      await client.call('getPrincipals', { query: {} }),
      await client.call('getApiKeys', { query: {} }),
      await client.call('getAccounts', { query: {} }),
      await client.call('getControls', { query: {} }),
      await client.call('getProfilesActive'),
    ])
    for (const id of [...Object.values(own), theirs.house.operator.principalId]) {
      if (id !== own.kid) assert.ok(!seen.includes(id), id)
    }
  }
})

test('a payee, a grant or an authorization of another tenant is as good as none (tenancy)', async () => {
  for (const { stage } of strangers) {
    const { market, authorized } = stage
    const { client } = market.agent
    const reasons = async (changes: object) => {
      const { jws } = draftIntent(market, '1', changes)
      const { gateId } = await client.call('postGates', { body: { intent: jws } })
      return (await client.call('postGatesAuthorize', { params: { gateId } })).decision?.reasonCodes
    }
    const payees = [theirs.market.provider.principalId, NOTHING.principalId]
    const grants = [theirs.market.grantHash, NOTHING.grantHash]
    const [payee, noPayee] = await Promise.all(payees.map((payee) => reasons({ payee })))
    assert.deepEqual(payee, noPayee)
    const [grant, noGrant] = await Promise.all(grants.map((grantHash) => reasons({ grantHash })))
    assert.deepEqual(grant, noGrant)
    assert.ok(grant?.includes('grant_missing'))
    const params = { gateId: authorized.gateId }
    const body = {
      ...presentation(authorized),
      authorization: presentation(theirs.authorized).authorization,
    }
    await unchanged(house.directory, () =>
      assert.rejects(market.provider.client.call('postGatesExecute', { params, body }), {
        code: 'authorization_mismatch',
      }),
    )
  }
})

test('what is signed for one tenant is refused in another (tenancy)', async () => {
  const own = strangers[0]?.stage as Stage
  const { agent } = own.market
  const { jws } = draftIntent(own.market, '1', { tenantId: house.founded.tenantId })
  await assert.rejects(agent.client.call('postGates', { body: { intent: jws } }), {
    code: 'tenant_mismatch',
  })
  const elsewhere = draftIntent(own.market, '1', { environment: 'production' })
  await assert.rejects(agent.client.call('postGates', { body: { intent: elsewhere.jws } }), {
    code: 'environment_mismatch',
  })
  // Their own intent and statement, under a key of ours: nobody here is known by that name.
  const foreign = draftIntent(theirs.market, '1').jws
  await assert.rejects(agent.client.call('postGates', { body: { intent: foreign } }), {
    code: 'signing_key_unknown',
  })
  const params = { gateId: own.executing.gateId }
  const response = statement(theirs.market, theirs.executing)
  await assert.rejects(agent.client.call('postGatesEvidence', { params, body: { response } }), {
    code: 'evidence_not_authentic',
  })
})

test('what one tenant does moves nothing of another, though ids and references are the same', async () => {
  const scopeRows = () =>
    everything(house.directory)
      .split('\n')
      .filter((row) => row.includes('"scope":"1"'))
  await settledSignatures(house.directory)
  const before = scopeRows()
  for (const { stage } of strangers) {
    const settled = await purchase(stage.market, '5')
    assert.equal(settled.state, 'settled')
    await fund(stage.house, stage.market.payer.principalId)
  }
  await settledSignatures(house.directory)
  assert.deepEqual(scopeRows(), before)
  ensureBooks(house.directory)
})

/** The same source and reference in every tenancy. */
async function fund({ operator }: Tenancy, principalId: Id<'prn'>): Promise<void> {
  const movement = {
    source: 'bank',
    reference: 'the-same',
    principalId,
    amount: '1',
    asset: 'USD/2',
  }
  const action = operator.party.deposit(movement, 'test')
  await operator.client.call('postDeposits', { body: { action } })
}

test('an API key says nothing in another environment', async () => {
  const { url } = house.running
  const { apiKey } = theirs.market.agent
  for (const forged of [
    apiKey.replace('sk_sandbox', 'sk_production'),
    apiKey.replace('sk_', 'SK_'),
  ]) {
    const answer = await send(url, { method: 'GET', path: '/v1/whoami', apiKey: forged })
    assert.equal(codeOf(answer), 'credentials_invalid')
  }
})
