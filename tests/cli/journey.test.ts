import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { idIn, problemIn, type Scratch, type Server, STARTER, scratch, serve } from './support.ts'

interface Gate {
  readonly gateId: string
  readonly state: string
  readonly decision: { readonly decision: string; readonly reasonCode: string }
  readonly settlement: { readonly status: string } | null
}

let place: Scratch
let server: Server
let grantHash: string

/** Files of the parties, by who they are. */
const as = (who: string) => ['--credentials', `${who}.json`, '--url', server.url]

before(async () => {
  place = scratch()
  await place.json('init', 'data')
  server = await serve(place.directory)
})
after(async () => {
  await server.stop()
  place.remove()
})

const operator = () => ['--credentials', 'data/operator.credentials.json', '--url', server.url]

test('init shows the API key once, and keeps secrets for the owner alone', async () => {
  assert.equal(statSync(place.path('data')).mode & 0o777, 0o700)
  assert.equal(statSync(place.path('data/operator.credentials.json')).mode & 0o777, 0o600)
  const again = await place.surety('init', 'data', '--json')
  assert.equal(again.code, 4)
  assert.equal(problemIn(again).code, 'data_directory_not_empty')
})

test('parties get keys of their own, in files for the owner alone', async () => {
  for (const [who, kind] of [
    ['acme', 'organisation'],
    ['buyer', 'agent'],
    ['weather', 'service'],
  ] as const) {
    const args = ['principal', 'register', '--kind', kind, '--name', who, '--out', `${who}.json`]
    const made = await place.surety(...args, ...operator())
    assert.equal(made.code, 0, made.err)
    const file = readFileSync(place.path(`${who}.json`), 'utf8')
    const { apiKey, keys } = JSON.parse(file) as {
      apiKey: string
      keys: { privateSeed: string }[]
    }
    assert.equal(statSync(place.path(`${who}.json`)).mode & 0o777, 0o600)
    for (const secret of [apiKey, ...keys.map(({ privateSeed }) => privateSeed)]) {
      assert.equal(made.out.includes(secret), false, 'a secret was printed')
    }
  }
})

test('a credentials file is never overwritten, and nobody is registered for nothing', async () => {
  const held = readFileSync(place.path('acme.json'), 'utf8')
  const args = ['principal', 'register', '--kind', 'agent', '--name', 'x', '--out', 'acme.json']
  const refused = await place.surety(...args, '--json', ...operator())
  assert.equal(refused.code, 4)
  assert.equal(problemIn(refused).code, 'file_exists')
  assert.equal(readFileSync(place.path('acme.json'), 'utf8'), held)
  const { items } = await place.json<{ items: unknown[] }>('principal', 'list', ...operator())
  assert.equal(items.length, 4)
})

test('of two that write the same credentials at once, one does', async () => {
  const args = ['principal', 'register', '--kind', 'app', '--name', 'twin', '--out', 'twin.json']
  const both = await Promise.all([
    place.surety(...args, '--json', ...operator()),
    place.surety(...args, '--json', ...operator()),
  ])
  assert.deepEqual(both.map(({ code }) => code).sort(), [0, 4])
  const { items } = await place.json<{ items: unknown[] }>('principal', 'list', ...operator())
  assert.equal(items.length, 5)
})

test('money comes in once, on the signed word of the operator', async () => {
  const to = idIn(place.path('acme.json'))
  const args = ['deposit', '--to', to, '--amount', '10000', '--source', 'bank', '--reference', 'w1']
  await place.json(...args, ...operator())
  const again = await place.surety(...args, '--json', ...operator())
  assert.equal(again.code, 1)
  assert.equal(problemIn(again).code, 'deposit_already_recorded')
  const agent = await place.surety(...args, '--json', ...as('buyer'))
  assert.equal(agent.code, 4, 'an agent has no key for it')
  assert.equal(problemIn(agent).code, 'key_missing')
})

