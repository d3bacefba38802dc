/** What changes between the decision and its effect counts at the moment of effect. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Lifecycle, Profile } from '@surety/protocol'
import { type ApiScope, SCOPES } from '@surety/server'
import { LIFECYCLE_NEXT } from '../../packages/domain/src/principal/principal.ts'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { codeOf } from '../support/answers.ts'
import { unchanged } from '../support/books.ts'
import { EXAMPLES, pathOf, setStage } from '../support/examples.ts'
import {
  apiKeyFor,
  applyProfile,
  declareAndAuthorize,
  draftIntent,
  execute,
  grantTo,
  host,
  type Market,
  type Member,
  openHouse,
  openMarket,
  pass,
  presentation,
  rule,
  type TestHouse,
  window,
} from '../support/house.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let market: Market
before(async () => {
  house = await openHouse()
})
beforeEach(async () => {
  market = await openMarket(house)
})
after(() => house.close())

async function move({ principalId }: Member, ...path: readonly Lifecycle[]): Promise<void> {
  for (const to of path) {
    const call = { params: { principalId }, body: { to, reason: 'test' } }
    await house.operator.client.call('postPrincipalsLifecycle', call)
  }
}

/** Refused at the moment of effect, without a trace. */
async function stopped(own: Market, change: () => Promise<unknown>, code: string): Promise<void> {
  const gate = await declareAndAuthorize(own, '100')
  assert.equal(gate.state, 'authorized')
  await change()
  await unchanged(house.directory, () => assert.rejects(execute(own, gate), { code }))
}

const revoke = (by: Member, grantHash: string) =>
  by.client.call('postGrantsRevoke', { params: { grantHash }, body: { reason: 'test' } })

test('a profile that changed since stops the execution, and its return lets it go on (control)', async () => {
  const gate = await declareAndAuthorize(market, '100')
  const { policyHash } = await house.operator.client.call('getProfilesActive')
  const { profile } = await house.operator.client.call('getProfilesOne', { params: { policyHash } })
  await rule(house, market)
  await unchanged(house.directory, () =>
    assert.rejects(execute(market, gate), { code: 'commit_policy_changed' }),
  )
  await applyProfile(house, profile as unknown as Profile)
  assert.equal((await execute(market, gate)).state, 'executing')
})

test('a grant that was revoked since stops the execution (control)', async () => {
  await stopped(market, () => revoke(market.payer, market.grantHash), 'commit_grant_not_usable')
})

/** A chain of three, the market under the last. */
async function chain(): Promise<Market & { readonly middle: Member; readonly middleHash: string }> {
  const middle = await house.member('agent', ['intent', 'grant'], ['grants:write', 'read'])
  const root = await grantTo(market.payer, middle)
  const child = middle.party.delegate(root.grant, {
    granteeId: market.agent.principalId,
    bounds: { assets: ['USD/2'], maxDepth: 2 },
    notBefore: root.grant.notBefore,
    expiresAt: root.grant.expiresAt,
  })
  await middle.client.call('postGrants', { body: { grant: child.jws } })
  return { ...market, grantHash: child.grantHash, middle, middleHash: root.grantHash }
}

test('an ancestor that was revoked since stops the execution, and every later decision (control)', async () => {
  const own = await chain()
  await stopped(own, () => revoke(market.payer, own.middleHash), 'commit_grant_not_usable')
  const next = await declareAndAuthorize(own, '100')
  assert.equal(next.decision?.reasonCode, 'grant_revoked')
})

test('whoever stands above may revoke, whoever stands below may not (control)', async () => {
  const own = await chain()
  await assert.rejects(revoke(market.agent, own.middleHash), { code: 'grant_not_found' })
  await assert.rejects(revoke(market.agent, own.grantHash), { code: 'grant_not_found' })
  assert.equal((await revoke(market.payer, own.grantHash)).state, 'revoked')
})

test('a grant that expired since stops the execution (control)', async () => {
  const root = market.payer.party.rootGrant({
    granteeId: market.agent.principalId,
    bounds: { maxDepth: 0 },
    notBefore: window().notBefore,
    expiresAt: new Date(host.now() + 2_000).toISOString(),
  })
  await market.payer.client.call('postGrants', { body: { grant: root.jws } })
  const own = { ...market, grantHash: root.grantHash }
  const gate = await declareAndAuthorize(own, '100')
  assert.equal(gate.authorization?.notAfter, root.grant.expiresAt)
  pass(2_100)
  await assert.rejects(execute(own, gate), { code: 'authorization_expired' })
  const next = await declareAndAuthorize(own, '100')
  assert.equal(next.decision?.reasonCode, 'grant_expired')
})

const WORD = { payer: 'payer_not_active', agent: 'agent_not_active', provider: 'payee_not_active' }

for (const who of ['payer', 'agent', 'provider'] as const) {
  test(`a ${who} suspended between decision and execution stops it; active again, it goes on (control)`, async () => {
    const gate = await declareAndAuthorize(market, '100')
    const by = who === 'provider' ? market.agent : market.provider
    await move(market[who], 'suspended')
    const call = { params: { gateId: gate.gateId }, body: presentation(gate) }
    // A payer who is suspended has also given the grant that is used.
    const code = who === 'payer' ? 'commit_grant_not_usable' : 'principal_not_active'
    await unchanged(house.directory, () =>
      assert.rejects(by.client.call('postGatesExecute', call), { code }),
    )
    await move(market[who], 'active')
    assert.equal((await by.client.call('postGatesExecute', call)).state, 'executing')
  })

  test(`the next decision after a ${who} is suspended denies with its code (control)`, async () => {
    const body = { intent: draftIntent(market, '1').jws }
    const { gateId } = await market.agent.client.call('postGates', { body })
    await move(market[who], 'suspended')
    const decide = () => market.agent.client.call('postGatesAuthorize', { params: { gateId } })
    if (who === 'agent') {
      await unchanged(house.directory, () =>
        assert.rejects(decide(), { code: 'principal_not_active' }),
      )
      await move(market.agent, 'active')
      assert.equal((await decide()).state, 'authorized')
    } else {
      const { decision } = await decide()
      assert.equal(decision?.decision, 'deny')
      assert.equal(decision?.reasonCode, WORD[who])
    }
  })
}

