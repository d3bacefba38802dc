/** What is told of approvals while it happens, and what is kept of it for those who ask later. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Id, Jwks } from '@surety/protocol'
import { type ApprovalTold, Client, type Fetch, watchApprovals } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { verifyAudit } from '../../packages/cli/src/local/audit-file.ts'
import { answer, ask, openAskingMarket, resume } from '../support/approvals.ts'
import { type Market, type Member, openHouse, type TestHouse } from '../support/house.ts'

let house: TestHouse
let market: Market
let reviewer: Member
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house)
  reviewer = await house.person(['reviewer'])
})
after(() => house.close())

function streaming(apiKey: string): Client {
  const { url } = house.running
  const wait = async () => undefined
  return new Client({ url, apiKey, fetch: fetch as Fetch, wait, newKey: () => 'unused-key' })
}

/** Takes so many messages, and lets go. */
async function take(stream: AsyncIterable<ApprovalTold>, count: number) {
  const told: ApprovalTold[] = []
  for await (const one of stream) {
    told.push(one)
    if (told.length === count) break
  }
  return told
}

test('a watcher is told what happens, and goes on where it was left', async () => {
  const client = streaming(house.operator.apiKey)
  const first = take(watchApprovals(client, '0'), 1)
  const waiting = await ask(house, market)
  const [opened] = await first
  assert.equal(opened?.type, 'approvalOpened')
  assert.equal(opened.approval.approvalId, waiting.approval.approvalId)
  await answer(reviewer, waiting.approval)
  await resume(market, waiting)
  const rest = await take(watchApprovals(client, opened.id), 3)
  assert.deepEqual(
    rest.map(({ type }) => type),
    ['approvalAnswered', 'approvalApproved', 'approvalConsumed'],
  )
  const ids = [opened, ...rest].map(({ id }) => Number(id))
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(ids).size, ids.length)
})

