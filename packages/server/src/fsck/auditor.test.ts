import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '@surety/protocol'
import { Auditor } from './auditor.ts'
import { Findings } from './findings.ts'
import type { Stream } from './streams.ts'
import type { Tables } from './tables.ts'

const scope = { scope: 1 } as Stream['scope']
const NO_TABLES = { rows: () => [] } as unknown as Tables
const ASSET = 'eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e'

function stream(kind: string, id: string, facts: readonly object[]): Stream {
  const events = facts.map((fact) => {
    const { type, ...data } = fact as { readonly type: string }
    return { type, data } as unknown as Event
  })
  return { scope, name: `${kind}:${id}`, kind, id, events }
}

function problemsOf(streams: readonly Stream[]): readonly string[] {
  const findings = new Findings()
  const auditor = new Auditor(findings)
  for (const each of streams) auditor.read(each)
  auditor.finish(NO_TABLES)
  return findings.report().checks.flatMap(({ problems }) => problems)
}

const wallet = stream('wallet', 'w', [{ type: 'walletCreated', walletId: 'w', ownerId: 'ann' }])

function inbound(credit: string): Stream {
  const movement = { transferId: 't1', debit: 'rail:x402-evm/w', credit, amount: '5', asset: ASSET }
  const received = { type: 'inboundReceived', walletId: 'w', amount: '5', asset: ASSET }
  return stream('inbound', 'i', [{ ...received, transfer: movement }])
}

const OF_ANOTHER = 'inbound:i: it was given to another than its owner'

test('what came into a wallet is its owner’s, in whatever order the streams are read', () => {
  for (const order of [(all: Stream[]) => all, (all: Stream[]) => all.toReversed()]) {
    assert.ok(!problemsOf(order([inbound('principal:ann'), wallet])).includes(OF_ANOTHER))
    assert.ok(problemsOf(order([inbound('principal:bob'), wallet])).includes(OF_ANOTHER))
  }
  assert.ok(problemsOf([inbound('principal:ann')]).includes(OF_ANOTHER))
  assert.ok(!problemsOf([inbound('suspense:w'), wallet]).includes(OF_ANOTHER))
})

test('what its own rail pays is never released by the books', () => {
  const authorization = {
    ...{ holdId: 'h', payerId: 'ann', payee: 'shop', rail: 'x402-evm', asset: ASSET },
    amountMax: '5',
  }
  const zeros = { released: '0', refunded: '0', captured: '0', held: '0' }
  const move = { amount: '5', asset: ASSET }
  const held = { ...move, transferId: 't1', debit: 'principal:ann', credit: 'hold:h' }
  const paid = { ...move, transferId: 't2', debit: 'hold:h', credit: 'principal:shop' }
  const receipt = { ...zeros, outcome: 'released', principal: '5', released: '5' }
  const told = (walletRef: string | null) =>
    problemsOf([
      stream('gate', 'g', [
        {
          type: 'gateAuthorized',
          authorization: { ...authorization, walletRef },
          claims: [],
          transfer: held,
        },
        { type: 'gateSettled', receipt, transfer: paid },
      ]),
    ])
  const problem = 'gate:g: the books paid what its rail pays'
  assert.ok(told('w').includes(problem))
  assert.ok(!told(null).includes(problem))
})

test('what a rail took in part, and what it left, are what was held: told otherwise, it is found', () => {
  const authorization = {
    ...{ holdId: 'h', payerId: 'ann', payee: 'shop', rail: 'x402-evm', asset: ASSET },
    ...{ amountMax: '5', walletRef: 'w' },
  }
  const of = (transferId: string, debit: string, credit: string, amount: string) => {
    return { transferId, debit, credit, amount, asset: ASSET }
  }
  const receipt = {
    ...{ outcome: 'captured', principal: '5', released: '0', held: '0' },
    ...{ captured: '2', refunded: '3' },
  }
  const transfer = of('t2', 'hold:h', 'rail:x402-evm/w', '2')
  const remainder = of('t3', 'hold:h', 'principal:ann', '3')
  const told = (settled: object) =>
    problemsOf([
      stream('gate', 'g', [
        {
          type: 'gateAuthorized',
          ...{ authorization, claims: [] },
          transfer: of('t1', 'principal:ann', 'hold:h', '5'),
        },
        { type: 'gateSettled', receipt, transfer, remainder, ...settled },
      ]),
    ]).filter((problem) => problem.startsWith('gate:g'))
  assert.deepEqual(told({}), [])
  for (const lie of [
    { remainder: undefined },
    { remainder: { ...remainder, credit: 'principal:shop' } },
    { remainder: { ...remainder, amount: '4' } },
    { remainder: { ...remainder, debit: 'hold:i' } },
    { transfer: { ...transfer, amount: '3' } },
    { transfer: { ...transfer, credit: 'principal:shop' } },
    { receipt: { ...receipt, captured: '3' } },
    { receipt: { ...receipt, captured: '5', refunded: '0' } },
    { receipt: { ...receipt, captured: '6', refunded: '0' } },
  ]) {
    assert.notDeepEqual(told(lie), [], JSON.stringify(lie))
  }
})
