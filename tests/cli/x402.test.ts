/** Wallets and purchases from a terminal, on a real chain, from a server that is not ours. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { toBase64url } from '@surety/protocol'
import { openTown, type Town } from '../x402/town.ts'
import { problemIn, type Scratch, scratch } from './support.ts'

let town: Town
let place: Scratch
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  place = scratch({ SURETY_URL: town.house.running.url })
  keep('agent.json', town.agent, 'agent')
  keep('operator.json', town.house.operator, 'person')
})
after(async () => {
  place.remove()
  await town.close()
})

function keep(file: string, member: Town['agent'], kind: string): void {
  const { tenantId, environment } = town.house.founded
  const credentials = {
    schemaVersion: 'Credentials.v1',
    url: town.house.running.url,
    tenantId,
    environment,
    principalId: member.principalId,
    kind,
    name: kind,
    apiKey: member.apiKey,
    keys: [],
  }
  writeFileSync(place.path(file), JSON.stringify(credentials), { mode: 0o600 })
}

const asAgent = ['--credentials', 'agent.json']
const asOperator = ['--credentials', 'operator.json']
const weather = () => `${town.world.urls.express ?? ''}/weather`

test('a page is bought for its price, shown, and paid once under one name', async () => {
  const args = [
    'fetch',
    weather(),
    '--max',
    '0.05',
    '--idempotency-key',
    'one-purchase',
    ...asAgent,
  ]
  const bought = await place.surety(...args)
  assert.equal(bought.code, 0, bought.err)
  assert.match(bought.out, /answer +HTTP 200/)
  assert.match(bought.out, /paid +0\.010000 USD on Base Sepolia/)
  assert.match(bought.out, /settlement +captured/)
  const again = await place.surety(...args)
  assert.equal(again.out, bought.out)
})

test('a body goes into a file that did not exist, and the document into --json', async () => {
  const args = ['fetch', weather(), '--max', '0.05', '--out', 'weather.json', ...asAgent]
  const document = await place.json<{ gate: { settlement: { status: string } } }>(...args)
  assert.equal(document.gate.settlement.status, 'captured')
  assert.equal(typeof JSON.parse(readFileSync(place.path('weather.json'), 'utf8')), 'object')
  const over = await place.surety(...args, '--json')
  assert.equal(over.code, 4)
  assert.equal(problemIn(over).code, 'file_exists')
})

test('more than the maximum is not paid, and what is no amount is not sent', async () => {
  const over = await place.surety('fetch', weather(), '--max', '0.001', ...asAgent, '--json')
  assert.equal(over.code, 1)
  assert.equal(problemIn(over).code, 'offer_above_maximum')
  for (const max of ['-1', '1e3', '0.0000001', 'five', '1,5']) {
    const refused = await place.surety('fetch', weather(), `--max=${max}`, ...asAgent, '--json')
    assert.equal(refused.code, 2, max)
  }
})

test('wallets are made, read and frozen, and no command shows a key', async () => {
  const of = (owner: string) => ['--owner', owner, '--name', 'spare', ...asOperator]
  const { principalId } = town.house.operator
  const made = await place.json<{ walletId: string; address: string }>(
    'wallet',
    'create',
    ...of(principalId),
  )
  const secret = '7'.repeat(64)
  writeFileSync(place.path('key.hex'), `${secret}\n`)
  const imported = await place.surety(
    'wallet',
    'import',
    '--key-file',
    'key.hex',
    ...of(town.agent.principalId),
  )
  assert.equal(imported.code, 0, imported.err)
  const frozen = await place.surety(
    'wallet',
    'freeze',
    made.walletId,
    '--reason',
    'a test',
    ...asOperator,
  )
  assert.match(frozen.out, /state +frozen/)
  const shown = await place.surety('wallet', 'show', town.walletId, ...asOperator)
  assert.match(shown.out, /on the chain +\d+\.\d{6} USD on Base Sepolia/)
  const listed = await place.surety('wallet', 'list', ...asOperator)
  for (const said of [imported, frozen, shown, listed]) assert.ok(!said.out.includes(secret))
  assert.match(listed.out, new RegExp(made.address))
})

test('an agent that must sign its intents does, and pays no more than it meant', async () => {
  const strict = await openTown({ world: { sellers: ['express'] }, signs: true })
  try {
    const { fetchPaid } = await import('@surety/sdk')
    const { nodeCrypto } = await import('@surety/server')
    const { asset } = strict.world
    const url = `${strict.world.urls.express ?? ''}/weather`
    const purchase = { url, grantHash: strict.grantHash, maximum: { amount: '50000', asset } }
    const { client, party } = strict.agent
    const unsigned = fetchPaid(client, purchase, {
      crypto: nodeCrypto,
      idempotencyKey: 'unsigned-purchase',
    })
    await assert.rejects(unsigned, { code: 'intent_signature_required' })
    const signed = { crypto: nodeCrypto, party, idempotencyKey: toBase64url(new Uint8Array(16)) }
    const bought = await fetchPaid(client, purchase, signed)
    assert.equal(bought.gate?.settlement?.status, 'captured')
  } finally {
    await strict.close()
  }
})
