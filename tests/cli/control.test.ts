/** `surety control`: stop, look, drain, resume, and the drill, as operators type them. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Control } from '@surety/sdk'
import {
  declareAndAuthorize,
  execute,
  type Market,
  type Member,
  openHouse,
  openMarket,
  type TestHouse,
} from '../support/house.ts'
import { operatorFile, personFile } from '../support/people/operator-file.ts'
import { problemIn, type Scratch, scratch } from './support.ts'

let house: TestHouse
let market: Market
let deputy: Member
let room: Scratch
before(async () => {
  house = await openHouse()
  market = await openMarket(house)
  deputy = await house.person(['oncall', 'ops_admin'])
  room = scratch()
  writeFileSync(room.path('olga.json'), operatorFile(house))
  writeFileSync(room.path('deputy.json'), personFile(house, deputy))
})
after(async () => {
  room.remove()
  await house.close()
})

const as = (who: string, ...args: readonly string[]) =>
  room.surety('control', ...args, '--credentials', room.path(`${who}.json`))
const olga = (...args: readonly string[]) => as('olga', ...args)

async function problemOf(...args: readonly string[]): Promise<readonly [number | null, string]> {
  const ended = await olga(...args, '--json')
  return [ended.code, problemIn(ended).code]
}

async function documentOf<Document = Control>(...args: readonly string[]): Promise<Document> {
  const { code, out, err } = await olga(...args, '--json')
  assert.equal(code, 0, err)
  return JSON.parse(out) as Document
}

const reasonsNow = async () =>
  (await declareAndAuthorize(market, '1')).decision?.reasonCodes.join() ?? ''

test('one person pauses and another role resumes; what is stopped is said, and by whom', async () => {
  assert.equal((await olga('list')).out, 'nothing is stopped\n')
  const paused = await olga('pause', '--on', 'rail:ledger', '--reason', 'adapter', '--for', '30m')
  assert.equal(paused.code, 0, paused.err)
  const { principalId } = house.operator
  for (const line of [
    /^stops +pause on rail:ledger$/m,
    /^state +active$/m,
    new RegExp(`^since +\\S+Z, ${principalId} as oncall$`, 'm'),
    /^until +\d{4}-\S+Z$/m,
    /^why +adapter$/m,
  ]) {
    assert.match(paused.out, line)
  }
  assert.match(await reasonsNow(), /control_paused/)
  const controlId = /^control +(\S+)$/m.exec(paused.out)?.[1] ?? ''
  const listed = await olga('list')
  assert.match(listed.out, new RegExp(`^${controlId} +pause +rail:ledger +\\S+Z +\\S+Z$`, 'm'))
  const own = await as('deputy', 'resume', controlId, '--as', 'oncall', '--json')
  assert.equal(problemIn(own).code, 'operator_role_insufficient')
  const lifted = await as('deputy', 'resume', controlId, '--as', 'ops_admin')
  assert.match(lifted.out, /^state +lifted$/m)
  assert.match(lifted.out, new RegExp(`^lifted +\\S+Z, ${deputy.principalId} as ops_admin$`, 'm'))
  assert.doesNotMatch(await reasonsNow(), /control_/)
  assert.deepEqual(await problemOf('resume', controlId), [1, 'control_already_lifted'])
  const past = await olga('list', '--state', 'lifted')
  assert.ok(past.out.includes(controlId))
})

test('a kill switch takes two files and two people; nothing stops before the second', async () => {
  const alone = await olga('kill-switch', '--on', 'all')
  assert.equal(alone.code, 2)
  assert.match(alone.err, /this takes two people[^→]+→ sign it with --out FILE/s)
  const signed = await olga('kill-switch', '--on', 'all', '--reason', 'x', '--out', 'order.jws')
  assert.equal(signed.code, 0, signed.err)
  assert.match(signed.out, /stops nothing yet/)
  assert.match(signed.out, /surety control kill-switch --with order\.jws/)
  assert.doesNotMatch(await reasonsNow(), /control_/)
  // The same person twice is one person; a file is never written over.
  const again = ['kill-switch', '--with', room.path('order.jws')] as const
  assert.deepEqual(await problemOf(...again), [1, 'dual_control_same_person'])
  const over = ['kill-switch', '--on', 'all', '--out', room.path('order.jws')] as const
  assert.deepEqual(await problemOf(...over), [4, 'file_exists'])
  const sent = await as('deputy', ...again, '--as', 'ops_admin', '--json')
  assert.equal(sent.code, 0, sent.err)
  const { controlId, imposed } = JSON.parse(sent.out) as Control
  assert.equal(imposed.signers.length, 2)
  assert.match(await reasonsNow(), /control_kill_switch/)
  assert.deepEqual(await problemOf('resume', controlId), [1, 'dual_control_required'])
  const out = room.path('resume.jws')
  await documentOf('resume', controlId, '--out', out)
  const lift = ['resume', controlId, '--with', out, '--as', 'ops_admin'] as const
  assert.match((await as('deputy', ...lift)).out, /^state +lifted$/m)
  assert.doesNotMatch(await reasonsNow(), /control_/)
})

test('an order that was touched, is none, or is of something else orders nothing', async () => {
  const file = room.path('touched.jws')
  await documentOf('kill-switch', '--on', 'rail:ledger', '--out', file)
  const [header, , signature] = readFileSync(file, 'utf8').trim().split('.')
  const act = Buffer.from('{"action":"control"}').toString('base64url')
  writeFileSync(file, `${header}.${act}.${signature}`)
  for (const [name, text] of [
    ['touched.jws', undefined],
    ['prose.jws', 'stop everything, please'],
    ['empty.jws', ''],
  ] as const) {
    if (text !== undefined) writeFileSync(room.path(name), text)
    const sent = await as('deputy', 'kill-switch', '--with', room.path(name), '--json')
    assert.deepEqual([sent.code, problemIn(sent).code], [2, 'usage'], name)
  }
  const missing = await as('deputy', 'kill-switch', '--with', room.path('none.jws'), '--json')
  assert.deepEqual([missing.code, problemIn(missing).code], [4, 'file_not_found'])
  assert.equal((await olga('list')).out, 'nothing is stopped\n')
})

test('wrong input is named with what helps, and stops nothing', async () => {
  const nobodys = 'ctl_00000000000000000000000000'
  const refused = [
    [2, 'usage', 'pause'],
    [2, 'usage', 'pause', '--on', 'rail'],
    [2, 'usage', 'pause', '--on', 'planet:earth'],
    [2, 'usage', 'pause', '--on', 'grant:zz'],
    [2, 'usage', 'pause', '--on', 'all', '--for', 'ever'],
    [2, 'usage', 'pause', '--on', 'all', '--as', 'king'],
    [2, 'usage', 'show', 'gat_00000000000000000000000000'],
    [2, 'usage', 'list', '--state', 'all'],
    [1, 'control_not_found', 'show', nobodys],
    [1, 'control_not_found', 'resume', nobodys],
    [1, 'control_not_found', 'drain', nobodys],
    [1, 'role_not_held', 'pause', '--on', 'all', '--as', 'viewer'],
    [1, 'operator_role_insufficient', 'pause', '--on', 'all', '--as', 'reviewer'],
    [1, 'principal_not_found', 'pause', '--on', 'principal:prn_00000000000000000000000000'],
  ] as const
  for (const [exit, code, ...args] of refused) {
    assert.deepEqual(await problemOf(...args), [exit, code], args.join(' '))
  }
  assert.equal((await olga('list')).out, 'nothing is stopped\n')
})

test('what was under way is listed, and drained: what began is left', async () => {
  const begun = await declareAndAuthorize(market, '3')
  await execute(market, begun)
  const unused = await declareAndAuthorize(market, '2')
  const { controlId } = await documentOf('pause', '--on', 'all')
  const shown = await olga('show', controlId)
  assert.match(shown.out, new RegExp(`^${unused.gateId} +authorized +0\\.02 USD +\\S+Z$`, 'm'))
  assert.match(shown.out, new RegExp(`^${begun.gateId} +executing +0\\.03 USD +\\S+Z$`, 'm'))
  const drained = await olga('drain', controlId)
  assert.match(drained.out, /✓ \d+ authorizations are given back/)
  assert.ok(drained.out.includes(unused.gateId) && !drained.out.includes(begun.gateId))
  await documentOf('resume', controlId, '--as', 'ops_admin')
})

test('the drill proves on a live house that stopping works, and leaves nothing standing', async () => {
  const drilled = await olga('drill')
  assert.equal(drilled.code, 0, drilled.out + drilled.err)
  assert.match(drilled.out, /✓ paused +first seen \d+ ms after its commit/)
  assert.match(drilled.out, /✓ missed +0 of \d+ decisions/)
  const document = await documentOf<{ ok: boolean; effectMs: number; missed: number }>('drill')
  assert.ok(document.ok && document.effectMs <= 250 && document.missed === 0)
  assert.equal((await olga('list')).out, 'nothing is stopped\n')
  assert.ok(!existsSync(room.path('drill')))
})
