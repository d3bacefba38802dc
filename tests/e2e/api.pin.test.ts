/** Literals that others rely on: a change here is a change of what we promise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULTS, readConfig, SCOPES } from '@surety/server'
import { SIGNED_FACTS } from '../../packages/server/src/app/write-set.ts'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { answerEverything } from '../support/approvals.ts'
import { rows } from '../support/books.ts'
import { setStage } from '../support/examples.ts'
import {
  declareAndAuthorize,
  execute,
  openHouse,
  pass,
  profileFor,
  purchase,
  roleAct,
  rule,
} from '../support/house.ts'
import { draining, lift } from '../support/people/controls.ts'
import { PAID_EVENTS } from '../x402/paid-events.ts'

/** Method, path, scope, status. */
const ROUTES = [
  'POST /v1/gates gates:write 201',
  'GET /v1/gates read 200',
  'GET /v1/gates/{gateId} read 200',
  'POST /v1/gates/{gateId}/authorize gates:write 201',
  'POST /v1/gates/{gateId}/execute gates:execute 201',
  'POST /v1/gates/{gateId}/evidence evidence:write 201',
  'POST /v1/gates/{gateId}/void gates:write 201',
  'POST /v1/gates/{gateId}/contest gates:write 201',
  'GET /v1/gates/{gateId}/events read 200',
  'GET /v1/gates/{gateId}/bundle read 200',
  'GET /v1/approvals read 200',
  'GET /v1/approvals/watch read 200',
  'GET /v1/approvals/{approvalId} read 200',
  'POST /v1/gates/{gateId}/approval/replies gates:write 201',
  'POST /v1/approvals/{approvalId}/answers approvals:answer 201',
  'GET /v1/gates/{gateId}/approval read 200',
  'GET /v1/audit/actions read:all 200',
  'POST /v1/grants grants:write 201',
  'GET /v1/grants read 200',
  'GET /v1/grants/{grantHash} read 200',
  'POST /v1/grants/{grantHash}/revoke grants:write 201',
  'POST /v1/profiles profiles:write 201',
  'POST /v1/profiles/shadow/end profiles:write 201',
  'GET /v1/profiles/active read 200',
  'GET /v1/profiles read 200',
  'GET /v1/profiles/{policyHash} read 200',
  'GET /v1/decisions read:all 200',
  'POST /v1/principals principals:write 201',
  'GET /v1/principals read 200',
  'GET /v1/principals/{principalId} read 200',
  'POST /v1/principals/{principalId}/keys principals:write 201',
  'POST /v1/principals/{principalId}/keys/{kid}/retire principals:write 201',
  'POST /v1/principals/{principalId}/lifecycle principals:write 201',
  'POST /v1/principals/{principalId}/roles roles:write 201',
  'POST /v1/api-keys keys:write 201',
  'GET /v1/api-keys read 200',
  'POST /v1/api-keys/{keyId}/rotate keys:write 201',
  'POST /v1/api-keys/{keyId}/revoke keys:write 201',
  'POST /v1/deposits deposits:write 201',
  'GET /v1/accounts read 200',
  'POST /v1/fetch gates:write 200',
  'GET /v1/payments/{paymentId} read 200',
  'POST /v1/wallets wallets:write 201',
  'POST /v1/wallets/import wallets:write 201',
  'GET /v1/wallets read 200',
  'GET /v1/wallets/{walletId} read 200',
  'POST /v1/wallets/{walletId}/fund wallets:write 201',
  'POST /v1/wallets/{walletId}/allowance wallets:write 201',
  'POST /v1/wallets/{walletId}/freeze wallets:write 201',
  'POST /v1/wallets/{walletId}/unfreeze wallets:write 201',
  'POST /v1/controls controls:write 201',
  'GET /v1/controls read:all 200',
  'GET /v1/controls/{controlId} read:all 200',
  'GET /v1/controls/{controlId}/in-flight read:all 200',
  'POST /v1/controls/{controlId}/drain controls:write 201',
  'GET /healthz - 200',
  'GET /readyz - 200',
  'GET /.well-known/jwks.json - 200',
  'GET /v1/reason-codes - 200',
  'GET /v1/problems - 200',
  'GET /problems/{code} - 200',
  'GET /v1/whoami read 200',
  'GET /openapi.json - 200',
]

test('the routes, their scopes and their statuses are these', () => {
  const routes = API_ROUTES.map(
    ({ method, path, scope, status }) => `${method} ${path} ${scope ?? '-'} ${String(status)}`,
  )
  assert.deepEqual(routes, ROUTES)
})

test('the scopes are these', () => {
  assert.deepEqual(Object.keys(SCOPES), [
    'principals:write',
    'roles:write',
    'controls:write',
    'keys:write',
    'deposits:write',
    'profiles:write',
    'wallets:write',
    'grants:write',
    'grants:revoke-any',
    'gates:write',
    'gates:execute',
    'evidence:write',
    'approvals:answer',
    'metrics:read',
    'read',
    'read:all',
  ])
})

test('the settings, their names and their defaults are these', () => {
  assert.deepEqual(DEFAULTS, {
    host: '127.0.0.1',
    port: 8402,
    logLevel: 'info',
    requestsMax: 1_024,
    waitingMax: 4_096,
    bodyBytesMax: 262_144,
    tickEveryMs: 1_000,
  })
  const environment = {
    SURETY_HOST: '::1',
    SURETY_PORT: '1',
    SURETY_LOG_LEVEL: 'warn',
    SURETY_REQUESTS_MAX: '2',
    SURETY_WAITING_MAX: '3',
    SURETY_BODY_BYTES_MAX: '4096',
    SURETY_TICK_EVERY_MS: '10',
    SURETY_CHAIN_RPC: 'eip155:84532=http://127.0.0.1:8545',
  }
  assert.deepEqual(readConfig({ dataDirectory: 'd' }, environment), {
    dataDirectory: 'd',
    host: '::1',
    port: 1,
    logLevel: 'warn',
    requestsMax: 2,
    waitingMax: 3,
    bodyBytesMax: 4_096,
    tickEveryMs: 10,
    chainNodes: { 'eip155:84532': 'http://127.0.0.1:8545/' },
  })
})

