import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addMs, formatInstant, type Instant, instantOf } from '@surety/protocol'
import fc from 'fast-check'
import { frozen, id, OTHER } from '../fixtures.test.ts'
import { evolve, type GateEvent } from './events.ts'
import { decide, type GateCommand, initial } from './gate.ts'
import type { Gate } from './state.ts'
import {
  type Asked,
  acceptCommand,
  commandsOf,
  contestCommand,
  declareCommand,
  divideCommand,
  endCommand,
  executeCommand,
  recordCommand,
  releaseHeldCommand,
  START,
  settleCommand,
  statesOf,
} from './story.test.ts'

const states = statesOf()
const canned = commandsOf()
const verdict = fc.constantFrom('release', 'refund', 'review' as const)
/** Steps around the deadlines: at once mostly, in time, after every one of them. */
const moment = fc.constantFrom(0, 0, 0, 0, 1_000, 600_001, 900_000, 900_001, 90_000_000)

/** What may be asked of a gate as it is: commands are built from it where it lets them be. */
type Draw = (gate: Gate, at: Instant) => GateCommand
const executing: Draw = (_gate, at) => executeCommand(at)
const accepting: Draw = (gate, at) =>
  acceptCommand(at, gate.status === 'executing' ? instantOf(gate.executingAt) : at)
const NEXT: Partial<Record<Gate['status'], Draw>> = {
  none: (_gate, at) => ({ ...declareCommand(), at }),
  declared: () => recordCommand('allow'),
  executing: accepting,
  settled: (gate, at) =>
    gate.status === 'settled' && gate.holdback !== undefined
      ? releaseHeldCommand(gate, at)
      : canned.releaseHeld,
}
const draws: fc.Arbitrary<Draw> = fc.oneof(
  // The step that leads on, so that many orders get far.
  {
    weight: 4,
    arbitrary: fc.constant<Draw>((gate, at) => (NEXT[gate.status] ?? executing)(gate, at)),
  },
  fc.constant<Draw>((_gate, at) => ({ ...declareCommand(), at })),
  fc.constantFrom('allow', 'allow', 'deny', 'challenge', 'escalate' as const).map(
    (outcome): Draw =>
      () =>
        recordCommand(outcome),
  ),
  fc.constant(executing),
  fc.constant(accepting),
  fc.constant<Draw>((_gate, at) => ({ type: 'timeOut', at })),
  verdict.map(
    (as): Draw =>
      (gate) =>
        gate.status === 'executed' ? settleCommand(gate, as) : canned[as],
  ),
  fc.bigInt({ min: 1n, max: 2n }).map(
    (amount): Draw =>
      (gate, at) => {
        const until = formatInstant(addMs(at, 600_000))
        return gate.status === 'executed'
          ? settleCommand(gate, 'release', { amount, until })
          : canned.withhold
      },
  ),
  fc.constantFrom('payer', 'operator' as const).map(
    (by): Draw =>
      (_gate, at) =>
        contestCommand(by, at),
  ),
  fc.boolean().map(
    (isBack): Draw =>
      (gate) => {
        const isHeld = gate.status === 'settled' && gate.holdback?.contest !== undefined
        if (!isHeld && gate.status !== 'review') return canned.divide
        const { held } = gate.partition
        const rest = isBack ? '0' : held
        return divideCommand(gate, { released: rest, refunded: isBack ? held : '0' })
      },
  ),
  fc.constantFrom('voided', 'expired' as const).map(
    (as): Draw =>
      (gate, at) =>
        gate.status === 'authorized' || (gate.status === 'waiting' && as === 'expired')
          ? endCommand(gate, as, at)
          : endCommand(states.authorized, as, at),
  ),
)

interface Told {
  readonly before: Gate
  readonly after: Gate
  readonly events: readonly GateEvent[]
}

/** Asks in that order and tells what happened; what `decide` yields, `evolve` must take. */
function tell(order: readonly (readonly [Draw, number])[]): Told[] {
  const told: Told[] = []
  let gate: Gate = initial
  let now = START
  for (const [draw, ms] of order) {
    now = addMs(now, ms)
    const outcome = decide(frozen(gate), frozen(draw(gate, now)))
    if (!outcome.ok) continue
    const at = now
    const after = outcome.value.reduce((state, event) => evolve(frozen(state), event, at), gate)
    told.push({ before: gate, after, events: outcome.value })
    gate = after
  }
  return told
}

const terminal: ReadonlySet<string> = new Set(['denied', 'settled', 'voided', 'expired'])

