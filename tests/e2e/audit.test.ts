/** The export of what people decided: every act of every kind, verifiable, in both formats. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Jwks } from '@surety/protocol'
import { Client, type Fetch } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { verifyAudit } from '../../packages/cli/src/local/audit-file.ts'
import { csvLine } from '../../packages/server/src/app/gate/approval/audit-rows.ts'
import { answer, ask, openAskingMarket } from '../support/approvals.ts'
import {
  deposit,
  type Market,
  type Member,
  openHouse,
  pass,
  type TestHouse,
} from '../support/house.ts'
import { draining, lift, send, stop, together } from '../support/people/controls.ts'

type Row = Readonly<Record<string, string>>

let house: TestHouse
let market: Market
let second: Member
before(async () => {
  house = await openHouse()
  market = await openAskingMarket(house)
  second = await house.person(['ops_admin', 'reviewer', 'incident_commander'])
})
after(() => house.close())

async function exported(format: 'jsonl' | 'csv'): Promise<string> {
  const { url } = house.running
  const { apiKey } = house.operator
  const wait = async () => undefined
  const client = new Client({ url, apiKey, fetch: fetch as Fetch, wait, newKey: () => 'unused' })
  let text = ''
  for await (const piece of client.stream('getAuditActions', { query: { format } })) text += piece
  return text
}

const rowsOf = async (): Promise<readonly Row[]> =>
  (await exported('jsonl'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)

const everything = { type: 'all', id: 'everything' } as const
const effect = { type: 'effect', id: 'action' } as const

test('controls are told: who ordered, as what, why, about what, and under which signature', async () => {
  const paused = await stop(house.operator, effect)
  const drain = { action: draining(house.operator, paused.controlId, effect) }
  const params = { controlId: paused.controlId }
  await house.operator.client.call('postControlsDrain', { params, body: drain })
  await lift([house.operator], paused, 'ops_admin')
  const both = [house.operator, second] as const
  const killed = await send(house.operator, ...together(both, everything, { role: 'ops_admin' }))
  await lift([house.operator, second], killed)
  const until = new Date(Date.now() + 5_000).toISOString()
  const brief = await stop(house.operator, effect, { until })
  pass(6_000)
  await house.running.tick()
  const rows = await rowsOf()
  const told = (controlId: string) =>
    rows
      .filter(({ stream }) => stream === `control:${controlId}`)
      .map(({ fact, actor, role, action, outcome }) => [fact, actor, role, action, outcome])
  const { principalId: first } = house.operator
  assert.deepEqual(told(paused.controlId), [
    ['controlImposed', first, 'oncall', 'pause', 'imposed'],
    ['controlDrained', first, 'oncall', 'drain', undefined],
    ['controlLifted', first, 'ops_admin', 'resume', 'lifted'],
  ])
  assert.deepEqual(told(killed.controlId).slice(0, 2), [
    ['controlImposed', first, 'ops_admin', 'kill_switch', 'imposed'],
    ['controlImposed', second.principalId, 'ops_admin', 'kill_switch', 'imposed'],
  ])
  assert.deepEqual(told(brief.controlId).at(-1), [
    'controlLifted',
    'system',
    undefined,
    undefined,
    'lifted',
  ])
  const imposed = rows.find(({ stream }) => stream === `control:${paused.controlId}`)
  assert.equal(imposed?.about, `control:${paused.controlId} pause effect:action`)
  assert.equal(imposed?.justificationCode, 'incident-1')
  const { receipts } = await house.operator.client.call('getControlsOne', { params })
  const hashes = (receipts ?? []).map(({ jws }) =>
    nodeCrypto.sha256(Buffer.from(jws.split('.')[1] ?? '', 'base64url')),
  )
  assert.ok(hashes.includes(imposed?.receiptHash ?? ''), 'it names the receipt')
})

test('every act of a person stands with its own words and its own signature', async () => {
  await deposit(house, market.payer, '1')
  const waiting = await ask(house, market)
  await answer(second, waiting.approval, 'deny', { justificationCode: 'not.now' })
  const rows = await rowsOf()
  const acts = rows.filter(({ actionHash }) => actionHash !== undefined)
  const kinds = new Set(acts.map(({ fact }) => fact))
  for (const fact of [
    'approvalAnswered',
    'controlImposed',
    'depositRecorded',
    'principalRoleAssigned',
    'profileApplied',
  ])
    assert.ok(kinds.has(fact), fact)
  for (const { fact, signed = '', actionHash, actor, justificationCode } of acts) {
    const payload = Buffer.from(signed.split('.')[1] ?? '', 'base64url')
    assert.equal(nodeCrypto.sha256(payload), actionHash, fact)
    const act = JSON.parse(payload.toString('utf8')) as Row
    assert.deepEqual([actor, justificationCode], [act.operatorId, act.justificationCode], fact)
  }
})

test('a control that is changed, left out or moved in an export is seen, in both formats', async () => {
  const jwks = (await house.operator.client.call('getWellKnownJwksJson')) as Jwks
  const file = join(house.directory, '..', 'audit')
  const verdict = async (text: string) => {
    writeFileSync(file, text)
    return (await verifyAudit(file, jwks, nodeCrypto)).ok
  }
  for (const format of ['jsonl', 'csv'] as const) {
    const text = await exported(format)
    assert.ok(await verdict(text), format)
    assert.ok(!(await verdict(text.replace('incident-1', 'incident-2'))), format)
    assert.ok(!(await verdict(text.replace('pause effect:action', 'pause effect:read'))), format)
    const lines = text.split(/(?<=\n)/)
    const at = lines.findIndex((line) => line.includes('controlImposed'))
    assert.ok(!(await verdict(lines.toSpliced(at, 1).join(''))), format)
    const moved = lines.toSpliced(at, 1).toSpliced(at + 1, 0, lines[at] ?? '')
    assert.ok(!(await verdict(moved.join(''))), format)
  }
})

test('no cell is a formula, whatever it holds, and a quote ends none', () => {
  const hostile = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', "=cmd|' /C calc'!A0"]
  for (const text of hostile) {
    const [first] = csvLine({ at: text }).split('","')
    assert.equal(first, `"'${text}`)
  }
  const quoted = csvLine({ at: 'a","=1+1' })
  assert.ok(quoted.startsWith('"a"",""=1+1","'))
  assert.ok(csvLine({ at: 'line\r\nbreak' }).startsWith('"line\r\nbreak","'))
})
