/** What is done is done: nothing is made twice, undone, edited or conjured up. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { mintId, type Profile, signObject } from '@surety/protocol'
import { newKeyPair } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { ensureBooks, rows, unchanged } from '../support/books.ts'
import {
  applyProfile,
  balanceOf,
  declareAndAuthorize,
  deposit,
  draftIntent,
  grantTo,
  host,
  type Market,
  openHouse,
  openMarket,
  pass,
  profileFor,
  rule,
  type TestHouse,
  window,
} from '../support/house.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
})
after(() => {
  ensureBooks(house.directory)
  return house.close()
})

/** Refused without a trace. */
const refused = (what: () => Promise<unknown>, code: string): Promise<void> =>
  unchanged(house.directory, () => assert.rejects(what(), { code }))

const declare = (jws: string) => market.agent.client.call('postGates', { body: { intent: jws } })
const issue = (jws: string) => market.payer.client.call('postGrants', { body: { grant: jws } })
const apply = (profile: Profile) => applyProfile(house, profile)
const record = (action: string) => house.operator.client.call('postDeposits', { body: { action } })

test('an intent is declared once, whatever state its gate is in (once)', async () => {
  const { jws, intent } = draftIntent(market, '1')
  const { gateId } = await declare(jws)
  await refused(() => declare(jws), 'intent_already_declared')
  // Another intent under the same id: another amount, another payee.
  const same = market.agent.party.sign({
    ...draftIntent(market, '900').intent,
    intentId: intent.intentId,
  } as never)
  await refused(() => declare(same), 'intent_already_declared')
  await market.agent.client.call('postGatesAuthorize', { params: { gateId } })
  await refused(() => declare(same), 'intent_already_declared')
  await market.agent.client.call('postGatesVoid', { params: { gateId } })
  await refused(() => declare(jws), 'intent_already_declared')
})

test('a nonce of an agent is used once; of two agents it is two (once)', async () => {
  const { intent, jws } = draftIntent(market, '1')
  await declare(jws)
  const again = { ...draftIntent(market, '1').intent, nonce: intent.nonce }
  await refused(() => declare(market.agent.party.sign(again as never)), 'nonce_already_used')
  const other = await openMarket(house)
  const theirs = { ...draftIntent(other, '1').intent, nonce: intent.nonce }
  const body = { intent: other.agent.party.sign(theirs as never) }
  assert.equal((await other.agent.client.call('postGates', { body })).state, 'declared')
  await rule(house, market)
})

test('an intent that lives too long, ends before it begins or has ended is refused', async () => {
  const at = (ms: number): string => new Date(host.now() + ms).toISOString()
  const draft = (issuedAt: string, expiresAt: string): string =>
    market.agent.party.sign({ ...draftIntent(market, '1').intent, issuedAt, expiresAt } as never)
  await refused(() => declare(draft(at(0), at(86_400_001))), 'intent_lifetime_invalid')
  await refused(() => declare(draft(at(10), at(0))), 'intent_lifetime_invalid')
  await refused(() => declare(draft(at(-2_000), at(-1_000))), 'intent_expired')
})

test('a request that is not in its one form is refused', async () => {
  const fingerprint = draftIntent(market, '1').intent.requestFingerprint
  const wrong = [
    { url: 'https://API.example/v1/data' },
    { url: 'https://api.example:443/v1/data' },
    { url: 'https://api.example/v1/../data' },
    {
      headers: [
        { name: 'b', value: '1' },
        { name: 'a', value: '1' },
      ],
    },
    {
      headers: [
        { name: 'a', value: '1' },
        { name: 'a', value: '2' },
      ],
    },
    { headers: [{ name: 'authorization', value: 'Bearer secret' }] },
  ]
  for (const changes of wrong) {
    const { jws } = draftIntent(market, '1', { requestFingerprint: { ...fingerprint, ...changes } })
    await unchanged(house.directory, () =>
      assert.rejects(declare(jws), ({ code }: { code: string }) =>
        ['fingerprint_not_canonical', 'schema_mismatch'].includes(code),
      ),
    )
  }
})

test('a grant is issued once, and neither its id nor its nonce again (once)', async () => {
  const { grant, jws } = await issuedGrant()
  await refused(() => issue(jws), 'grant_already_exists')
  const fresh = () =>
    market.payer.party.rootGrant({
      granteeId: market.agent.principalId,
      bounds: { maxDepth: 1 },
      ...window(),
    }).grant
  for (const changes of [{ grantId: grant.grantId }, { nonce: grant.nonce }]) {
    const again = market.payer.party.sign({ ...fresh(), ...changes } as never)
    await refused(() => issue(again), 'grant_already_exists')
  }
})

async function issuedGrant() {
  const root = await grantTo(market.payer, market.agent)
  return root
}

