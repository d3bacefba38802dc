import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  canonicalize,
  type PaymentIdentity,
  type PaymentState,
  PaymentStatus,
  parseAs,
  paymentNonce,
  portableCrypto,
} from '@surety/protocol'
import fc from 'fast-check'
import { vectors } from '../fixtures.test.ts'
import {
  categoryOf,
  contradictionOf,
  decide,
  evolve,
  initial,
  isDeliverable,
  isTerminal,
  NEXT,
  type Payment,
  type PaymentCommand,
  REASONS,
} from './index.ts'

interface States {
  readonly states: Readonly<
    Record<
      PaymentState,
      { category: string; deliverable: boolean; terminal: boolean; next: string[] }
    >
  >
  readonly paths: readonly (readonly PaymentState[])[]
}
const { states, paths } = vectors<States>('payment/valid/states.json')

test('every state has its category and may go where the vectors say, and nowhere else', () => {
  const found = Object.entries(NEXT).map(([name, next]) => {
    const state = name as PaymentState
    const category = categoryOf(state)
    const deliverable = isDeliverable(state)
    return [state, { category, deliverable, terminal: isTerminal(state), next }]
  })
  assert.deepEqual(Object.fromEntries(found), states)
  const isPath = (path: readonly PaymentState[]) =>
    path.every((state, i) => i === 0 || NEXT[path[i - 1] as PaymentState].includes(state))
  assert.ok(paths.every(isPath))
  const refused = vectors<Pick<States, 'paths'>>('payment/refused/paths.json').paths
  assert.deepEqual(refused.filter(isPath), [])
})

test('nineteen canonical reasons, and three of rails that need more words', () => {
  const { reasons } = vectors<{ reasons: typeof REASONS }>('payment/valid/reasons.json')
  assert.deepEqual(REASONS, reasons)
  assert.equal(Object.keys(REASONS).filter((name) => !name.includes('.')).length, 19)
})

test('the nonce of a payment follows from its identity, and from every member of it', () => {
  const { cases } = vectors<{ cases: { identity: PaymentIdentity; nonce: string }[] }>(
    'payment/valid/nonce.json',
  )
  for (const { identity, nonce } of cases) {
    assert.equal(paymentNonce(identity, portableCrypto), nonce)
    assert.equal(portableCrypto.sha256(canonicalize(identity)), nonce)
  }
  assert.equal(new Set(cases.map(({ nonce }) => nonce)).size, cases.length)
})

test('a status that contradicts itself is none', () => {
  for (const [kind, sound] of [
    ['valid', true],
    ['refused', false],
  ] as const) {
    const { cases } = vectors<{ cases: { name: string; status: PaymentStatus }[] }>(
      `payment/${kind}/status.json`,
    )
    for (const { name, status } of cases) {
      assert.ok(parseAs(PaymentStatus, status).ok, name)
      assert.equal(contradictionOf(status) === undefined, sound, name)
    }
  }
})

const [first] = vectors<{ cases: { identity: PaymentIdentity; nonce: string }[] }>(
  'payment/valid/nonce.json',
).cases
if (first === undefined) throw new Error('no vector')
const at = '2026-11-20T09:30:00.000Z'
const transaction = `0x${'8e'.repeat(32)}`
const accept: PaymentCommand = {
  type: 'accept',
  identity: first.identity,
  nonce: first.nonce,
  walletId: 'wlt_01m7w4n5e0e008000000000001',
  payee: 'prn_01m7w4n5e0e008000000000003',
  sinceBlock: 7,
  at,
}
const commands: readonly PaymentCommand[] = [
  accept,
  { type: 'dispatch', at },
  { type: 'lose', at },
  { type: 'see', transaction, blockNumber: 1, at },
  { type: 'confirm', transaction, blockNumber: 1, at },
  { type: 'end', reason: 'payer.authorization_expired', at },
  { type: 'end', reason: 'nonce_replacement', at },
]

/** Goal: whatever is reported in whatever order, an end is an end, and losing certainty is none. */
test('no order of observations reaches two ends, or ends a payment by its silence', () => {
  let ended = 0
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...commands), { maxLength: 12 }), (asked) => {
      let payment: Payment = initial
      let last: PaymentState | undefined
      for (const command of asked) {
        const before: Payment = payment
        const decided = decide(payment, command)
        if (!decided.ok) continue
        for (const event of decided.value) payment = evolve(payment, event)
        if (command.type === 'lose') assert.equal(payment.state, before.state)
        if (last !== undefined) assert.equal(payment.state, last)
        if ('category' in payment) assert.equal(contradictionOf(payment), undefined)
        if (isTerminal(payment.state)) last = payment.state
      }
      if (last !== undefined) ended += 1
    }),
    { numRuns: 500 },
  )
  assert.ok(ended > 50, `too few ended: ${ended}`)
})

test('a fact of another payment, or out of order, is a fault', () => {
  const made = decide(initial, accept)
  assert.ok(made.ok)
  const [event] = made.value
  assert.ok(event !== undefined)
  const queued = evolve(initial, event)
  assert.throws(() =>
    evolve(queued, { ...event, payment: { ...event.payment, nonce: '0'.repeat(64) } }),
  )
  const confirmed = { ...event.payment, state: 'confirmed', category: 'terminal-success' } as const
  assert.throws(() =>
    evolve(queued, { type: 'paymentReported', payment: { ...confirmed, transaction } }),
  )
})
