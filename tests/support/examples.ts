/**
 * One good request for every route, made of the things that stand on a stage. A route without an
 * example here is a route that no test of all routes covers, and fails them.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mintId } from '@surety/protocol'
import { type Approval, answerTo, newKeyPair } from '@surety/sdk'
import { answer } from './approvals.ts'
import {
  applyProfile,
  declareAndAuthorize,
  draftIntent,
  execute,
  type Gate,
  host,
  type Market,
  type Member,
  openMarket,
  presentation,
  profileFor,
  purchase,
  roleAct,
  rule,
  statement,
  type Tenancy,
  window,
} from './house.ts'
import { draining, stopping } from './people/controls.ts'

/** Everything the examples name, in one tenancy. */
export interface Stage {
  readonly house: Tenancy
  readonly market: Market
  readonly authorized: Gate
  readonly executing: Gate
  /** Settled, and half of it held back. */
  readonly heldBack: Gate
  readonly declaredId: string
  readonly policyHash: string
  readonly shadowHash: string
  readonly keyId: string
  readonly kid: string
  readonly person: Member
  readonly walletId: string
  /** A gate that waits for an operator, what it asks, and who may answer. */
  readonly waiting: Gate
  readonly approval: Approval
  readonly reviewer: Member
  readonly controlId: string
}

export interface Example {
  readonly as: Member
  readonly params?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: object
}

export async function setStage(house: Tenancy): Promise<Stage> {
  const market = await openMarket(house)
  const { settlement } = profileFor([])
  const holdback = { basisPoints: 5_000, windowMs: 86_400_000 }
  await rule(house, market, { settlement: { ...settlement, holdback } })
  const heldBack = await purchase(market, '2')
  await rule(house, market)
  const declared = await market.agent.client.call('postGates', {
    body: { intent: draftIntent(market, '1').jws },
  })
  const executing = await declareAndAuthorize(market, '1')
  await execute(market, executing)
  const authorized = await declareAndAuthorize(market, '1')
  const { policyHash } = await house.operator.client.call('getProfilesActive')
  const tried = profileFor([market.provider.principalId], { profileId: 'tried', mode: 'shadow' })
  const { policyHash: shadowHash } = await applyProfile(house, tried)
  const { principalId } = market.agent
  const key = await house.operator.client.call('postApiKeys', {
    body: { principalId, name: 'spare', scopes: ['read'] },
  })
  const added = await house.operator.client.call('postPrincipalsKeys', {
    params: { principalId },
    body: newKey(),
  })
  const kid = added.keys.at(-1)?.kid as string
  const declaredId = declared.gateId
  const person = await house.person([])
  const owned = { ownerId: market.payer.principalId, name: 'till' }
  const { walletId } = await house.operator.client.call('postWallets', { body: owned })
  const waiting = await declareAndAuthorize(market, '1', { riskClass: 'action' })
  const reviewer = await house.person(['reviewer'])
  const { items } = await reviewer.client.call('getApprovals', { query: { state: 'pending' } })
  const justification = 'what is it for?'
  const approval = await answer(reviewer, items[0] as Approval, 'request_information', {
    justification,
  })
  const asked = { waiting, approval, reviewer }
  const named = { declaredId, policyHash, shadowHash, keyId: key.keyId, kid, person }
  const { order, jws } = stopping(house.operator, { type: 'tool', id: 'example' })
  await house.operator.client.call('postControls', { body: { actions: [jws] } })
  const { controlId } = order
  const made = { walletId, controlId, ...named, ...asked }
  return { house, market, authorized, executing, heldBack, ...made }
}

function newKey() {
  const { publicKey } = newKeyPair('intent', host)
  return { publicKey, purpose: 'intent' as const }
}

const root = ({ market: { payer, agent } }: Stage): string =>
  payer.party.rootGrant({
    granteeId: agent.principalId,
    bounds: { assets: ['USD/2'], maxDepth: 1 },
    ...window(),
  }).jws

const deposit = ({ house, market }: Stage): string =>
  house.operator.party.deposit(
    {
      source: 'test-bank',
      reference: randomUUID(),
      principalId: market.payer.principalId,
      amount: '1',
      asset: 'USD/2',
    },
    'test-funding',
  )

type Make = (stage: Stage) => Example

const operator =
  (more: (stage: Stage) => Omit<Example, 'as'> = () => ({})): Make =>
  (stage) => ({ as: stage.house.operator, ...more(stage) })