test('a setting that cannot be used stops the start, and none weakens a decision (default-deny)', () => {
  for (const [name, value] of [
    ['SURETY_PORT', 'x'],
    ['SURETY_PORT', '-1'],
    ['SURETY_PORT', '1.5'],
    ['SURETY_REQUESTS_MAX', '0'],
    ['SURETY_LOG_LEVEL', 'loud'],
    ['SURETY_TICK_EVERY_MS', '0'],
    ['SURETY_CHAIN_RPC', 'eip155:31337=http://127.0.0.1:8545'],
  ] as const) {
    assert.throws(() => readConfig({ dataDirectory: 'd' }, { [name]: value }))
  }
})

/** Every type of event, and whether Surety signs a statement of it. */
const EVENTS = {
  apiKeyCreated: false,
  apiKeyRevoked: false,
  apiKeyRotated: false,
  approvalAnswered: false,
  approvalApproved: true,
  approvalConsumed: false,
  approvalDenied: true,
  approvalExpired: true,
  approvalOpened: false,
  approvalOverdue: false,
  approvalQuestioned: false,
  approvalReplied: false,
  approvalReviewOverdue: false,
  approvalReviewed: false,
  controlDrained: false,
  controlEpochAdvanced: false,
  controlFell: false,
  controlImposed: true,
  controlLifted: true,
  controlStood: false,
  decisionRecorded: true,
  depositRecorded: false,
  evidenceAccepted: false,
  evidenceTimedOut: false,
  executionStarted: false,
  gateAuthorized: true,
  gateDeclared: false,
  gateExpired: true,
  gateHeldForReview: true,
  gateResolved: true,
  gateSettled: true,
  gateVoided: true,
  grantIssued: false,
  grantRevoked: false,
  holdbackContested: false,
  holdbackReleased: true,
  principalKeyAdded: true,
  principalKeyRetired: true,
  principalLifecycleChanged: true,
  principalRegistered: true,
  principalRoleAssigned: true,
  principalRoleWithdrawn: true,
  profileApplied: false,
  profileShadowEnded: false,
  profileShadowed: false,
  profileStored: false,
  settlementDecided: true,
  tenantFounded: false,
  walletCreated: false,
}

test('the events of a house that did everything are these, and these are signed (receipts)', async () => {
  const house = await openHouse()
  const { market, keyId, kid, person, shadowHash, controlId } = await setStage(house)
  const { agent, payer } = market
  const { client } = house.operator
  const { principalId } = agent
  const settlement = { ...profileFor([]).settlement, evidenceWithinMs: 1_000 }
  await rule(house, market, { authorizationWithinMs: 1_000, settlement })
  await declareAndAuthorize(market, '1')
  await execute(market, await declareAndAuthorize(market, '1'))
  pass(1_200)
  await house.running.tick()
  const holdback = { basisPoints: 1_000, windowMs: 1_000 }
  await rule(house, market, { settlement: { ...settlement, holdback } })
  await purchase(market, '10')
  const { gateId } = await purchase(market, '10')
  await agent.client.call('postGatesContest', { params: { gateId }, body: { text: 'stale' } })
  pass(1_200)
  await house.running.tick()
  await rule(house, market, { settlement: { ...settlement, mode: 'manual' } })
  await purchase(market, '1')
  await answerEverything(house, market, settlement)
  const action = house.operator.party.endShadow(shadowHash, 'test')
  await client.call('postProfilesShadowEnd', { body: { action } })
  await client.call('postApiKeysRotate', { params: { keyId } })
  await client.call('postApiKeysRevoke', { params: { keyId } })
  await client.call('postPrincipalsKeysRetire', {
    params: { principalId, kid },
    body: {},
  })
  const lifecycle = { to: 'throttled', reason: 'test' } as const
  await client.call('postPrincipalsLifecycle', { params: { principalId }, body: lifecycle })
  const held = roleAct(house.operator, person.principalId, 'viewer')
  const lost = roleAct(house.operator, person.principalId, 'viewer', { action: 'withdraw_role' })
  for (const action of [held, lost]) {
    const params = { principalId: person.principalId }
    await client.call('postPrincipalsRoles', { params, body: { action } })
  }
  const tool = { type: 'tool', id: 'example' } as const
  const drain = draining(house.operator, controlId, tool)
  await client.call('postControlsDrain', { params: { controlId }, body: { action: drain } })
  await lift([house.operator], await client.call('getControlsOne', { params: { controlId } }))
  const { grantHash } = market
  const reason = { reason: 'test' }
  await payer.client.call('postGrantsRevoke', { params: { grantHash }, body: reason })
  const sql = "SELECT DISTINCT json_extract(event, '$.type') AS type FROM events ORDER BY type"
  assert.deepEqual(
    rows(house.directory, sql).map(({ type }) => type),
    Object.keys(EVENTS),
  )
  const all = Object.entries({ ...EVENTS, ...PAID_EVENTS })
  const signed = all.flatMap(([type, isSigned]) => (isSigned ? [type] : []))
  assert.deepEqual([...SIGNED_FACTS].sort(), signed.sort())
  await house.close()
})