function ensurePartition(gate: Gate): void {
  if (!('partition' in gate)) return
  const { principal, released, refunded, captured, held } = gate.partition
  const parts = [released, refunded, captured, held].map(BigInt)
  assert.equal(
    parts.reduce((sum, part) => sum + part),
    BigInt(principal),
  )
  assert.ok(parts.every((part) => part >= 0n))
  if (isOver(gate)) assert.equal(held, '0')
}

/** Nothing follows; of what is held back only people or the clock may let go. */
function isOver(gate: Gate): boolean {
  return terminal.has(gate.status) && (gate.status !== 'settled' || gate.holdback === undefined)
}

/** Goal: nobody, in whatever order they ask, moves the money of one gate twice. */
test('no order of commands settles twice, leaves a terminal state or breaks the partition', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(fc.array(fc.tuple(draws, moment), { minLength: 6, maxLength: 24 }), (order) => {
      const told = tell(order)
      const types = told.flatMap(({ events }) => events.map(({ type }) => type))
      const count = (...of: string[]): number => types.filter((type) => of.includes(type)).length
      assert.ok(count('gateAuthorized') <= 1)
      assert.ok(count('executionStarted') <= 1)
      assert.ok(count('evidenceAccepted', 'evidenceTimedOut') <= 1)
      assert.ok(count('gateSettled', 'gateVoided', 'gateExpired') <= 1)
      assert.ok(count('executionStarted') <= count('gateAuthorized'))
      for (const { before, after } of told) {
        assert.ok(!isOver(before))
        ensurePartition(after)
        reached.add(`${before.status} → ${after.status}`)
      }
      const moved = told.flatMap(({ events }) =>
        events.flatMap((event) => {
          if ('transfers' in event) return event.transfers
          return 'transfer' in event && event.transfer !== null ? [event.transfer] : []
        }),
      )
      // One transfer into the hold, and never more out of it.
      const sum = (isOut: boolean) =>
        moved
          .filter(({ debit }) => debit.startsWith('hold:') === isOut)
          .reduce((total, { amount }) => total + BigInt(amount), 0n)
      const ended = told.at(-1)?.after
      const held = ended !== undefined && 'partition' in ended ? ended.partition.held : '0'
      assert.equal(sum(false) - sum(true), BigInt(held))
      assert.ok(count('holdbackContested', 'holdbackReleased') <= 1)
      assert.ok(count('holdbackReleased', 'gateResolved') <= 1)
    }),
    { numRuns: 2_000 },
  )
  const edges = [
    'none → declared',
    'declared → waiting',
    'declared → denied',
    'declared → authorized',
    'waiting → expired',
    'authorized → executing',
    'authorized → voided',
    'authorized → expired',
    'executing → executed',
    'executed → settled',
    'executed → review',
    'review → settled',
    'settled → settled',
  ]
  assert.deepEqual([...reached].sort(), edges.sort())
})

/** Goal: a journal that is not one of ours is a fault, whatever stands in it. */
test('a fact out of order is a fault, and one in order never is', () => {
  const story: Asked[] = [
    { command: declareCommand(), at: START },
    { command: recordCommand('allow'), at: START },
    { command: executeCommand(), at: START },
    { command: acceptCommand(), at: START },
    { command: settleCommand(states.executed, 'release'), at: START },
  ]
  const events: GateEvent[] = []
  let gate: Gate = initial
  for (const { command, at } of story) {
    const outcome = decide(gate, command)
    assert.ok(outcome.ok)
    events.push(...outcome.value)
    gate = outcome.value.reduce((state, event) => evolve(state, event, at), gate)
  }
  const fold = (facts: readonly GateEvent[]): Gate =>
    facts.reduce<Gate>((state, event) => evolve(state, event, START), initial)
  assert.deepEqual(fold(events), states.released)
  for (let i = 0; i < events.length; i += 1) {
    assert.throws(() => fold([...events, events[i] as GateEvent]))
    if (i < events.length - 1) assert.throws(() => fold(events.toSpliced(i, 1)))
  }
  const recorded = recordCommand('escalate')
  const held = { ...recorded, type: 'decisionRecorded' as const }
  const [declared] = events as [GateEvent]
  const [, , authorizing] = events as [GateEvent, GateEvent, GateEvent]
  assert.throws(() => fold([declared, held, authorizing]))
  const voiding = decide(states.authorized, canned.void)
  assert.ok(voiding.ok)
  assert.throws(() => evolve(states.waiting, voiding.value[0] as GateEvent, START))
  const holding = decide(states.executed, canned.review)
  assert.ok(holding.ok)
  assert.throws(() => evolve(states.review, holding.value[1] as GateEvent, START))
})

