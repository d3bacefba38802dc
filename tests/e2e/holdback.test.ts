/** A share of what is released stays held: it goes on once, by the clock, or as people say. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import type { Id, Profile } from '@surety/protocol'
import { splitOf } from '@surety/sdk'
import { fsck, nodeCrypto } from '@surety/server'
import { answer, approvalOf, ask, refuses, resume, send } from '../support/approvals.ts'
import { countEvents, ensureBooks, rows } from '../support/books.ts'
import {
  balanceOf,
  declareAndAuthorize,
  execute,
  foundBeside,
  type Market,
  type Member,
  openHouse,
  openMarket,
  pass,
  profileFor,
  prove,
  purchase,
  roleAct,
  rule,
  statement,
  type TestHouse,
} from '../support/house.ts'
import { lift, send as order, together } from '../support/people/controls.ts'

const HOUR = 3_600_000
type Settlement = Profile['settlement']
const usual: Settlement = profileFor([]).settlement
const SAID = { role: 'reviewer', justificationCode: 'test' } as const
const holdback = { basisPoints: 2_000, windowMs: HOUR }

let house: TestHouse
let market: Market
let reviewer: Member
before(async () => {
  house = await openHouse()
  market = await openMarket(house, { fund: '100000', bounds: { count: 1_000 } })
  reviewer = await house.person(['reviewer'])
})
after(async () => {
  ensureBooks(house.directory)
  const report = await fsck(house.directory)
  await house.close()
  assert.deepEqual(
    report.checks.flatMap(({ problems }) => problems),
    [],
  )
})

function under(terms: Partial<Settlement>) {
  return rule(house, market, { settlement: { ...usual, holdback, ...terms } })
}

function read(gateId: string) {
  return house.operator.client.call('getGatesOne', { params: { gateId } })
}

function contest(by: Member, gateId: string, text = 'the answer is stale') {
  return by.client.call('postGatesContest', { params: { gateId }, body: { text } })
}

async function parts(gateId: string) {
  const { settlement } = await read(gateId)
  if (settlement === null) throw new Error('nothing is settled')
  const { status, released, refunded, held } = settlement
  return [status, released, refunded, held]
}

/** What is used of the budgets of the tenant: reserved and spent. */
function counted() {
  const sql = "SELECT reserved, spent FROM counters WHERE period = 'total' AND subject = 'tenant'"
  const [row] = rows(house.directory, sql)
  return [row?.reserved ?? 0n, row?.spent ?? 0n]
}

function accountOf(gateId: string): bigint {
  const sql = `SELECT state ->> '$.authorization.holdId' AS hold FROM states
    WHERE family = 'gate' AND id = '${gateId}'`
  const hold = String(rows(house.directory, sql)[0]?.hold)
  const account = `SELECT credits - debits AS held FROM accounts WHERE account = 'hold:${hold}'`
  return rows(house.directory, account)[0]?.held as bigint
}

function verified(files: readonly { readonly path: string; readonly content: string }[]) {
  const all = new Map(files.map(({ path, content }) => [path, Buffer.from(content, 'base64url')]))
  return bundle.verify(all, house.running.app.signer.jwks(), nodeCrypto)
}

async function ensureProven(gateId: string): Promise<void> {
  const exported = await house.operator.client.call('getGatesBundle', { params: { gateId } })
  const report = verified(exported.files)
  assert.deepEqual(
    report.checks.filter(({ result }) => result === 'failed'),
    [],
  )
  assert.ok(report.ok)
}

test('a share is held back, stated for what it is, and goes to the payee when its time is over (partition)', async () => {
  await under({})
  const [payer, provider] = [
    await balanceOf(house, market.payer),
    await balanceOf(house, market.provider),
  ]
  const [reserved, spent] = counted() as [bigint, bigint]
  const gate = await purchase(market, '101')
  assert.equal(gate.state, 'settled')
  assert.deepEqual(await parts(gate.gateId), ['held', '81', '0', '20'])
  const until = gate.settlement?.holdback?.until as string
  assert.equal(gate.settlement?.holdback?.contest, null)
  assert.equal(accountOf(gate.gateId), 20n)
  assert.deepEqual(counted(), [reserved + 20n, spent + 81n])
  assert.equal(await balanceOf(house, market.provider), String(Number(provider) + 81))
  await ensureProven(gate.gateId)
  pass(Date.parse(until) - house.running.app.clock.now() - 200)
  await house.running.tick()
  assert.equal((await parts(gate.gateId))[0], 'held')
  pass(1_000)
  await Promise.all(Array.from({ length: 50 }, () => house.running.tick()))
  assert.deepEqual(await parts(gate.gateId), ['released', '101', '0', '0'])
  assert.equal((await read(gate.gateId)).settlement?.holdback, null)
  assert.equal(accountOf(gate.gateId), 0n)
  assert.deepEqual(counted(), [reserved, spent + 101n])
  assert.equal(await balanceOf(house, market.provider), String(Number(provider) + 101))
  assert.equal(await balanceOf(house, market.payer), String(Number(payer) - 101))
  await ensureProven(gate.gateId)
  await refuses(contest(market.agent, gate.gateId), 'holdback_not_held')
  await refuses(contest(reviewer, gate.gateId), 'holdback_not_held')
})