test('a revoked grant stays revoked: not revoked again, not issued again, not replaced (terminal)', async () => {
  const { grant, grantHash, jws } = await issuedGrant()
  const call = { params: { grantHash }, body: { reason: 'test' } }
  const revoke = () => market.payer.client.call('postGrantsRevoke', call)
  assert.equal((await revoke()).state, 'revoked')
  await refused(revoke, 'grant_already_revoked')
  await refused(() => issue(jws), 'grant_already_exists')
  const wider = { ...grant, bounds: { maxDepth: 9 } }
  await refused(() => issue(market.payer.party.sign(wider as never)), 'grant_already_exists')
  const gate = await declareAndAuthorize({ ...market, grantHash }, '1')
  assert.equal(gate.decision?.reasonCode, 'grant_revoked')
  const read = await market.payer.client.call('getGrantsOne', { params: { grantHash } })
  assert.equal(read.state, 'revoked')
})

test('nothing is delegated from a grant that is revoked, expired, or somebody else’s', async () => {
  const root = await grantTo(market.payer, market.agent)
  const child = (changes: object = {}) =>
    market.agent.party.delegate(root.grant, {
      granteeId: market.provider.principalId,
      bounds: { assets: ['USD/2'], maxDepth: 1 },
      notBefore: root.grant.notBefore,
      expiresAt: root.grant.expiresAt,
      ...changes,
    })
  const byAgent = (jws: string) => market.agent.client.call('postGrants', { body: { grant: jws } })
  await refused(() => byAgent(child({ bounds: { maxDepth: 1 } }).jws), 'grant_escalates')
  await refused(
    () => byAgent(child({ bounds: { ...root.grant.bounds } }).jws),
    'grant_not_narrower',
  )
  await refused(() => byAgent(child({ granteeId: market.agent.principalId }).jws), 'grant_self')
  await refused(() => issue(child().jws), 'caller_mismatch')
  const stolen = { ...child().grant, grantorId: market.payer.principalId }
  await refused(() => issue(market.payer.party.sign(stolen as never)), 'grant_chain_mismatch')
  const agentRoot = market.agent.party.rootGrant({
    granteeId: market.provider.principalId,
    bounds: { maxDepth: 1 },
    ...window(),
  })
  await refused(() => byAgent(agentRoot.jws), 'grant_root_not_allowed')
  const notMine = {
    ...market.payer.party.rootGrant({
      granteeId: market.agent.principalId,
      bounds: { maxDepth: 1 },
      ...window(),
    }).grant,
    payerId: house.operator.principalId,
  }
  await refused(() => issue(market.payer.party.sign(notMine as never)), 'grant_root_not_allowed')
  const call = { params: { grantHash: root.grantHash }, body: { reason: 'test' } }
  await market.payer.client.call('postGrantsRevoke', call)
  await refused(() => byAgent(child().jws), 'grant_parent_not_usable')
})

test('a version of a profile is what it was: not edited, not gone back to (terminal)', async () => {
  const payees = [market.provider.principalId]
  const one = profileFor(payees, { profileId: 'mine', version: 1 })
  const two = profileFor(payees, { profileId: 'mine', version: 2, name: 'two' })
  await apply(one)
  await refused(() => apply({ ...one, name: 'edited' }), 'profile_version_exists')
  await apply(two)
  await refused(() => apply({ ...two, name: 'edited' }), 'profile_version_exists')
  await refused(() => apply(one), 'profile_version_stale')
  await refused(() => apply({ ...one, name: 'edited' }), 'profile_version_stale')
  const [{ policyHash }] = [await house.operator.client.call('getProfilesActive')]
  const read = await house.operator.client.call('getProfilesOne', { params: { policyHash } })
  assert.deepEqual(read.profile, two)
  // The same version again is the same document: it rules, and nothing else.
  await apply(two)
  await rule(house, market)
})

test('no profile takes the place of the built-in one', async () => {
  const forged = profileFor([market.provider.principalId], { profileId: 'deny-all', version: 1 })
  const applied = await apply(forged)
  const own = await openHouse()
  const active = await own.operator.client.call('getProfilesActive')
  assert.notEqual(active.policyHash, applied.policyHash)
  await own.close()
  await rule(house, market)
})

test('there is no route that makes money but a signed deposit and a transfer on a chain (books)', () => {
  const writing = API_ROUTES.filter(({ method }) => method === 'POST').map(({ path }) => path)
  const touching = writing.filter((path) =>
    /deposit|account|credit|balance|transfer|wallet/.test(path),
  )
  // What `fund` books is a final transfer that the chain has, once: tests/x402/refused.test.ts.
  assert.deepEqual(touching, [
    '/v1/deposits',
    '/v1/wallets',
    '/v1/wallets/import',
    '/v1/wallets/{walletId}/fund',
    '/v1/wallets/{walletId}/allowance',
    '/v1/wallets/{walletId}/freeze',
    '/v1/wallets/{walletId}/unfreeze',
  ])
})

const movement = (changes: object = {}) => ({
  source: 'bank',
  reference: randomUUID(),
  principalId: market.payer.principalId,
  amount: '5',
  asset: 'USD/2',
  ...changes,
})