test('a grantor in the middle who was suspended stops decisions and executions (control)', async () => {
  const own = await chain()
  await stopped(own, () => move(own.middle, 'suspended'), 'commit_grant_not_usable')
  const next = await declareAndAuthorize(own, '100')
  assert.equal(next.decision?.reasonCode, 'grant_grantor_not_active')
})

const PATHS: Readonly<Record<Exclude<Lifecycle, 'active' | 'provisioned'>, readonly Lifecycle[]>> =
  {
    throttled: ['throttled'],
    suspended: ['suspended'],
    quarantined: ['quarantined'],
    frozen: ['frozen'],
    decommissioned: ['decommissioned'],
    archived: ['archived'],
  }

test('every command of a principal that is not active is refused, on every route (default-deny)', async () => {
  const stage = await setStage(house)
  const { operator } = house
  for (const [state, path] of Object.entries(PATHS)) {
    const other = await house.member('person', ['action', 'grant', 'intent'], ['read'])
    const { principalId } = other
    const apiKey = await apiKeyFor(operator, principalId, Object.keys(SCOPES) as ApiScope[])
    await move(other, ...path)
    for (const route of API_ROUTES.filter(({ method }) => method === 'POST')) {
      const example = EXAMPLES[`${route.method} ${route.path}`]?.(stage)
      if (example === undefined) throw new Error('no example')
      const sent = { method: route.method, path: pathOf(route.path, example), apiKey }
      await unchanged(house.directory, async () => {
        const code = codeOf(await send(house.running.url, { ...sent, body: example.body }))
        // Some ask first whose gate or signature it is; none lets the caller through.
        const expected = [
          'principal_not_active',
          'gate_not_found',
          'grant_not_found',
          'caller_mismatch',
          'inbound_not_found',
        ]
        assert.ok(expected.includes(code), `${state} ${route.path}: ${code}`)
      })
    }
  }
})

test('an agent that is not active can do none of what is its own (default-deny)', async () => {
  for (const path of Object.values(PATHS)) {
    const own = await openMarket(house)
    const { agent, payer } = own
    const gate = await declareAndAuthorize(own, '1')
    const body = { intent: draftIntent(own, '1').jws }
    const declared = await agent.client.call('postGates', { body })
    await move(agent, ...path)
    const { client } = agent
    const params = { gateId: gate.gateId }
    const code = 'principal_not_active'
    const child = agent.party.delegate((await grantTo(payer, payer2(own))).grant, {
      granteeId: payer.principalId,
      bounds: { maxDepth: 0 },
      ...window(),
    })
    await unchanged(house.directory, async () => {
      const intent = { intent: draftIntent(own, '1').jws }
      await assert.rejects(client.call('postGates', { body: intent }), { code })
      const decide = { params: { gateId: declared.gateId } }
      await assert.rejects(client.call('postGatesAuthorize', decide), { code })
      const call = { params, body: presentation(gate) }
      await assert.rejects(client.call('postGatesExecute', call), { code })
      await assert.rejects(client.call('postGatesVoid', { params }), { code })
      await assert.rejects(client.call('postGrants', { body: { grant: child.jws } }), { code })
    })
    // What was allowed may still be given back by who pays.
    const voided = await payer.client.call('postGatesVoid', { params })
    assert.equal(voided.state, 'voided')
  }
})

const payer2 = (own: Market): Member => own.provider

test('the lifecycle goes where it may and nowhere else; quarantine never straight back (control)', async () => {
  const states = Object.keys(LIFECYCLE_NEXT) as Lifecycle[]
  for (const [from, path] of [['active', []], ...Object.entries(PATHS)] as [
    Lifecycle,
    Lifecycle[],
  ][]) {
    for (const to of states) {
      const subject = await house.member('app', [], ['read'])
      await move(subject, ...path)
      if (LIFECYCLE_NEXT[from].includes(to)) {
        await move(subject, to)
        continue
      }
      await unchanged(house.directory, () =>
        assert.rejects(move(subject, to), { code: 'principal_transition_illegal' }),
      )
    }
  }
  const subject = await house.member('app', [], ['read'])
  await move(subject, 'quarantined')
  await assert.rejects(move(subject, 'active'), { code: 'principal_transition_illegal' })
  await move(subject, 'suspended', 'active')
})

test('a key retired since it signed the intent does not declare, and is heard at once (control)', async () => {
  const { jws } = draftIntent(market, '1')
  const [key] = market.agent.keys ?? []
  const params = { principalId: market.agent.principalId, kid: key?.kid ?? '' }
  await house.operator.client.call('postPrincipalsKeysRetire', { params, body: {} })
  pass(5)
  await unchanged(house.directory, () =>
    assert.rejects(market.agent.client.call('postGates', { body: { intent: jws } }), {
      code: 'signing_key_not_valid',
    }),
  )
})