const agent =
  (more: (stage: Stage) => Omit<Example, 'as'>): Make =>
  (stage) => ({ as: stage.market.agent, ...more(stage) })
const agentId = ({ market }: Stage) => ({ principalId: market.agent.principalId })

/** By method and path, as in the list of routes. */
export const EXAMPLES: Readonly<Record<string, Make>> = {
  'POST /v1/gates': agent(({ market }) => ({ body: { intent: draftIntent(market, '1').jws } })),
  'GET /v1/gates': agent(() => ({ query: 'limit=2&state=executing' })),
  'GET /v1/gates/{gateId}': agent(({ authorized: { gateId } }) => ({ params: { gateId } })),
  'POST /v1/gates/{gateId}/authorize': agent(({ declaredId }) => ({
    params: { gateId: declaredId },
  })),
  'POST /v1/gates/{gateId}/execute': ({ market, authorized }) => ({
    as: market.provider,
    params: { gateId: authorized.gateId },
    body: presentation(authorized),
  }),
  'POST /v1/gates/{gateId}/evidence': agent(({ market, executing }) => ({
    params: { gateId: executing.gateId },
    body: { response: statement(market, executing) },
  })),
  'POST /v1/gates/{gateId}/void': agent(({ authorized: { gateId } }) => ({ params: { gateId } })),
  'POST /v1/gates/{gateId}/contest': agent(({ heldBack: { gateId } }) => ({
    params: { gateId },
    body: { text: 'the answer is stale' },
  })),
  'GET /v1/gates/{gateId}/events': agent(({ authorized: { gateId } }) => ({ params: { gateId } })),
  'GET /v1/gates/{gateId}/bundle': agent(({ authorized: { gateId } }) => ({ params: { gateId } })),
  'GET /v1/gates/{gateId}/approval': agent(({ waiting: { gateId } }) => ({ params: { gateId } })),
  'POST /v1/gates/{gateId}/approval/replies': agent(({ waiting: { gateId }, approval }) => ({
    params: { gateId },
    body: { questionId: approval.questions[0]?.questionId, text: 'for the report of May' },
  })),
  'GET /v1/approvals': operator(() => ({ query: 'limit=1&severity=medium' })),
  'GET /v1/approvals/watch': operator(),
  'GET /v1/audit/actions': operator(() => ({ query: 'format=csv' })),
  'GET /v1/approvals/{approvalId}': operator(({ approval: { approvalId } }) => ({
    params: { approvalId },
  })),
  'POST /v1/approvals/{approvalId}/answers': ({ approval, reviewer }) => {
    const draft = { role: 'reviewer', justificationCode: 'example' } as const
    return {
      as: reviewer,
      params: { approvalId: approval.approvalId },
      body: { action: reviewer.party.act(answerTo(approval, 'approve', draft)) },
    }
  },
  'POST /v1/grants': (stage) => ({ as: stage.market.payer, body: { grant: root(stage) } }),
  'GET /v1/grants': agent(() => ({ query: 'limit=1' })),
  'GET /v1/grants/{grantHash}': agent(({ market: { grantHash } }) => ({ params: { grantHash } })),
  'POST /v1/grants/{grantHash}/revoke': ({ market: { payer, grantHash } }) => ({
    as: payer,
    params: { grantHash },
    body: { reason: 'an example' },
  }),
  'POST /v1/profiles': operator(({ house, market, policyHash }) => {
    const profile = profileFor([market.provider.principalId], { profileId: 'example' })
    const change = { previousPolicyHash: policyHash, justificationCode: 'example' }
    return { body: { profile, action: house.operator.party.applyProfile(profile, change) } }
  }),
  'POST /v1/profiles/shadow/end': operator(({ house, shadowHash }) => ({
    body: { action: house.operator.party.endShadow(shadowHash, 'example') },
  })),
  'GET /v1/profiles': operator(() => ({ query: 'limit=1' })),
  'GET /v1/decisions': operator(() => ({ query: 'limit=2&since=2026-01-01T00:00:00.000Z' })),
  'GET /v1/profiles/active': operator(),
  'GET /v1/profiles/{policyHash}': operator(({ policyHash }) => ({ params: { policyHash } })),
  'POST /v1/principals': operator(() => ({ body: { kind: 'app', name: 'an app', keys: [] } })),
  'GET /v1/principals': operator(() => ({ query: 'limit=1' })),
  'GET /v1/principals/{principalId}': operator((stage) => ({ params: agentId(stage) })),
  'POST /v1/principals/{principalId}/keys': operator((stage) => ({
    params: agentId(stage),
    body: newKey(),
  })),
  'POST /v1/principals/{principalId}/keys/{kid}/retire': operator((stage) => ({
    params: { ...agentId(stage), kid: stage.kid },
  })),
  'POST /v1/principals/{principalId}/lifecycle': operator((stage) => ({
    params: agentId(stage),
    body: { to: 'throttled', reason: 'an example' },
  })),
  'POST /v1/principals/{principalId}/roles': operator(({ house, person: { principalId } }) => ({
    params: { principalId },
    body: { action: roleAct(house.operator, principalId, 'viewer') },
  })),
  'POST /v1/api-keys': operator((stage) => ({
    body: { ...agentId(stage), name: 'another', scopes: ['read'] },
  })),
  'GET /v1/api-keys': operator(),
  'POST /v1/api-keys/{keyId}/rotate': operator(({ keyId }) => ({ params: { keyId } })),
  'POST /v1/api-keys/{keyId}/revoke': operator(({ keyId }) => ({ params: { keyId } })),
  'POST /v1/deposits': operator((stage) => ({ body: { action: deposit(stage) } })),
  'GET /v1/accounts': operator((stage) => ({ query: `principalId=${agentId(stage).principalId}` })),
  'POST /v1/fetch': agent(({ market: { grantHash } }) => ({
    body: { url: 'https://shop.example/weather', grantHash },
  })),
  'GET /v1/payments/{paymentId}': agent(() => ({
    params: { paymentId: mintId('pay', host.now(), 1n) },
  })),
  'POST /v1/wallets': operator(({ market: { provider } }) => ({
    body: { ownerId: provider.principalId, name: 'another till' },
  })),
  'POST /v1/wallets/import': operator(({ person }) => ({
    body: {
      ownerId: person.principalId,
      name: 'a till',
      privateKey: randomBytes(32).toString('hex'),
    },
  })),
  'GET /v1/wallets': operator(() => ({ query: 'limit=1' })),
  'GET /v1/wallets/{walletId}': operator(({ walletId }) => ({ params: { walletId } })),
  'POST /v1/wallets/{walletId}/fund': operator(({ walletId }) => ({
    params: { walletId },
    body: { transaction: `0x${'7'.repeat(64)}` },
  })),
  'POST /v1/wallets/{walletId}/allowance': operator(({ walletId }) => ({
    params: { walletId },
    body: { asset: 'eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e', amount: '1' },
  })),
  'POST /v1/wallets/{walletId}/freeze': operator(({ walletId }) => ({
    params: { walletId },
    body: { reason: 'an example' },
  })),
  'POST /v1/wallets/{walletId}/unfreeze': operator(({ walletId }) => ({
    params: { walletId },
    body: { reason: 'an example' },
  })),
  'POST /v1/controls': operator(
    ({
      house,
      market: {
        agent: { principalId },
      },
    }) => ({
      body: { actions: [stopping(house.operator, { type: 'principal', id: principalId }).jws] },
    }),
  ),
  'GET /v1/controls': operator(() => ({ query: 'limit=1&state=active' })),
  'GET /v1/controls/{controlId}': operator(({ controlId }) => ({ params: { controlId } })),
  'GET /v1/controls/{controlId}/in-flight': operator(({ controlId }) => ({
    params: { controlId },
    query: 'limit=2',
  })),
  'POST /v1/controls/{controlId}/drain': operator(({ house, controlId }) => ({
    params: { controlId },
    body: { action: draining(house.operator, controlId, { type: 'tool', id: 'example' }) },
  })),
  'GET /healthz': operator(),
  'GET /readyz': operator(),
  'GET /.well-known/jwks.json': operator(),
  'GET /v1/reason-codes': operator(),
  'GET /v1/problems': operator(),
  'GET /problems/{code}': operator(() => ({ params: { code: 'gate_not_found' } })),
  'GET /v1/whoami': operator(),
  'GET /openapi.json': operator(),
}

/** The path of an example, filled in. */
export function pathOf(
  path: string,
  { params, query }: { params?: Example['params']; query?: string | undefined },
): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params?.[name] ?? ''),
  )
  return query === undefined ? filled : `${filled}?${query}`
}
