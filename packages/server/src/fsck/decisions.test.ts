import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '@surety/protocol'
import { profileFor } from '../../../../tests/support/house.ts'
import { nodeCrypto } from '../index.ts'
import { Auditor } from './auditor.ts'
import { Decisions } from './decisions.ts'
import { Findings } from './findings.ts'
import type { Stream } from './streams.ts'
import type { Tables } from './tables.ts'

const scope = { scope: 1 } as Stream['scope']
const AT = '2026-11-20T09:30:00.000Z'
const UNTIL = '2026-11-20T10:30:00.000Z'
const ASSET = 'USD/2'

type Facts = readonly (readonly [type: string, data: object])[]

function streamOf(facts: Facts): Stream {
  const events = facts.map(([type, data]) => ({ type, data, at: AT }) as unknown as Event)
  return { scope, name: 'gate:g', kind: 'gate', id: 'g', events }
}

const { settlement } = profileFor([])
const profile = profileFor([], {
  settlement: { ...settlement, holdback: { basisPoints: 2_000, windowMs: 3_600_000 } },
})
const tables = {
  rows: () => [],
  row: () => ({ state: JSON.stringify(profile) }),
} as unknown as Tables

const authorization = {
  ...{ holdId: 'h', payerId: 'ann', payee: 'shop', rail: 'ledger', walletRef: null },
  ...{ amountMax: '101', asset: ASSET },
}
const move = (transferId: string, credit: string, amount: string, debit = 'hold:h') => ({
  ...{ transferId, debit, credit, amount, asset: ASSET },
})
const parts = (released: string, refunded: string, held: string) => ({
  ...{ principal: '101', captured: '0', released, refunded, held },
})
const held: Facts[number] = [
  'gateAuthorized',
  { authorization, claims: [], transfer: move('t1', 'hold:h', '101', 'principal:ann') },
]
const decided: Facts[number] = [
  'settlementDecided',
  { record: { policyHash: 'p', verdict: 'release', decidedAt: AT, checks: [], colour: 'none' } },
]
const settled = (receipt: object, amount: string): Facts[number] => [
  'gateSettled',
  { receipt: { outcome: 'held', ...receipt }, transfer: move('t2', 'principal:shop', amount) },
]
const GOOD = settled({ ...parts('81', '0', '20'), heldUntil: UNTIL }, '81')
const passedOn = (transferId: string, amount: string): Facts[number] => [
  'holdbackReleased',
  {
    receipt: { outcome: 'released', ...parts('101', '0', '0') },
    transfer: move(transferId, 'principal:shop', amount),
  },
]

/** What is wrong with holds and transfers, but for the tables, which are not there. */
function wrongWith(...facts: Facts): readonly string[] {
  const findings = new Findings()
  const stream = streamOf([held, decided, ...facts])
  new Decisions(tables, findings, nodeCrypto).check(stream)
  new Auditor(findings).read(stream)
  return findings.report().checks.flatMap(({ problems }) => problems)
}

test('a share is held back as its profile says, and passed on whole and once', () => {
  assert.deepEqual(wrongWith(GOOD), [])
  assert.deepEqual(wrongWith(GOOD, passedOn('t3', '20')), [])
  const lies: readonly Facts[] = [
    [settled({ ...parts('82', '0', '19'), heldUntil: UNTIL }, '82')],
    [settled({ ...parts('81', '0', '20'), heldUntil: AT }, '81')],
    [settled(parts('81', '0', '20'), '81')],
    [settled({ ...parts('81', '0', '20'), heldUntil: UNTIL }, '101')],
    [settled({ ...parts('81', '20', '0'), heldUntil: UNTIL }, '81')],
    [settled({ ...parts('81', '0', '20'), heldUntil: UNTIL, outcome: 'released' }, '81')],
    [GOOD, passedOn('t3', '19')],
    [GOOD, passedOn('t2', '20')],
    [GOOD, passedOn('t3', '20'), passedOn('t4', '20')],
  ]
  for (const [i, facts] of lies.entries()) assert.notEqual(wrongWith(...facts).length, 0, String(i))
})

const seen = (status: number, evidenceHash: string): Facts[number] => [
  'responseObserved',
  { observation: { status, startedAt: AT, completedAt: AT }, evidenceHash },
]
const judged = (colour: 'green' | 'red'): Facts[number] => {
  const checks = [{ check: 'status', colour }]
  const record = { policyHash: 'p', verdict: 'capture', decidedAt: AT, checks, colour }
  return ['settlementDecided', { record }]
}
const claimed = (evidenceHash: string): Facts[number] => [
  'claimOpened',
  { claim: { reason: 'response_red', evidenceHash } },
]

test('judged and claimed for is the answer that was recorded last (one-truth)', () => {
  const verifiers = [{ verifier: 'status' as const }]
  const strict = profileFor([], { settlement: { ...settlement, verifiers } })
  const row = () => ({ state: JSON.stringify(strict) })
  const wrong = (...facts: Facts) => {
    const findings = new Findings()
    const known = { rows: () => [], row } as unknown as Tables
    new Decisions(known, findings, nodeCrypto).check(streamOf(facts))
    return findings.report().checks.flatMap(({ problems }) => problems).length
  }
  assert.equal(wrong(seen(402, 'a'), seen(200, 'b'), judged('green')), 0)
  assert.equal(wrong(seen(402, 'a'), seen(503, 'b'), claimed('b'), judged('red')), 0)
  assert.equal(wrong(seen(402, 'a'), judged('green')), 1)
  assert.equal(wrong(seen(200, 'a'), claimed('a'), judged('red')), 1)
  assert.equal(wrong(seen(402, 'a'), seen(503, 'b'), claimed('a'), judged('red')), 1)
  assert.equal(wrong(seen(402, 'a'), judged('red')), 1)
  assert.equal(wrong(seen(200, 'a'), claimed('a'), judged('green')), 1)
})