test('the starter profile is valid and rules when it is applied', async () => {
  const { ok } = await place.json<{ ok: boolean }>('profile', 'validate', STARTER)
  assert.equal(ok, true)
  await place.json('profile', 'apply', STARTER, '--yes', ...operator())
  const { active } = await place.json<{ active: { profile: { profileId: string } } }>(
    'profile',
    'list',
    ...operator(),
  )
  assert.equal(active.profile.profileId, 'starter')
})

test('a grant is issued, delegated narrower, never wider, and revoked', async () => {
  const payee = idIn(place.path('weather.json'))
  const buyer = idIn(place.path('buyer.json'))
  const bounds = ['--per-call', '500', '--per-day', '5000', '--payee', payee]
  const root = await place.json<{ grantHash: string }>(
    'grant',
    'issue',
    '--to',
    buyer,
    ...bounds,
    ...as('acme'),
  )
  grantHash = root.grantHash
  const onward = ['grant', 'delegate', grantHash, '--to', payee]
  const wider = await place.surety(...onward, '--per-call', '501', '--json', ...as('buyer'))
  assert.equal(wider.code, 1)
  assert.equal(problemIn(wider).code, 'grant_escalates')
  const child = await place.json<{ grantHash: string }>(
    ...onward,
    '--per-call',
    '100',
    ...as('buyer'),
  )
  const revoked = await place.json<{ state: string }>(
    'grant',
    'revoke',
    child.grantHash,
    '--reason',
    'test',
    ...as('acme'),
  )
  assert.equal(revoked.state, 'revoked')
})

function declare(amount: string) {
  const payee = idIn(place.path('weather.json'))
  const request = ['--method', 'post', '--url', 'https://api.example/v1/data', '--body', 'ask.json']
  const deal = ['--payee', payee, '--amount', amount, '--grant', grantHash]
  const who = ['--credentials', 'buyer.json', '--server', server.url]
  return ['gate', 'declare', ...deal, ...request, ...who, '--authorize', '--json']
}

test('a denied gate exits 1 and says why', async () => {
  writeFileSync(place.path('ask.json'), '{"q":1}')
  const denied = await place.surety(...declare('501'))
  assert.equal(denied.code, 1)
  const gate = JSON.parse(denied.out) as Gate
  assert.equal(gate.state, 'denied')
  assert.equal(gate.decision.reasonCode, 'grant_per_call_exceeded')
})

test('a gate goes from intent to a bundle that verifies with keys from outside alone', async () => {
  const declared = await place.surety(...declare('250'))
  assert.equal(declared.code, 0, declared.err)
  const { gateId } = JSON.parse(declared.out) as Gate
  const weather = ['--credentials', 'weather.json', '--server', server.url]
  const execute = ['gate', 'execute', gateId, '--json', ...weather]
  writeFileSync(place.path('other.json'), '{"q":2}')
  const received = ['--method', 'POST', '--url', 'https://api.example/v1/data']
  const other = await place.surety(...execute, ...received, '--body', 'other.json')
  assert.equal(problemIn(other).code, 'binding_body_mismatch')
  await place.json('gate', 'execute', gateId, ...received, '--body', 'ask.json', ...weather)
  const replayed = await place.surety(...execute)
  assert.equal(replayed.code, 1)
  assert.equal(problemIn(replayed).code, 'authorization_consumed')
  await place.json('gate', 'respond', gateId, '--out', 'response.jws', ...as('weather'))
  const proof = ['gate', 'evidence', gateId, '--response', 'response.jws']
  const settled = await place.json<Gate>(...proof, ...as('buyer'))
  assert.equal(settled.settlement?.status, 'released')
  await place.json('export', gateId, '--out', 'bundle', ...as('buyer'))
  const jwks = (out: string) => ['keys', 'jwks', '--out', out, '--url', server.url]
  await place.json(...jwks('jwks.json'))
  // Key sets are renewed; anything else stays what it is.
  await place.json(...jwks('jwks.json'))
  for (const file of ['data/operator.credentials.json', 'data/surety.lock', 'response.jws']) {
    const before = readFileSync(place.path(file))
    assert.equal(problemIn(await place.surety(...jwks(file), '--json')).code, 'file_exists')
    assert.deepEqual(readFileSync(place.path(file)), before)
  }
  const again = await place.surety('export', gateId, '--out', 'bundle', '--json', ...as('buyer'))
  assert.equal(problemIn(again).code, 'target_not_empty')

  const elsewhere = scratch()
  try {
    cpSync(place.path('bundle'), elsewhere.path('bundle'), { recursive: true })
    cpSync(place.path('jwks.json'), elsewhere.path('jwks.json'))
    const verified = await elsewhere.surety('verify', 'bundle', '--keys', 'jwks.json', '--json')
    assert.equal(verified.code, 0)
    assert.equal((JSON.parse(verified.out) as { ok: boolean }).ok, true)
    rmSync(elsewhere.path('bundle/signed/intent.jws'))
    const cut = await elsewhere.surety('verify', 'bundle', '--keys', 'jwks.json', '--json')
    assert.equal(cut.code, 1)
    assert.equal((JSON.parse(cut.out) as { ok: boolean }).ok, false)
  } finally {
    elsewhere.remove()
  }
})

