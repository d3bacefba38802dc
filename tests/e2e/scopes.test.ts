/** Who may do what: every route, every scope, every kind of principal. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ApiScope, SCOPES } from '@surety/server'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { codeOf } from '../support/answers.ts'
import { unchanged } from '../support/books.ts'
import { EXAMPLES, pathOf, type Stage, setStage } from '../support/examples.ts'
import {
  apiKeyFor,
  declareAndAuthorize,
  draftIntent,
  openHouse,
  presentation,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let stage: Stage
before(async () => {
  house = await openHouse()
  stage = await setStage(house)
})
after(() => house.close())

const ALL = Object.keys(SCOPES) as ApiScope[]

test('every route has an example, and every example a route', () => {
  const names = API_ROUTES.map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(Object.keys(EXAMPLES).sort(), names.sort())
})

test('a key without the scope of a route is refused there, whatever else it may do (default-deny)', async () => {
  const { operator } = house
  await unchanged(house.directory, async () => undefined)
  for (const route of API_ROUTES.filter(({ scope }) => scope !== null)) {
    const lacking = ALL.filter(
      (scope) => scope !== route.scope && !(route.scope === 'read' && scope === 'read:all'),
    )
    const apiKey = await apiKeyFor(operator, operator.principalId, lacking)
    const example = EXAMPLES[`${route.method} ${route.path}`]?.(stage)
    if (example === undefined) throw new Error('no example')
    const { method } = route
    const path = pathOf(route.path, example)
    await unchanged(house.directory, async () => {
      assert.equal(
        codeOf(await send(house.running.url, { method, path, apiKey, body: example.body })),
        'scope_missing',
      )
      assert.equal(
        codeOf(await send(house.running.url, { method, path, body: example.body })),
        'credentials_missing',
      )
      const forged = `${apiKey.slice(0, -43)}${'A'.repeat(43)}`
      assert.equal(
        codeOf(await send(house.running.url, { method, path, apiKey: forged, body: example.body })),
        'credentials_invalid',
      )
    })
  }
})

test('a route that asks for no credential changes nothing', () => {
  for (const { method, scope } of API_ROUTES) if (scope === null) assert.equal(method, 'GET')
})

const OPERATOR = [
  'principals:write',
  'roles:write',
  'controls:write',
  'keys:write',
  'deposits:write',
  'profiles:write',
  'grants:revoke-any',
  'read:all',
] as const

test('software is never given the scopes of an operator (approval)', async () => {
  const { operator, member } = house
  for (const kind of ['agent', 'service', 'app'] as const) {
    const software = await member(kind, [], ['read'])
    const { principalId } = software
    for (const scope of OPERATOR) {
      const body = { principalId, name: 'more', scopes: ['read', scope] as const }
      await unchanged(house.directory, () =>
        assert.rejects(operator.client.call('postApiKeys', { body }), {
          code: 'scope_not_grantable',
        }),
      )
    }
  }
})

test('nobody hands on a scope that they do not hold, by a new key or by another’s secret', async () => {
  const { operator, member } = house
  const clerk = await member('person', [], ['keys:write', 'read'])
  const { principalId } = clerk
  const body = { principalId, name: 'more', scopes: ['deposits:write'] as const }
  await assert.rejects(clerk.client.call('postApiKeys', { body }), { code: 'scope_not_grantable' })
  const { items } = await operator.client.call('getApiKeys', { query: { limit: '200' } })
  const strong = items.find((key) => key.name === 'first operator')
  if (strong === undefined) throw new Error('the first operator has a key')
  const { keyId } = strong
  for (const name of ['postApiKeysRotate', 'postApiKeysRevoke'] as const) {
    await unchanged(house.directory, () =>
      assert.rejects(clerk.client.call(name, { params: { keyId } }), {
        code: 'scope_not_grantable',
      }),
    )
  }
})

test('nobody acts for another principal (no-forgery)', async () => {
  const { market } = stage
  const { agent, payer, provider } = market
  const { operator, member } = house
  const scopes = ['grants:write', 'gates:write', 'gates:execute', 'evidence:write', 'read'] as const
  const stranger = await member('agent', ['intent', 'grant', 'response'], scopes)
  const { jws } = draftIntent(market, '1')
  for (const other of [stranger, operator]) {
    await assert.rejects(other.client.call('postGates', { body: { intent: jws } }), {
      code: 'caller_mismatch',
    })
  }
  const declared = await agent.client.call('postGates', { body: { intent: jws } })
  const { gateId } = declared
  for (const other of [stranger, operator]) {
    await assert.rejects(other.client.call('postGatesAuthorize', { params: { gateId } }), {
      code: 'gate_not_found',
    })
  }
  const gate = await declareAndAuthorize(market, '1')
  const params = { gateId: gate.gateId }
  await unchanged(house.directory, async () => {
    for (const other of [stranger, operator]) {
      const { client } = other
      await assert.rejects(client.call('postGatesExecute', { params, body: presentation(gate) }), {
        code: 'gate_not_found',
      })
      const body = { response: statement(market, gate) }
      await assert.rejects(client.call('postGatesEvidence', { params, body }), {
        code: 'gate_not_found',
      })
      await assert.rejects(client.call('postGatesVoid', { params }), { code: 'gate_not_found' })
    }
    // Its own parties, each in the other's place.
    const asPayer = payer.apiKey
    const path = `/v1/gates/${gate.gateId}/void`
    const { url } = house.running
    assert.equal(
      codeOf(await send(url, { method: 'POST', path, apiKey: provider.apiKey })),
      'scope_missing',
    )
    const execution = {
      method: 'POST',
      path: `/v1/gates/${gate.gateId}/execute`,
      body: presentation(gate),
    }
    assert.equal(codeOf(await send(url, { ...execution, apiKey: asPayer })), 'scope_missing')
  })
})

test('what does not concern a principal is not there for it (tenancy)', async () => {
  const stranger = await house.member('agent', [], ['read'])
  const { client } = stranger
  const { gateId } = stage.authorized
  const { grantHash, payer } = stage.market
  for (const name of ['getGatesOne', 'getGatesEvents', 'getGatesBundle'] as const) {
    await assert.rejects(client.call(name, { params: { gateId } }), { code: 'gate_not_found' })
  }
  await assert.rejects(client.call('getGrantsOne', { params: { grantHash } }), {
    code: 'grant_not_found',
  })
  for (const query of [{}, { principalId: payer.principalId }]) {
    await assert.rejects(client.call('getAccounts', { query }), { code: 'account_not_found' })
  }
  for (const name of ['getGates', 'getGrants'] as const) {
    assert.deepEqual((await client.call(name, { query: {} })).items, [])
  }
  const principals = await client.call('getPrincipals', { query: {} })
  assert.deepEqual(
    principals.items.map((each) => each.principalId),
    [stranger.principalId],
  )
  const keys = await client.call('getApiKeys', { query: {} })
  assert.ok(keys.items.every((each) => each.principalId === stranger.principalId))
})
