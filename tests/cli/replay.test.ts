/** `surety profile replay`: one answer from a server, a data directory and an exported file. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { policy } from '@surety/domain'
import type { Profile } from '@surety/protocol'
import { fsck } from '@surety/server'
import {
  declareAndAuthorize,
  openHouse,
  openMarket,
  profileFor,
  purchase,
  rule,
  type TestHouse,
} from '../support/house.ts'
import { operatorFile } from '../support/people/operator-file.ts'
import { type Scratch, scratch } from './support.ts'

type Report = policy.ReplayReport

let house: TestHouse
let room: Scratch
let ruling: Profile
before(async () => {
  house = await openHouse()
  const market = await openMarket(house)
  // Denied under the first profile of all, decided under two more.
  await purchase(market, '250')
  await declareAndAuthorize(market, '5000')
  await declareAndAuthorize(market, '600')
  ruling = await rule(house, market)
  await purchase(market, '400')
  await declareAndAuthorize(market, '900')
  room = scratch()
  writeFileSync(room.path('same.json'), JSON.stringify(ruling))
  const stricter = profileFor([market.provider.principalId], {
    profileId: 'stricter',
    limits: { perRequest: [{ asset: 'USD/2', max: '650' }] },
    approvalTiers: [],
  })
  writeFileSync(room.path('stricter.json'), JSON.stringify(stricter))
  writeFileSync(room.path('me.json'), operatorFile(house))
})
after(async () => {
  room.remove()
  await house.close()
})

const replay = (file: string, ...more: readonly string[]) =>
  room.json<Report>('profile', 'replay', file, ...more)
const overHttp = () => ['--credentials', room.path('me.json'), '--url', house.running.url]

test('a server, a directory and an exported file give one report, money included', async () => {
  const served = await replay('stricter.json', ...overHttp())
  const read = await replay('stricter.json', '--data', house.directory)
  const out = room.path('decisions.jsonl')
  await room.json('decision', 'export', '--out', out, ...overHttp())
  const again = await room.surety('decision', 'export', '--out', out, '--data', house.directory)
  assert.equal(again.code, 4)
  assert.match(again.err, /file_exists/)
  const exported = await replay('stricter.json', '--from', out)
  assert.deepEqual(read, served)
  assert.deepEqual(exported, served)
  const { money, approvals, ok, decisions, changed } = served
  assert.deepEqual([ok, decisions, changed], [true, 5, 2])
  // 600 waited and would be allowed; 900 waited and would be denied.
  assert.deepEqual(money, [
    {
      asset: 'USD/2',
      recordedAllowed: '650',
      candidateAllowed: '1250',
      blocked: '0',
      heldForApproval: '0',
      newlyAllowed: '600',
      newlyApprovable: '0',
      recordedAtWorst: '2150',
      candidateAtWorst: '1250',
    },
  ])
  assert.deepEqual(approvals, { recorded: 2, candidate: 0, added: 0, removed: 2 })
})

test('the profile that ruled changes nothing, and CI may fail on a change', async () => {
  const same = await room.surety('profile', 'replay', 'same.json', '--data', house.directory)
  assert.equal(same.code, 0)
  assert.match(same.out, /5 decisions on 5 gates.*0 changed, 5 came out the same/)
  const gate = ['--data', house.directory, '--fail-on-change'] as const
  assert.equal((await room.surety('profile', 'replay', 'same.json', ...gate)).code, 0)
  const changed = await room.surety('profile', 'replay', 'stricter.json', ...gate)
  assert.equal(changed.code, 1)
  assert.match(changed.out, /newly allowed +6\.00 USD/)
  assert.match(changed.out, /exposure at worst +21\.50 USD → 12\.50 USD/)
})

test('a span takes the gates that were declared in it', async () => {
  const none = await replay('same.json', '--data', house.directory, '--since', '2099-01-01')
  assert.equal(none.decisions, 0)
  const all = await replay('same.json', '--data', house.directory, '--until', '2099-01-01')
  assert.equal(all.decisions, 5)
  const served = await replay('same.json', ...overHttp(), '--until', '2000-01-01')
  assert.equal(served.decisions, 0)
})

test('a profile in shadow decides nothing, and its report is the replay of what it saw', async () => {
  const own = await openHouse()
  const market = await openMarket(own)
  await declareAndAuthorize(market, '100')
  const limits = { perRequest: [{ asset: 'USD/2', max: '150' }] }
  const watching = { ...ruling, profileId: 'watching', mode: 'shadow' as const, limits }
  writeFileSync(room.path('watching.json'), JSON.stringify(watching))
  writeFileSync(room.path('own.json'), operatorFile(own))
  const me = ['--credentials', room.path('own.json')] as const
  await room.json('profile', 'apply', 'watching.json', '--yes', ...me)
  const gate = await declareAndAuthorize(market, '200')
  assert.equal(gate.state, 'authorized')
  assert.deepEqual(
    gate.decision?.shadow?.map(({ policyId, decision }) => [policyId, decision]),
    [['watching', 'deny']],
  )
  const report = await room.json<Report>('profile', 'shadow', 'report', ...me)
  assert.deepEqual([report.ok, report.decisions, report.changed], [true, 1, 1])
  assert.equal(report.money[0]?.blocked, '200')
  await room.json('profile', 'shadow', 'end', ...me)
  const none = await room.surety('profile', 'shadow', 'report', ...me)
  assert.deepEqual([none.code, none.err.includes('shadow_missing')], [1, true])
  const quiet = await declareAndAuthorize(market, '200')
  assert.equal(quiet.decision?.shadow, undefined)
  assert.ok((await fsck(own.directory)).ok)
  await own.close()
})

test('a record that was changed, or is left out, makes the replay fail', async () => {
  const out = room.path('honest.jsonl')
  await room.json('decision', 'export', '--out', out, '--data', house.directory)
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n')
  const edited = lines.map((line) => line.replace('"available":"10000"', '"available":"1"'))
  assert.notDeepEqual(edited, lines)
  const said = async (name: string, changed: readonly string[]) => {
    writeFileSync(room.path(name), `${changed.join('\n')}\n`)
    const { code, out: text } = await room.surety(
      ...['profile', 'replay', 'same.json', '--from', name, '--json'],
    )
    assert.equal(code, 1)
    return (JSON.parse(text) as Report).unknown
  }
  const facts = await said('facts.jsonl', edited)
  assert.equal(facts.listed[0]?.reason, 'facts_not_recorded')
  const profiles = lines.filter((line) => !line.includes('"schemaVersion":"Profile.v1"'))
  assert.equal((await said('profiles.jsonl', profiles)).listed[0]?.reason, 'profile_not_recorded')
  writeFileSync(room.path('broken.jsonl'), '{"schemaVersion":"DecisionRecord.v1"}\n')
  const broken = await room.surety('profile', 'replay', 'same.json', '--from', 'broken.jsonl')
  assert.equal(broken.code, 4)
  assert.match(broken.err, /records_invalid/)
})