test('a receipt of its own says that it went on, and names the one before', async () => {
  await under({})
  const { gateId } = await purchase(market, '100')
  pass(HOUR + 1_000)
  await house.running.tick()
  const { receipts = [] } = await read(gateId)
  const settled = receipts.filter(({ type }) => type === 'SettlementReceipt.v1')
  const [first, second] = settled.map(({ jws }) =>
    JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()),
  )
  assert.equal(settled.length, 2)
  assert.deepEqual(
    [first.outcome, first.released, first.refunded, first.held],
    ['held', '80', '0', '20'],
  )
  assert.equal(second.outcome, 'released')
  assert.equal(
    second.previousReceiptHash,
    nodeCrypto.sha256(Buffer.from(settled[0]?.jws.split('.')[1] ?? '', 'base64url')),
  )
  assert.equal(second.heldUntil, undefined)
})

test('what is contested is frozen, asks exactly one approval, and goes where people say (approval)', async () => {
  await under({})
  for (const [by, act, expected] of [
    [market.agent, 'resolve_refund', ['split', '80', '20', '0']],
    [market.payer, 'resolve_release', ['released', '100', '0', '0']],
    [reviewer, 'resolve_split', ['split', '95', '5', '0']],
  ] as const) {
    const { gateId } = await purchase(market, '100')
    const [reserved, spent] = counted() as [bigint, bigint]
    const contested = await contest(by, gateId)
    assert.equal(contested.settlement?.holdback?.contest?.text, 'the answer is stale')
    await refuses(contest(market.payer, gateId), 'holdback_contested')
    const asked = await approvalOf(house, gateId)
    assert.deepEqual([asked.level, asked.amount, asked.expiresAt], ['review', '20', null])
    pass(2 * HOUR)
    await house.running.tick()
    assert.deepEqual(await parts(gateId), ['held', '80', '0', '20'])
    const beyond = splitOf(asked, { released: '60', refunded: '40' }, SAID)
    await refuses(send(reviewer, asked, beyond), 'approval_division_invalid')
    const answered =
      act === 'resolve_split'
        ? await send(reviewer, asked, splitOf(asked, { released: '15', refunded: '5' }, SAID))
        : await answer(reviewer, asked, act)
    assert.equal(answered.state, 'consumed')
    assert.deepEqual(await parts(gateId), expected)
    assert.equal(accountOf(gateId), 0n)
    const back = BigInt(expected[2])
    assert.deepEqual(counted(), [reserved - 20n, spent + 20n - back])
    await refuses(answer(reviewer, asked, 'resolve_release'), 'approval_not_pending')
    pass(2 * HOUR)
    await house.running.tick()
    assert.deepEqual(await parts(gateId), expected)
    await ensureProven(gateId)
  }
})

test('fifty who contest at once, and the clock, come to one end', async () => {
  await under({})
  const { gateId } = await purchase(market, '100')
  const opened = countEvents(house.directory, 'approvalOpened')
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, i) =>
      contest(i % 2 === 0 ? market.agent : market.payer, gateId),
    ),
  )
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal(countEvents(house.directory, 'approvalOpened'), opened + 1)
  const asked = await approvalOf(house, gateId)
  const others = await Promise.all(Array.from({ length: 5 }, () => house.person(['reviewer'])))
  const answers = await Promise.allSettled(
    others.map((person, i) =>
      answer(person, asked, i % 2 === 0 ? 'resolve_release' : 'resolve_refund'),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1)
  assert.equal(accountOf(gateId), 0n)
})

test('an operator and the clock that come at once: one of them', async () => {
  await under({})
  for (let round = 0; round < 5; round += 1) {
    const { gateId } = await purchase(market, '100')
    pass(HOUR + 1)
    const [contested] = await Promise.allSettled([contest(reviewer, gateId), house.running.tick()])
    const [status] = await parts(gateId)
    assert.equal(status, contested.status === 'fulfilled' ? 'held' : 'released')
    if (status === 'held') await answer(reviewer, await approvalOf(house, gateId), 'resolve_refund')
    assert.equal(accountOf(gateId), 0n)
  }
})

