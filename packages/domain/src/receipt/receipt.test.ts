import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Authorization,
  PolicyDecision,
  parseAs,
  SettlementDecisionRecord,
  SettlementReceipt,
} from '@surety/protocol'
import { frozen } from '../fixtures.test.ts'
import type { GateEvent } from '../gate/events.ts'
import { decide, type GateCommand } from '../gate/gate.ts'
import type { Gate } from '../gate/state.ts'
import {
  authorized,
  commandsOf,
  facts,
  recordCommand,
  settleCommand,
  statesOf,
} from '../gate/story.test.ts'
import { endingReceiptOf, receiptOfEvent } from './receipt.ts'

const states = statesOf()
const commands = commandsOf()

function factsAfter(gate: Gate, command: GateCommand): readonly GateEvent[] {
  const outcome = decide(gate, command)
  assert.ok(outcome.ok)
  return outcome.value
}

test('every terminal fact obliges to one receipt, which its schema accepts', () => {
  const schemas = { PolicyDecision, Authorization, SettlementDecisionRecord, SettlementReceipt }
  const steps: readonly [Gate, GateCommand, readonly (keyof typeof schemas)[]][] = [
    [states.none, commands.declare, []],
    [states.declared, commands.allow, ['PolicyDecision', 'Authorization']],
    [states.declared, commands.deny, ['PolicyDecision']],
    [states.declared, commands.escalate, ['PolicyDecision']],
    [states.declared, commands.challenge, ['PolicyDecision']],
    [states.authorized, commands.execute, []],
    [states.authorized, commands.void, ['SettlementReceipt']],
    [states.authorized, commands.expire, ['SettlementReceipt']],
    [states.waiting, commands.expireWaiting, ['SettlementReceipt']],
    [states.executing, commands.accept, []],
    [states.executing, commands.timeOut, []],
    [states.executed, commands.release, ['SettlementDecisionRecord', 'SettlementReceipt']],
    [states.executed, commands.refund, ['SettlementDecisionRecord', 'SettlementReceipt']],
    [states.executed, commands.review, ['SettlementDecisionRecord', 'SettlementReceipt']],
    [states.executed, commands.withhold, ['SettlementDecisionRecord', 'SettlementReceipt']],
    [states.withheld, commands.contest, []],
    [states.withheld, commands.releaseHeld, ['SettlementReceipt']],
    [states.contested, commands.return, ['SettlementReceipt']],
  ]
  for (const [gate, command, types] of steps) {
    const receipts = factsAfter(gate, command).flatMap((event) => receiptOfEvent(event) ?? [])
    assert.equal(receipts.length, types.length)
    for (const [i, { object, kid }] of receipts.entries()) {
      const type = types[i] as keyof typeof schemas
      assert.equal(object.schemaVersion.replace(/\.v\d$/, ''), type)
      assert.ok(parseAs(schemas[type], object).ok)
      assert.equal(kid, 'A'.repeat(43))
    }
  }
})

test('an authorization binds what was decided on and ends with the decision', () => {
  const { authorization } = authorized
  const { decision, decisionHash } = recordCommand('allow')
  const { intent } = facts
  assert.equal(authorization.decisionHash, decisionHash)
  assert.equal(authorization.policyHash, decision.policyHash)
  assert.equal(authorization.notAfter, decision.validUntil)
  assert.deepEqual(
    [authorization.amountMax, authorization.asset, authorization.payee, authorization.rail],
    [intent.amount, intent.asset, intent.payee, intent.rail],
  )
  assert.deepEqual([authorization.nonce, authorization.grantHash], [intent.nonce, intent.grantHash])
})

test('a receipt says where all of the money is', () => {
  const parts = ({ released, refunded, captured, held }: SettlementReceipt) =>
    [released, refunded, captured, held].join()
  const { executed, silent, authorized: held, waiting } = states
  assert.equal(parts(settleCommand(executed, 'release').receipt), '2,0,0,0')
  assert.equal(parts(settleCommand(executed, 'refund').receipt), '0,2,0,0')
  assert.equal(parts(settleCommand(executed, 'review').receipt), '0,0,0,2')
  const { withheld, passedOn, returned } = states
  const said = [withheld, passedOn, returned].map(({ receipt }) => [
    receipt.outcome,
    parts(receipt),
  ])
  assert.deepEqual(said, [
    ['held', '1,0,0,1'],
    ['released', '2,0,0,0'],
    ['split', '1,1,0,0'],
  ])
  const closing = { settlementDecisionHash: null, transferId: null, at: facts.at }
  const ended = endingReceiptOf(frozen(held), 'voided', closing)
  assert.equal(parts(ended), '0,2,0,0')
  const lapsed = endingReceiptOf(waiting, 'expired', closing)
  assert.deepEqual([parts(lapsed), lapsed.principal, lapsed.payerId], ['0,0,0,0', '0', null])
  const { record } = settleCommand(silent, 'refund')
  assert.deepEqual([record.basis, record.evidenceHashes], ['none', []])
  const signed = settleCommand(executed, 'release').record
  assert.deepEqual([signed.basis, signed.evidenceHashes], ['signed', [executed.evidenceHash]])
})
