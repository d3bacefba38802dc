/** API keys: shown once, kept as keyed hashes, and ended at once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { SCOPES } from '@surety/server'
import { codeOf } from '../support/answers.ts'
import { everyByte, unchanged } from '../support/books.ts'
import { type Market, openHouse, openMarket, type TestHouse } from '../support/house.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => house.close())

const whoami = async (apiKey: string | undefined) =>
  codeOf(await send(house.running.url, { method: 'GET', path: '/v1/whoami', apiKey }))

async function newKey() {
  const { principalId } = market.agent
  const body = { principalId, name: 'one', scopes: ['read'] as const }
  const made = await house.operator.client.call('postApiKeys', { body })
  return { keyId: made.keyId, secret: made.secret as string }
}

test('a key is bound to one principal, one environment and its scopes', async () => {
  const me = await market.agent.client.call('getWhoami')
  assert.equal(me.principalId, market.agent.principalId)
  assert.equal(me.environment, 'sandbox')
  assert.deepEqual(me.scopes, [
    'evidence:write',
    'gates:execute',
    'gates:write',
    'grants:write',
    'read',
  ])
  const operator = await house.operator.client.call('getWhoami')
  assert.deepEqual(operator.scopes, Object.keys(SCOPES).sort())
})

test('a secret is shown once and never again (redaction)', async () => {
  const { keyId, secret } = await newKey()
  // The secret itself may hold underscores.
  const tail = secret.slice(-43)
  const { items } = await house.operator.client.call('getApiKeys', { query: {} })
  assert.ok(items.some((key) => key.keyId === keyId))
  assert.doesNotMatch(JSON.stringify(items), /"secret|secretHash/)
  assert.ok(!JSON.stringify(items).includes(tail))
})

test('no secret is on the disk, in no form it could be used in (redaction)', async () => {
  const { secret } = await newKey()
  const bytes = everyByte(house.directory)
  for (const whole of [secret, house.founded.apiKey, market.agent.apiKey]) {
    const body = whole.split('_').slice(3).join('_')
    assert.equal(body.length, 43)
    const raw = Buffer.from(body, 'base64url')
    for (const form of [whole, body, raw.toString('hex'), raw.toString('latin1')]) {
      assert.ok(!bytes.includes(form))
    }
  }
})

test('two keys of one secret would be two hashes, and a hash opens nothing', async () => {
  const { keyId, secret } = await newKey()
  const hash = new RegExp(`"keyId":"${keyId}"[^}]*"secretHash":"([0-9a-f]{64})"`).exec(
    everyByte(house.directory),
  )
  const stored = hash?.[1] ?? ''
  assert.equal(stored.length, 64)
  const prefix = secret.slice(0, -43)
  const asSecret = Buffer.from(stored, 'hex').toString('base64url')
  assert.equal(await whoami(`${prefix}${asSecret}`), 'credentials_invalid')
  const { createHash } = await import('node:crypto')
  assert.notEqual(createHash('sha256').update(secret.slice(-43)).digest('hex'), stored)
})

test('a revoked key is refused on its next request, for good (control)', async () => {
  const { keyId, secret } = await newKey()
  assert.equal(await whoami(secret), 'ok')
  const call = { params: { keyId } }
  await house.operator.client.call('postApiKeysRevoke', call)
  assert.equal(await whoami(secret), 'credentials_invalid')
  await unchanged(house.directory, async () => {
    for (const name of ['postApiKeysRevoke', 'postApiKeysRotate'] as const) {
      await assert.rejects(house.operator.client.call(name, call), { code: 'api_key_revoked' })
    }
  })
  house = await house.restart()
  assert.equal(await whoami(secret), 'credentials_invalid')
})

test('a rotated key has a new secret at once, and the old one ends (control)', async () => {
  const { keyId, secret } = await newKey()
  const { url } = house.running
  const path = `/v1/api-keys/${keyId}/rotate`
  const answer = await send(url, { method: 'POST', path, apiKey: house.operator.apiKey })
  const rotated = (JSON.parse(answer.text) as { secret: string }).secret
  assert.notEqual(rotated, secret)
  assert.equal(await whoami(secret), 'credentials_invalid')
  assert.equal(await whoami(rotated), 'ok')
  await house.operator.client.call('postApiKeysRevoke', { params: { keyId } })
  assert.equal(await whoami(rotated), 'credentials_invalid')
})

test('a key that is nearly right is as wrong as any', async () => {
  const { secret } = await newKey()
  const other = await newKey()
  const head = secret.slice(0, -43)
  const tail = secret.slice(-43)
  const wrong = [
    head + other.secret.slice(-43),
    head + tail.slice(0, -1),
    `${head}${tail}A`,
    head + tail.toLowerCase(),
    head.toUpperCase() + tail,
    `${secret} `,
    secret.replace('sandbox', 'production'),
  ]
  for (const apiKey of wrong.filter((each) => each.trim() !== secret)) {
    assert.equal(await whoami(apiKey), 'credentials_invalid')
  }
  assert.equal(await whoami(undefined), 'credentials_missing')
})
