/** What others get away with elsewhere: ways past a person’s word, an authority or a decision. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Id, mintId } from '@surety/protocol'
import { newKeyPair, Party } from '@surety/sdk'
import {
  answer,
  approvalOf,
  ask,
  openAskingMarket,
  refuses,
  resume,
  tier,
} from '../support/approvals.ts'
import { ensureBooks, unchanged } from '../support/books.ts'
import {
  balanceOf,
  declareAndAuthorize,
  execute,
  host,
  type Market,
  type Member,
  openHouse,
  pass,
  profileFor,
  prove,
  rule,
  statement,
  type TestHouse,
  window,
} from '../support/house.ts'

let house: TestHouse
let market: Market
let reviewer: Member
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house)
  reviewer = await house.person(['reviewer'])
})
after(async () => {
  ensureBooks(house.directory)
  await house.close()
})

const ruled = (changes: Parameters<typeof rule>[2]) => rule(house, market, changes)
const readGate = (gateId: string) =>
  house.operator.client.call('getGatesOne', { params: { gateId } })

test('a grant is the signed word of its grantor: of nobody else, and of nobody unknown (no-forgery)', async () => {
  const { payer, agent } = market
  const { tenantId, environment } = house.founded
  const draft = { granteeId: agent.principalId, bounds: { maxDepth: 1 }, ...window() }
  const issue = (by: Member, grant: string) => by.client.call('postGrants', { body: { grant } })
  const keys = [newKeyPair('grant', host)]
  const nobody = mintId('prn', host.now(), 7n)
  const stranger = new Party({ tenantId, environment, principalId: nobody, keys }, host)
  const inPayersName = new Party(
    { tenantId, environment, principalId: payer.principalId, keys },
    host,
  )
  await unchanged(house.directory, async () => {
    // An id that nobody registered, and the payer's id under a key that is not the payer's.
    await refuses(issue(payer, stranger.rootGrant(draft).jws), 'signing_key_unknown')
    await refuses(issue(payer, inPayersName.rootGrant(draft).jws), 'signing_key_unknown')
    // The payer's own word, brought by another.
    const { jws } = payer.party.rootGrant(draft)
    await refuses(issue(agent, jws), 'caller_mismatch')
    // To oneself.
    const own = payer.party.rootGrant({ ...draft, granteeId: payer.principalId })
    await refuses(issue(payer, own.jws), 'grant_self')
  })
})

test('a yes to the purchase is none to its settlement: what is in review asks again (approval)', async () => {
  const manual = { ...profileFor([]).settlement, mode: 'manual' as const }
  await ruled({ ...tier(), settlement: manual })
  const waiting = await ask(house, market)
  await answer(reviewer, waiting.approval)
  const gate = await resume(market, waiting)
  await execute(market, gate)
  const paid = await balanceOf(house, market.provider)
  const review = await prove(market, gate, statement(market, gate))
  assert.deepEqual([review.state, review.settlement?.held], ['review', '600'])
  const asked = await approvalOf(house, gate.gateId)
  assert.deepEqual([asked.level, asked.answers], ['review', []])
  await refuses(answer(reviewer, asked), 'approval_answer_unfit')
  const old = { ...waiting.approval, approvalId: asked.approvalId }
  await refuses(answer(reviewer, old, 'resolve_release'), 'approval_level_mismatch')
  assert.equal(await balanceOf(house, market.provider), paid)
  await answer(reviewer, asked, 'resolve_refund')
  await ruled(tier())
})

test('who sets a quorum aside sets no rule aside: everything else is decided again (approval)', async () => {
  await ruled(tier({ approvers: 2 }))
  const commander = await house.person(['incident_commander'])
  const waiting = await ask(house, market)
  await answer(commander, waiting.approval, 'override_allow', { role: 'incident_commander' })
  await ruled({ ...tier(), limits: { perRequest: [{ asset: 'USD/2', max: '599' }] } })
  const gate = await resume(market, waiting)
  assert.deepEqual([gate.state, gate.decision?.reasonCode], ['denied', 'per_request_exceeded'])
  await ruled(tier())
})

test('an authorization is given once: asked for again there is no second and no longer one (once)', async () => {
  const gate = await declareAndAuthorize(market, '400')
  const { gateId } = gate
  pass(1_000)
  await unchanged(house.directory, async () => {
    const again = market.agent.client.call('postGatesAuthorize', { params: { gateId } })
    await refuses(again, 'gate_not_declared')
  })
  const read = await readGate(gateId)
  assert.deepEqual(read.authorization, gate.authorization)
  // Whatever rules later, its amount, its request and its end are those of its own decision.
  await ruled({ ...tier(), authorizationWithinMs: 3_600_000 })
  assert.deepEqual((await readGate(gateId)).authorization, gate.authorization)
  pass(60_000)
  await refuses(execute(market, gate), 'authorization_expired')
  await ruled(tier())
})

test('each class of risk leads where the profile says, and what it does not say is denied', async () => {
  await ruled({
    ...tier(),
    risk: [
      { riskClass: 'read', outcome: 'allow' },
      { riskClass: 'compute', outcome: 'challenge', approvers: 1, role: 'reviewer' },
      { riskClass: 'action', outcome: 'escalate', approvers: 1, role: 'reviewer' },
    ],
  })
  const outcomes = [
    ['read', 'allow', 'allowed'],
    ['compute', 'challenge', 'risk_class_challenged'],
    ['action', 'escalate', 'risk_class_escalated'],
    ['financial', 'deny', 'risk_class_denied'],
  ] as const
  for (const [riskClass, outcome, code] of outcomes) {
    // What only reads may say so, and is decided all the same.
    const changes = { riskClass, sideEffecting: riskClass !== 'read' }
    const { decision } = await declareAndAuthorize(market, '10', changes)
    assert.deepEqual([decision?.decision, decision?.reasonCode], [outcome, code], riskClass)
  }
  await ruled(tier())
})

test('what nobody may lift asks nobody: it is denied, and opens no approval (approval)', async () => {
  const { agent } = market
  const stranger = await house.member('service', ['response'], ['read'])
  const refused = [
    ['payee_not_allowed', { payee: stranger.principalId }, '600'],
    ['rail_not_allowed', { rail: 'x402-evm' }, '600'],
    ['asset_not_allowed', { asset: 'EUR/2' }, '600'],
    ['per_request_exceeded', {}, '1001'],
    ['grant_missing', { grantHash: '0'.repeat(64) }, '600'],
  ] as const
  for (const [code, changes, amount] of refused) {
    const gate = await declareAndAuthorize(market, amount, changes)
    assert.equal(gate.state, 'denied', code)
    assert.ok(gate.decision?.reasonCodes.includes(code), gate.decision?.reasonCodes.join())
    const { gateId } = gate
    const query = { gateId } as const
    const { items } = await house.operator.client.call('getApprovals', { query })
    assert.deepEqual(items, [], code)
    await refuses(
      agent.client.call('getGatesApproval', { params: { gateId } }),
      'approval_not_found',
    )
  }
})

test('a person is never named into an answer: a body has room for a signed act alone (approval)', async () => {
  const { approval } = await ask(house, market)
  const { approvalId } = approval
  const call = (by: Member, body: object) =>
    by.client.call('postApprovalsAnswers', { params: { approvalId }, body: body as never })
  await unchanged(house.directory, async () => {
    for (const name of ['approvedByPrincipalId', 'operatorId', 'actor']) {
      const body = { [name]: reviewer.principalId, action: 'approve' }
      await refuses(call(reviewer, body), 'schema_mismatch')
    }
  })
  assert.equal((await answer(reviewer, approval)).state, 'approved')
})

const SOURCES = fileURLToPath(new URL('../../packages', import.meta.url))

/** Every setting that a server reads, wherever it reads it. */
function settingsRead(): ReadonlySet<string> {
  const found = new Set<string>()
  for (const room of ['protocol', 'domain', 'sdk', 'server']) {
    const files = readdirSync(join(SOURCES, room, 'src'), { recursive: true, encoding: 'utf8' })
    for (const file of files.filter((name) => name.endsWith('.ts') && !name.includes('.test.'))) {
      const text = readFileSync(join(SOURCES, room, 'src', file), 'utf8')
      if (text.includes('process.env')) found.add(`${room}/${file}`)
      for (const [name] of text.matchAll(/SURETY_[A-Z_]+/g)) found.add(name)
    }
  }
  return found
}

test('no setting of the environment is about deciding: these are all there are (default-deny)', () => {
  assert.deepEqual([...settingsRead()].toSorted(), [
    'SURETY_BODY_BYTES_MAX',
    'SURETY_CHAIN_RPC',
    'SURETY_HOST',
    'SURETY_LOG_LEVEL',
    'SURETY_PORT',
    'SURETY_REQUESTS_MAX',
    'SURETY_TICK_EVERY_MS',
    'SURETY_WAITING_MAX',
    'server/config.ts',
  ])
})

test('evidence is something that was said: without a statement nothing settles', async () => {
  const gate = await declareAndAuthorize(market, '400')
  await execute(market, gate)
  const params = { gateId: gate.gateId as Id<'gat'> }
  await unchanged(house.directory, async () => {
    for (const body of [{}, { status: 'green' }, { response: '' }, { response: null }]) {
      const call = market.agent.client.call('postGatesEvidence', { params, body: body as never })
      await refuses(call, 'schema_mismatch')
    }
  })
  assert.equal((await readGate(gate.gateId)).settlement?.status, 'held')
})