test('what the shell builds of something else than the gate is a fault', () => {
  const { declared, waiting } = states
  const executed = states.executed
  const allowing = recordCommand('allow')
  const { authorized, decision } = allowing
  assert.ok(authorized !== null)
  const faulty = (gate: Gate, command: GateCommand): void => {
    assert.throws(() => decide(gate, command))
  }
  faulty(declared, { ...allowing, authorized: null })
  faulty(declared, { ...recordCommand('deny'), authorized })
  faulty(declared, { ...allowing, decision: { ...decision, gateId: id('gat', 2) } })
  faulty(declared, { ...allowing, decision: { ...decision, intentHash: 'x' } })
  faulty(declared, { ...allowing, decisionHash: 'x' })
  const { authorization, transfer } = authorized
  const wrongs = ['gateId', 'policyHash', 'notAfter', 'agentId', 'grantHash', 'rail'] as const
  for (const name of [...wrongs, 'nonce', 'payee', 'amountMax', 'asset', 'payerId'] as const) {
    const wrong = { ...authorization, [name]: name === 'payerId' ? authorization.payee : 'x' }
    faulty(declared, { ...allowing, authorized: { ...authorized, authorization: wrong } })
  }
  for (const name of ['debit', 'credit', 'amount', 'asset'] as const) {
    const wrong = { ...transfer, [name]: 'x' }
    faulty(declared, { ...allowing, authorized: { ...authorized, transfer: wrong } })
  }
  const release = settleCommand(executed, 'release')
  const refund = settleCommand(executed, 'refund')
  faulty(executed, { ...release, receipt: refund.receipt })
  faulty(executed, { ...release, record: refund.record })
  faulty(executed, { ...release, record: { ...release.record, decisionHash: 'x' } })
  faulty(executed, { ...release, transfer: refund.transfer })
  faulty(executed, { ...release, transfer: null })
  faulty(executed, { ...settleCommand(executed, 'review'), transfer: release.transfer })
  faulty(executed, { ...release, receipt: { ...release.receipt, released: '1' } })
  faulty(executed, { ...release, receipt: { ...release.receipt, gateId: id('gat', 2) } })
  faulty(executed, { ...release, receipt: { ...release.receipt, transferIds: [] } })
  faulty(waiting, canned.expire)
  faulty(states.authorized, canned.expireWaiting)
})

test('what is held back differently than the receipt says is a fault', () => {
  const { executed, withheld, contested } = states
  const faulty = (gate: Gate, command: GateCommand): void => {
    assert.throws(() => decide(gate, command))
  }
  const { withhold, releaseHeld, return: returned } = canned
  assert.ok(withhold.type === 'settle' && returned.type === 'resolve')
  assert.ok(releaseHeld.type === 'releaseHeld')
  for (const wrong of [
    { released: '2', held: '0' },
    { released: '0', held: '1' },
    { held: '2' },
    { refunded: '1', held: '0' },
    { outcome: 'released' as const },
    { transferIds: [] },
    { gateId: id('gat', 2) },
  ]) {
    faulty(executed, { ...withhold, receipt: { ...withhold.receipt, ...wrong } })
  }
  faulty(executed, { ...withhold, transfer: null })
  const whole = settleCommand(executed, 'release')
  faulty(executed, { ...withhold, transfer: whole.transfer })
  faulty(executed, {
    ...settleCommand(executed, 'review'),
    receipt: { ...settleCommand(executed, 'review').receipt, heldUntil: START as never },
  })
  for (const wrong of [
    { held: '1', released: '1' },
    { outcome: 'held' as const },
    { previousReceiptHash: null },
    { heldUntil: withhold.receipt.heldUntil },
  ]) {
    faulty(withheld, { ...releaseHeld, receipt: { ...releaseHeld.receipt, ...wrong } as never })
    faulty(contested, { ...returned, receipt: { ...returned.receipt, ...wrong } as never })
  }
  faulty(withheld, { ...releaseHeld, transfer: null })
  faulty(contested, { ...returned, transfers: [] })
  const { payee } = withheld.authorization
  faulty(withheld, { type: 'contest', contestedBy: payee, text: 'x', at: START })
})

test('the money of a hold goes to the payee or back to the payer, to nobody else', () => {
  const executed = states.executed
  const release = settleCommand(executed, 'release')
  assert.ok(release.transfer !== null)
  const transfer = { ...release.transfer, credit: `principal:${OTHER}` }
  assert.throws(() => decide(executed, { ...release, transfer }))
})