test('an unused authorization is given back, and the books show it', async () => {
  const declared = await place.surety(...declare('100'))
  const { gateId } = JSON.parse(declared.out) as Gate
  const voided = await place.json<Gate>('gate', 'void', gateId, ...as('buyer'))
  assert.equal(voided.state, 'voided')
  const accounts = await place.json<{ account: string; balance: string }[]>(
    'account',
    'list',
    ...as('acme'),
    '--principal',
    idIn(place.path('acme.json')),
  )
  assert.deepEqual(
    accounts.map(({ balance }) => balance),
    ['9750'],
  )
  const shown = await place.surety('account', 'list', ...operator())
  assert.match(shown.out, /97\.50 USD +9750/)
})

test('what nobody may see is not found', async () => {
  const { items } = await place.json<{ items: Gate[] }>('gate', 'list', ...as('buyer'))
  assert.equal(items.length, 3)
  const missing = ['gate', 'show', `gat_${'0'.repeat(26)}`, '--json', ...as('buyer')]
  const refused = await place.surety(...missing)
  assert.equal(refused.code, 1)
  assert.equal(problemIn(refused).code, 'gate_not_found')
})

test('an API key that was rotated or revoked ends at once', async () => {
  const buyer = idIn(place.path('buyer.json'))
  const scope = ['--principal', buyer, '--scope', 'read']
  const made = await place.json<{ keyId: string; secret: string }>(
    'keys',
    'create',
    ...scope,
    ...operator(),
  )
  const file = JSON.parse(readFileSync(place.path('buyer.json'), 'utf8')) as object
  const write = (apiKey: string) =>
    writeFileSync(place.path('reader.json'), JSON.stringify({ ...file, apiKey }))
  const look = () => place.surety('gate', 'list', '--json', ...as('reader'))
  write(made.secret)
  assert.equal((await look()).code, 0)
  const rotated = await place.json<{ secret: string }>('keys', 'rotate', made.keyId, ...operator())
  assert.equal(problemIn(await look()).code, 'credentials_invalid')
  write(rotated.secret)
  assert.equal((await look()).code, 0)
  await place.json('keys', 'revoke', made.keyId, ...operator())
  assert.equal(problemIn(await look()).code, 'credentials_invalid')
})

test('a suspended principal may not act, and doctor finds a healthy house', async () => {
  const buyer = idIn(place.path('buyer.json'))
  const move = ['principal', 'lifecycle', buyer, 'suspended', '--reason', 'test']
  await place.json(...move, ...operator())
  const denied = await place.surety(...declare('100'))
  assert.equal(denied.code, 1)
  const health = await place.surety('doctor', '--data', 'data', '--json', ...operator())
  assert.equal(health.code, 0, health.out)
  const { checks } = JSON.parse(health.out) as { checks: { check: string; result: string }[] }
  assert.ok(checks.every(({ result }) => result === 'ok'))
  assert.ok(checks.length >= 9)
})

test('fsck finds that everything agrees', async () => {
  const found = await place.json<{ ok: boolean }>('fsck', '--data', 'data')
  assert.equal(found.ok, true)
})