test('who may contest, and until when', async () => {
  await under({})
  const { gateId } = await purchase(market, '100')
  const viewer = await house.person(['viewer'])
  const stranger = await house.member('agent', ['intent'], ['gates:write', 'read'])
  const foreign = await foundBeside(house, { environment: 'sandbox' })
  const seller = await house.member('person', ['response', 'action'], ['gates:write', 'read'])
  for (const who of [viewer, stranger, foreign.operator, seller]) {
    await refuses(contest(who, gateId), 'gate_not_found')
  }
  await refuses(contest(market.agent, `gat_${'0'.repeat(26)}`), 'gate_not_found')
  await refuses(contest(market.agent, gateId, ''), 'schema_mismatch')
  // The clock of the workers stands still: only an operator is still in time.
  pass(HOUR + 1_000)
  await refuses(contest(market.agent, gateId), 'holdback_window_ended')
  await refuses(contest(market.payer, gateId), 'holdback_window_ended')
  assert.equal((await contest(reviewer, gateId)).state, 'settled')
  await answer(reviewer, await approvalOf(house, gateId), 'resolve_release')
})

test('who is paid reads that it is contested and since when, not by whom nor why', async () => {
  await under({})
  const { gateId } = await purchase(market, '100')
  const told = await contest(market.agent, gateId, 'a word for those who judge')
  const known = told.settlement?.holdback?.contest
  assert.equal(known?.contestedBy, market.agent.principalId)
  const { client } = market.provider
  const params = { gateId }
  const [one, events, { items }] = await Promise.all([
    client.call('getGatesOne', { params }),
    client.call('getGatesEvents', { params }),
    client.call('getGates', { query: {} }),
  ])
  const listed = items.find((each) => each.gateId === gateId)
  const withheld = { contestedBy: null, text: null, contestedAt: known?.contestedAt }
  for (const seen of [one, listed]) {
    assert.deepEqual(seen?.settlement?.holdback?.contest, withheld)
  }
  assert.ok(!JSON.stringify([one, listed, events]).includes('a word for those who judge'))
  assert.ok(!events.some(({ type }) => type === 'holdbackContested'))
  for (const by of [market.agent, market.payer, reviewer]) {
    const seen = await by.client.call('getGatesOne', { params })
    assert.deepEqual(seen.settlement?.holdback?.contest, known)
  }
  await answer(reviewer, await approvalOf(house, gateId), 'resolve_release')
})

test('who is paid contests nothing, though they are an operator', async () => {
  const seller = await house.member(
    'person',
    ['response', 'action'],
    ['gates:execute', 'gates:write', 'read'],
  )
  const { principalId } = seller
  const action = roleAct(house.operator, principalId, 'incident_commander')
  await house.operator.client.call('postPrincipalsRoles', {
    params: { principalId },
    body: { action },
  })
  const own = { ...market, provider: seller }
  await rule(house, own, { settlement: { ...usual, holdback } })
  const { gateId } = await purchase(own, '100')
  await refuses(contest(seller, gateId), 'gate_not_found')
  assert.equal((await contest(house.operator, gateId)).state, 'settled')
  await answer(reviewer, await approvalOf(house, gateId), 'resolve_release')
})

test('one minor unit, all of it, and a share that is less than a unit', async () => {
  const gateOf = async (basisPoints: number, amount: string) => {
    await under({ holdback: { basisPoints, windowMs: HOUR } })
    const { gateId } = await purchase(market, amount)
    return gateId
  }
  const small = await gateOf(9_999, '1')
  assert.deepEqual(await parts(small), ['released', '1', '0', '0'])
  const all = await gateOf(10_000, '1')
  assert.deepEqual(await parts(all), ['held', '0', '0', '1'])
  const most = await gateOf(9_999, '2')
  assert.deepEqual(await parts(most), ['held', '1', '0', '1'])
  const refunded = await gateOf(10_000, '7')
  await contest(market.agent, refunded)
  await answer(reviewer, await approvalOf(house, refunded), 'resolve_refund')
  assert.deepEqual(await parts(refunded), ['refunded', '0', '7', '0'])
  pass(HOUR + 1_000)
  await house.running.tick()
  for (const gateId of [small, all, most]) assert.equal((await parts(gateId))[0], 'released')
  for (const gateId of [small, all, most, refunded]) await ensureProven(gateId)
})

test('red, silence that refunds and what a person divides hold nothing back', async () => {
  await under({})
  const red = await purchase(market, '10', { status: 500 })
  assert.deepEqual(await parts(red.gateId), ['refunded', '0', '10', '0'])
  await under({ mode: 'manual' })
  const { gateId } = await purchase(market, '10')
  assert.deepEqual(await parts(gateId), ['review', '0', '0', '10'])
  await refuses(contest(market.agent, gateId), 'holdback_not_held')
  await answer(reviewer, await approvalOf(house, gateId), 'resolve_release')
  assert.deepEqual(await parts(gateId), ['released', '10', '0', '0'])
  await under({ onSilence: 'release', evidenceWithinMs: 1_000 })
  const silent = await declareAndAuthorize(market, '10')
  await execute(market, silent)
  pass(2_000)
  await house.running.tick()
  assert.deepEqual(await parts(silent.gateId), ['held', '8', '0', '2'])
})