test('a watcher that does not say where to begin is told what is new only', async () => {
  const client = streaming(house.operator.apiKey)
  const stream = watchApprovals(client)
  const next = take(stream, 1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const waiting = await ask(house, market)
  const [told] = await next
  assert.equal(told?.approval.approvalId, waiting.approval.approvalId)
})

test('a watcher that was told more than there is, before a restore, is told what is new', async () => {
  const client = streaming(house.operator.apiKey)
  const stream = watchApprovals(client, '999999999')
  const first = take(stream, 1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  const { approval } = await ask(house, market)
  assert.equal((await first)[0]?.approval.approvalId, approval.approvalId)
})

test('who may not see an approval is told nothing of it (tenancy)', async () => {
  const stranger = streaming(market.provider.apiKey)
  const payer = streaming(market.payer.apiKey)
  const stream = watchApprovals(stranger, '0')[Symbol.asyncIterator]()
  const heard = stream.next()
  const [mine] = await take(watchApprovals(payer, '0'), 1)
  assert.equal(mine?.approval.payerId, market.payer.principalId)
  const silence = new Promise((resolve) => setTimeout(() => resolve('silence'), 600))
  assert.equal(await Promise.race([heard, silence]), 'silence')
})

type Stream = ReturnType<typeof opened>
const opened = (apiKey: string) => streaming(apiKey).stream('getApprovalsWatch')
const begun = (stream: Stream) => stream.next().catch((fault: unknown) => fault)
const BEGIN = { done: false, value: 'retry: 1000\n\n' }
const PLACES_EACH = 8
const keyOf = ({ apiKey }: Member): Id<'key'> => `key_${apiKey.split('_')[2] ?? ''}` as Id<'key'>

test('watchers are bounded by who they are, and what is let go makes room', async () => {
  const { apiKey } = market.agent
  const open: Stream[] = []
  for (let place = 0; place < PLACES_EACH; place += 1) {
    const stream = opened(apiKey)
    assert.deepEqual(await begun(stream), BEGIN)
    open.push(stream)
  }
  assert.match(String(await begun(opened(apiKey))), /overloaded/)
  const others = [opened(house.operator.apiKey), opened(market.payer.apiKey)]
  for (const other of others) assert.deepEqual(await begun(other), BEGIN)
  for (const stream of [...open, ...others]) await stream.return()
  let first = await begun(opened(apiKey))
  for (let tries = 0; first instanceof Error && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const again = opened(apiKey)
    first = await begun(again)
    await again.return()
  }
  assert.deepEqual(first, BEGIN)
})

test('parties take no place of who answers', async () => {
  const PLACES = 64
  const open: Stream[] = []
  let refused: unknown
  for (let place = 0; refused === undefined && place <= PLACES; place += 1) {
    const { apiKey } = await house.member('agent', [], ['read'])
    const stream = opened(apiKey)
    const first = await begun(stream)
    if (first instanceof Error) refused = first
    else open.push(stream)
  }
  assert.match(String(refused), /overloaded/)
  const answers = opened(reviewer.apiKey)
  assert.deepEqual(await begun(answers), BEGIN)
  for (const stream of [...open, answers]) await stream.return()
})

test('a watcher is told no more once its key is revoked or rotated, or it is suspended', async () => {
  const { client } = house.operator
  const ends: Record<string, (spy: Member) => Promise<unknown>> = {
    revoked: (spy) => client.call('postApiKeysRevoke', { params: { keyId: keyOf(spy) } }),
    rotated: (spy) => client.call('postApiKeysRotate', { params: { keyId: keyOf(spy) } }),
    suspended: ({ principalId }) => {
      const body = { to: 'suspended', reason: 'lost' } as const
      return client.call('postPrincipalsLifecycle', { params: { principalId }, body })
    },
  }
  for (const [how, end] of Object.entries(ends)) {
    const spy = await house.member('person', [], ['read', 'read:all'])
    const stream = opened(spy.apiKey)
    assert.deepEqual(await begun(stream), BEGIN)
    const next = begun(stream)
    await end(spy)
    await ask(house, market)
    assert.deepEqual(await next, { done: true, value: undefined }, how)
    assert.match(String(await begun(opened(spy.apiKey))), /credentials_invalid|not_active/)
  }
})

async function exported(query: { format: 'jsonl' | 'csv'; since?: string; until?: string }) {
  let text = ''
  const client = streaming(house.operator.apiKey)
  for await (const piece of client.stream('getAuditActions', { query })) text += piece
  return text
}

test('what people decided is exported whole, and verifies with the public keys alone', async () => {
  const waiting = await ask(house, market)
  const denied = await answer(reviewer, waiting.approval, 'deny', {
    justificationCode: 'not.now',
  })
  const jwks = (await house.operator.client.call('getWellKnownJwksJson')) as Jwks
  for (const format of ['jsonl', 'csv'] as const) {
    const text = await exported({ format })
    const file = join(house.directory, '..', `audit.${format}`)
    writeFileSync(file, text)
    const report = await verifyAudit(file, jwks, nodeCrypto)
    assert.ok(report.ok, JSON.stringify(report.problems))
    assert.ok(report.rows > 5)
    assert.ok(text.includes(denied.recordHash ?? '-') && text.includes('not.now'))
    for (const [from, to] of [
      ['not.now', 'not.new'],
      [reviewer.principalId, market.payer.principalId],
    ] as const) {
      writeFileSync(file, text.replace(from, to))
      assert.ok(!(await verifyAudit(file, jwks, nodeCrypto)).ok, `${format} ${from}`)
    }
    const lines = text.split(/(?<=\n)/)
    const last = lines.at(-1) ?? ''
    const end = format === 'csv' ? '\r\n' : '\n'
    const lies = {
      'a row left out': [...lines.slice(0, 2), ...lines.slice(3)].join(''),
      'an end of a row that is another': text.replace(end, format === 'csv' ? '\n' : '\r\n'),
      'an end that only some readers know': text.replace(end, '\u2028'),
      'a bare carriage return': text.replace(end, '\r'),
      'a mark before the first byte': `\ufeff${text}`,
      'no end of the last row': text.slice(0, -end.length),
      'blanks after the last row': `${text}  `,
      'an empty row': `${text}${end}`,
      'two exports': `${text}${text}`,
      'a last row that says more': `${lines.slice(0, -1).join('')}${
        format === 'csv'
          ? last.replace('"system"', '"Mallory"')
          : last.replace('"system"', '"system","note":"all approved"')
      }`,
    }
    for (const [name, lie] of Object.entries(lies)) {
      assert.notEqual(lie, text)
      writeFileSync(file, lie)
      assert.ok(!(await verifyAudit(file, jwks, nodeCrypto)).ok, `${format}: ${name}`)
    }
  }
})

test('an export of a span holds that span, and a cell is never a formula', async () => {
  const waiting = await ask(house, market)
  await answer(reviewer, waiting.approval, 'deny')
  const now = waiting.approval.openedAt
  const late = await exported({ format: 'jsonl', since: now })
  const rows = late
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(rows.length >= 3 && rows.every(({ at }) => at >= now))
  const csv = await exported({ format: 'csv' })
  for (const line of csv.trim().split('\r\n').slice(1)) {
    assert.doesNotMatch(line, /(?:^|,)"[=+\-@\t]/)
  }
})

test('stopping the house ends what is watched', async () => {
  const client = streaming(house.operator.apiKey)
  const stream = client.stream('getApprovalsWatch')
  await stream.next()
  const ended = (async () => {
    for await (const _ of stream);
    return 'ended'
  })()
  house = await house.restart()
  assert.equal(await ended.catch(() => 'ended'), 'ended')
})