test('one movement of the rail is one deposit, however it is told again (books)', async () => {
  const before = BigInt(await balanceOf(house, market.payer))
  const same = movement()
  const action = house.operator.party.deposit(same, 'test')
  await record(action)
  await refused(() => record(action), 'deposit_already_recorded')
  for (const changes of [
    {},
    { amount: '6' },
    { principalId: market.provider.principalId },
    { asset: 'EUR/2' },
  ]) {
    const again = house.operator.party.deposit({ ...same, ...changes }, 'again')
    await refused(() => record(again), 'deposit_already_recorded')
  }
  assert.equal(BigInt(await balanceOf(house, market.payer)), before + 5n)
  // What two sources call by one name are two movements.
  await record(house.operator.party.deposit({ ...same, source: 'another-bank' }, 'test'))
  assert.equal(BigInt(await balanceOf(house, market.payer)), before + 10n)
})

test('a deposit that no operator signed, or that another signed, is none (no-forgery)', async () => {
  const { operator } = house
  const action = JSON.parse(
    Buffer.from(
      operator.party.deposit(movement(), 'test').split('.')[1] ?? '',
      'base64url',
    ).toString(),
  ) as Parameters<typeof signObject>[0]
  const forged = signObject(action, newKeyPair('action', host), nodeCrypto)
  await refused(() => record(forged), 'signing_key_unknown')
  const clerk = await house.member('person', ['action'], ['deposits:write', 'read'])
  const inOthersName = clerk.party.sign(action)
  await refused(() => record(inOthersName), 'signing_key_unknown')
  const theirs = clerk.party.deposit(movement(), 'test')
  await refused(() => record(theirs), 'caller_mismatch')
  const [grantKey] = market.payer.keys ?? []
  if (grantKey === undefined) throw new Error('the payer has a key')
  const wrongPurpose = signObject(
    { ...action, operatorId: market.payer.principalId } as never,
    grantKey,
    nodeCrypto,
  )
  await refused(() => record(wrongPurpose), 'signing_key_purpose_mismatch')
})

test('a deposit of nothing, of an unknown asset, for nobody or of another time is none (books)', async () => {
  const { party } = house.operator
  const wrong = [
    [{ amount: '0' }, 'amount_invalid'],
    [{ asset: 'XXX/2' }, 'asset_unknown'],
    [{ principalId: mintId('prn', host.now(), 3n) }, 'principal_not_found'],
  ] as const
  for (const [changes, code] of wrong) {
    await refused(() => record(party.deposit(movement(changes), 'test')), code)
  }
  const old = party.deposit(movement(), 'test')
  pass(301_000)
  await refused(() => record(old), 'time_out_of_range')
})

test('nobody pays themselves (books)', async () => {
  const both = [market.provider.principalId, market.payer.principalId]
  await apply(profileFor(both, { profileId: 'self' }))
  const gate = await declareAndAuthorize(market, '1', { payee: market.payer.principalId })
  assert.equal(gate.decision?.decision, 'deny')
  assert.equal(gate.decision?.reasonCode, 'payer_is_payee')
  await rule(house, market)
})

test('an intent that pays nothing is none', async () => {
  await refused(() => declare(draftIntent(market, '0').jws), 'amount_invalid')
})

test('a balance past eighteen digits is refused, and the books stay as they are (books)', async () => {
  const amount = '9'.repeat(18)
  const { party } = house.operator
  const rich = house.operator.party.deposit(movement({ amount, asset: 'JPY/0' }), 'test')
  await record(rich)
  const more = party.deposit(movement({ amount: '1', asset: 'JPY/0' }), 'test')
  await refused(() => record(more), 'amount_overflow')
})

test('ids are Surety’s own to give: none is taken from a caller', async () => {
  const body = { kind: 'app', name: 'x', keys: [], principalId: market.payer.principalId }
  await refused(
    () => house.operator.client.call('postPrincipals', { body: body as never }),
    'schema_mismatch',
  )
  const twice = newKeyPair('intent', host)
  const key = { publicKey: twice.publicKey, purpose: 'intent' } as const
  const keys = [key, { ...key, purpose: 'grant' as const }]
  const doubled = { kind: 'app', name: 'x', keys } as const
  await refused(
    () => house.operator.client.call('postPrincipals', { body: doubled }),
    'principal_key_exists',
  )
  const params = { principalId: market.agent.principalId }
  await house.operator.client.call('postPrincipalsKeys', { params, body: key })
  await refused(
    () => house.operator.client.call('postPrincipalsKeys', { params, body: key }),
    'principal_key_exists',
  )
  const ended = { params: { ...params, kid: twice.kid }, body: {} }
  await house.operator.client.call('postPrincipalsKeysRetire', ended)
  await refused(
    () => house.operator.client.call('postPrincipalsKeysRetire', ended),
    'principal_key_not_found',
  )
  await refused(
    () => house.operator.client.call('postPrincipalsKeys', { params, body: key }),
    'principal_key_exists',
  )
})

test('no event, transfer or document is ever written over (journal)', async () => {
  const journal = () =>
    rows(house.directory, 'SELECT * FROM events ORDER BY scope, stream, seq').map((row) =>
      JSON.stringify(row, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)),
    )
  const before = journal()
  await deposit(house, market.payer, '1')
  await declareAndAuthorize(market, '1')
  const after = new Set(journal())
  assert.ok(before.every((row) => after.has(row)))
})