test('who may not be paid when the time is over is paid once they may (default-deny)', async () => {
  await under({})
  const { gateId } = await purchase(market, '100')
  const { principalId } = market.provider
  const lifecycle = (to: 'suspended' | 'active') =>
    house.operator.client.call('postPrincipalsLifecycle', {
      params: { principalId: principalId as Id<'prn'> },
      body: { to, reason: 'test' },
    })
  await lifecycle('suspended')
  pass(HOUR + 1_000)
  await house.running.tick()
  assert.deepEqual(await parts(gateId), ['held', '80', '0', '20'])
  await lifecycle('active')
  await house.running.tick()
  assert.deepEqual(await parts(gateId), ['released', '100', '0', '0'])
})

test('the profile that ruled at the authorization says how long, whatever rules now', async () => {
  await under({})
  const gate = await declareAndAuthorize(market, '100')
  await execute(market, gate)
  await rule(house, market, {})
  await prove(market, gate, statement(market, gate))
  assert.deepEqual(await parts(gate.gateId), ['held', '80', '0', '20'])
})

test('what is held back is listed under a control, and released only once that is lifted (control)', async () => {
  await under({})
  const second = await house.person(['oncall', 'ops_admin', 'incident_commander'])
  const { gateId } = await purchase(market, '100')
  const other = await purchase(market, '100')
  const until = other.settlement?.holdback?.until
  const orders = together([house.operator, second], { type: 'rail', id: 'ledger' })
  const control = await order(house.operator, ...orders)
  const { items } = await house.operator.client.call('getControlsInFlight', {
    params: { controlId: control.controlId },
    query: {},
  })
  const listed = items.find((each) => each.gateId === other.gateId)
  assert.deepEqual(
    [listed?.state, listed?.amount, listed?.endsBy, listed?.drainable],
    ['settled', '20', until, false],
  )
  pass(HOUR + 1_000)
  await house.running.tick()
  assert.deepEqual(await parts(gateId), ['held', '80', '0', '20'])
  await contest(reviewer, gateId)
  const asked = await approvalOf(house, gateId)
  await refuses(answer(reviewer, asked, 'resolve_release'), 'commit_control_active')
  assert.equal((await answer(reviewer, asked, 'resolve_refund')).state, 'consumed')
  assert.deepEqual(await parts(gateId), ['split', '80', '20', '0'])
  await lift([house.operator, second], control)
  await house.running.tick()
  assert.deepEqual(await parts(other.gateId), ['released', '100', '0', '0'])
})

test('what people were asked before the purchase is not about what was contested after it', async () => {
  await under({})
  await rule(house, market, {
    settlement: { ...usual, holdback },
    approvalTiers: [
      { asset: 'USD/2', above: '500', approvers: 1, role: 'reviewer', raise: 'escalate' },
    ],
  })
  const waiting = await ask(house, market, '600')
  const { approvalId } = await answer(reviewer, waiting.approval)
  const gate = await resume(market, waiting)
  await execute(market, gate)
  await prove(market, gate, statement(market, gate))
  await contest(market.agent, gate.gateId)
  const params = { approvalId }
  const before = await house.operator.client.call('getApprovalsOne', { params })
  assert.equal(before.showing?.contest, null)
  assert.match(before.showing?.approving ?? '', /^lifts /)
  const asked = await approvalOf(house, gate.gateId)
  assert.equal(asked.showing?.contest?.contestedBy, market.agent.principalId)
  const seen = await market.agent.client.call('getGatesApproval', {
    params: { gateId: gate.gateId },
  })
  assert.deepEqual([seen.approvalId, seen.gateState], [asked.approvalId, 'settled'])
  await answer(reviewer, asked, 'resolve_release')
  await ensureProven(gate.gateId)
})

test('what is late is released late, once, whatever ended in between', async () => {
  await under({})
  const { gateId } = await purchase(market, '100')
  pass(100 * 24 * HOUR)
  house = await house.restart()
  await house.running.tick()
  await house.running.tick()
  assert.deepEqual(await parts(gateId), ['released', '100', '0', '0'])
  const sql = `SELECT count(*) AS n FROM events WHERE stream = 'gate:${gateId}'
    AND event ->> '$.type' = 'holdbackReleased'`
  assert.equal(rows(house.directory, sql)[0]?.n, 1n)
})
