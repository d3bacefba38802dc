/** Evidence that does not authenticate changes nothing, whoever submits it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mintId, type PartyPurpose, signObject } from '@surety/protocol'
import { newKeyPair } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { unchanged } from '../support/books.ts'
import {
  declareAndAuthorize,
  draftIntent,
  execute,
  type Gate,
  host,
  kidOf,
  type Market,
  openHouse,
  openMarket,
  pass,
  prove,
  statement,
  type TestHouse,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

async function executing(): Promise<Gate> {
  const gate = await declareAndAuthorize(market, '100')
  await execute(market, gate)
  return gate
}

/** Refused from agent and payee alike; then the true statement settles the gate. */
async function ignored(gate: Gate, response: string, code: string, body?: string): Promise<void> {
  await unchanged(house.directory, async () => {
    for (const { client } of [market.agent, market.provider]) {
      const sent = { response, ...(body === undefined ? {} : { body }) }
      const params = { gateId: gate.gateId }
      await assert.rejects(client.call('postGatesEvidence', { params, body: sent }), { code })
    }
  })
  const settled = await prove(market, gate, statement(market, gate))
  assert.equal(settled.settlement?.status, 'released')
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

function response(gate: Gate, changes: object = {}) {
  const jws = statement(market, gate, changes)
  const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()
  return JSON.parse(payload) as Parameters<typeof signObject>[0]
}

/** Registers another key for the provider. */
async function anotherKey(purpose: PartyPurpose) {
  const key = newKeyPair(purpose, host)
  const { publicKey } = key
  const params = { principalId: market.provider.principalId }
  await house.operator.client.call('postPrincipalsKeys', { params, body: { publicKey, purpose } })
  return key
}

test('a statement under a key that nobody registered changes nothing', async () => {
  const gate = await executing()
  const jws = signObject(response(gate), newKeyPair('response', host), nodeCrypto)
  await ignored(gate, jws, 'evidence_not_authentic')
})

test('a statement under a key of the payee for another purpose changes nothing', async () => {
  const gate = await executing()
  const key = await anotherKey('intent')
  await ignored(gate, signObject(response(gate), key, nodeCrypto), 'evidence_not_authentic')
})

test('a statement under a retired key changes nothing', async () => {
  const gate = await executing()
  const key = await anotherKey('response')
  const { principalId } = market.provider
  const params = { principalId, kid: key.kid }
  await house.operator.client.call('postPrincipalsKeysRetire', { params, body: {} })
  pass(5)
  await ignored(gate, signObject(response(gate), key, nodeCrypto), 'evidence_not_authentic')
})

test('a statement of somebody else changes nothing, under their name or the payee’s', async () => {
  const gate = await executing()
  const other = await house.member('service', ['response'], ['evidence:write', 'read'])
  const theirs = other.party.sign({ ...response(gate), payee: other.principalId } as never)
  await ignored(gate, theirs, 'evidence_not_authentic')
  const second = await executing()
  await ignored(second, other.party.sign(response(second)), 'evidence_not_authentic')
})

test('a statement about anything but this gate’s authorization changes nothing', async () => {
  const other = await executing()
  const hash = nodeCrypto.sha256('another request')
  const wrong: readonly object[] = [
    { gateId: other.gateId },
    { authorizationId: other.authorization?.authorizationId },
    { gateId: other.gateId, authorizationId: other.authorization?.authorizationId },
    { requestFingerprintHash: hash },
    { amount: '99' },
    { amount: '101' },
    { amount: '0' },
    { asset: 'EUR/2' },
  ]
  for (const changes of wrong) {
    const gate = await executing()
    await ignored(gate, statement(market, gate, changes), 'evidence_not_authentic')
  }
})

test('a statement for another tenant or environment changes nothing', async () => {
  for (const changes of [
    { tenantId: mintId('ten', host.now(), 9n) },
    { environment: 'production' },
  ]) {
    const gate = await executing()
    await ignored(gate, statement(market, gate, changes), 'evidence_not_authentic')
  }
})

test('a statement that was touched, or is of another type, changes nothing', async () => {
  const gate = await executing()
  const jws = statement(market, gate)
  const [header = '', , signature = ''] = jws.split('.')
  const better = base64url(JSON.stringify({ ...response(gate), status: 201 }))
  await ignored(gate, `${header}.${better}.${signature}`, 'evidence_not_authentic')
  const second = await executing()
  await ignored(second, draftIntent(market, '100').jws, 'evidence_not_authentic')
})

test('a statement dated outside the execution changes nothing', async () => {
  const at = (ms: number): string => new Date(host.now() + ms).toISOString()
  const wrong = [
    { startedAt: at(-120_000), completedAt: at(0) },
    { startedAt: at(0), completedAt: at(120_000) },
    { startedAt: at(1_000), completedAt: at(0) },
  ]
  for (const changes of wrong) {
    const gate = await executing()
    await ignored(gate, statement(market, gate, changes), 'evidence_from_the_future')
  }
})

test('a body that is not the one stated changes nothing', async () => {
  const gate = await executing()
  const other = base64url('{"answer":43}')
  await ignored(gate, statement(market, gate), 'evidence_body_mismatch', other)
})

test('evidence before the execution, or after the end, changes nothing (terminal)', async () => {
  const gate = await declareAndAuthorize(market, '100')
  await unchanged(house.directory, () =>
    assert.rejects(prove(market, gate, statement(market, gate)), { code: 'gate_not_executing' }),
  )
  await execute(market, gate)
  await prove(market, gate, statement(market, gate))
  for (const status of [200, 500]) {
    await unchanged(house.directory, () =>
      assert.rejects(prove(market, gate, statement(market, gate, { status })), {
        code: 'gate_settled',
      }),
    )
  }
})

test('a payee that is not active is not paid: its statement changes nothing (control)', async () => {
  const gate = await executing()
  const params = { principalId: market.provider.principalId }
  const change = (to: 'suspended' | 'active') =>
    house.operator.client.call('postPrincipalsLifecycle', { params, body: { to, reason: 'test' } })
  await change('suspended')
  await unchanged(house.directory, async () => {
    for (const { client } of [market.agent, market.provider]) {
      const call = { params: { gateId: gate.gateId }, body: { response: statement(market, gate) } }
      await assert.rejects(client.call('postGatesEvidence', call), { code: 'principal_not_active' })
    }
  })
  await change('active')
  const settled = await prove(market, gate, statement(market, gate))
  assert.equal(settled.settlement?.status, 'released')
})

test('a key that signed before it was retired no longer speaks after', async () => {
  const gate = await executing()
  const key = await anotherKey('response')
  const signedBefore = signObject(response(gate), key, nodeCrypto)
  const { principalId } = market.provider
  const params = { principalId, kid: key.kid }
  await house.operator.client.call('postPrincipalsKeysRetire', { params, body: {} })
  assert.notEqual(key.kid, kidOf(market.provider, 'response'))
  pass(5)
  await ignored(gate, signedBefore, 'evidence_not_authentic')
})
