import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AMOUNT_MAX, type OperatorActionOf } from '@surety/protocol'
import fc from 'fast-check'
import { ASSETS, id, PAYEE, PAYER, vectors } from '../fixtures.test.ts'
import {
  type Account,
  type AccountName,
  balanceOf,
  decide,
  evolve,
  initial,
  isLiability,
  type LedgerRefusal,
  type Transfer,
} from './ledger.ts'
import { closingPosting, depositPosting, holdPosting } from './postings.ts'

interface Sums {
  readonly debits: string
  readonly credits: string
}
type Written = Omit<Transfer, 'amount'> & { readonly amount: string }
interface Cases<Expected> {
  readonly cases: readonly ({
    readonly name: string
    readonly account: AccountName
    readonly before: Sums
    readonly transfer: Written
  } & Expected)[]
}

const sumsOf = ({ debits, credits }: Sums): Account => ({
  debits: BigInt(debits),
  credits: BigInt(credits),
})
const transferOf = (written: Written): Transfer => ({ ...written, amount: BigInt(written.amount) })

test('a side of a transfer is posted up to the last unit', () => {
  type Expected = { after: Sums; balance: string }
  for (const each of vectors<Cases<Expected>>('ledger/valid/transfers.json').cases) {
    const before = sumsOf(each.before)
    const command = { type: 'post', transfer: transferOf(each.transfer) } as const
    const outcome = decide(before, each.account, command)
    assert.ok(outcome.ok, each.name)
    const after = evolve(before, outcome.value)
    assert.deepEqual(after, sumsOf(each.after), each.name)
    assert.equal(balanceOf(each.account, after), BigInt(each.balance), each.name)
  }
})

test('every refusal of the ledger has its case', () => {
  const seen = new Set<string>()
  const file = vectors<Cases<{ refusal: LedgerRefusal }>>('ledger/refused/transfers.json')
  for (const each of file.cases) {
    const command = { type: 'post', transfer: transferOf(each.transfer) } as const
    const outcome = decide(sumsOf(each.before), each.account, command)
    assert.equal(outcome.ok ? 'ok' : outcome.refusal, each.refusal, each.name)
    seen.add(each.refusal)
  }
  const all: Readonly<Record<LedgerRefusal, true>> = {
    amount_invalid: true,
    amount_overflow: true,
    funds_insufficient: true,
  }
  assert.deepEqual([...seen].sort(), Object.keys(all).sort())
})

test('each fact moves the money it says, from where to where it says', () => {
  interface Postings {
    readonly transferId: Transfer['transferId']
    readonly action: OperatorActionOf<'deposit'>
    readonly held: Omit<Parameters<typeof holdPosting>[0], 'amount'> & { amount: string }
    readonly cases: readonly { posting: string; transfer: Written }[]
  }
  const { transferId, action, held, cases } = vectors<Postings>('ledger/valid/postings.json')
  const hold = { ...held, amount: BigInt(held.amount) }
  const made: Readonly<Record<string, Transfer>> = {
    deposit: depositPosting(action, transferId),
    hold: holdPosting(hold, transferId),
    release: closingPosting(hold, 'release', transferId),
    refund: closingPosting(hold, 'refund', transferId),
  }
  for (const { posting, transfer } of cases) {
    assert.deepEqual(made[posting], transferOf(transfer), posting)
  }
  assert.equal(cases.length, Object.keys(made).length)
})

test('an account that is no side of a transfer has no part in it', () => {
  const transfer = transferOf({
    transferId: id('trf', 1),
    debit: 'rail:ledger',
    credit: `principal:${PAYER}`,
    amount: '1',
    asset: 'USD/2',
  })
  assert.throws(() => decide(initial, `principal:${PAYEE}`, { type: 'post', transfer }))
})

const accounts: readonly AccountName[] = [
  'rail:ledger',
  `principal:${PAYER}`,
  `principal:${PAYEE}`,
  `hold:${id('hld', 1)}`,
  `hold:${id('hld', 2)}`,
]
const transfers = fc.array(
  fc.record({
    transferId: fc.constant(id('trf', 1)),
    debit: fc.constantFrom(...accounts),
    credit: fc.constantFrom(...accounts),
    amount: fc.oneof(
      { weight: 5, arbitrary: fc.bigInt({ min: 0n, max: 3n }) },
      { weight: 1, arbitrary: fc.constant(AMOUNT_MAX) },
    ),
    asset: fc.constantFrom(...ASSETS),
  }),
  { minLength: 4, maxLength: 40 },
)

/** Goal: no order of transfers makes or loses money, or pays out what an account does not hold. */
test('the books sum to zero and nothing that is owed goes below zero', () => {
  let posted = 0
  fc.assert(
    fc.property(transfers, (asked) => {
      const books = new Map<string, Account>()
      const sideOf = (name: AccountName, asset: string): Account =>
        books.get(`${asset} ${name}`) ?? initial
      for (const transfer of asked) {
        const { debit, credit, asset } = transfer
        const command = { type: 'post', transfer } as const
        const from = decide(sideOf(debit, asset), debit, command)
        const to = decide(sideOf(credit, asset), credit, command)
        if (!from.ok || !to.ok) continue
        posted += 1
        const paid = evolve(sideOf(debit, asset), from.value)
        const received = evolve(sideOf(credit, asset), to.value)
        books.set(`${asset} ${debit}`, paid).set(`${asset} ${credit}`, received)
        for (const each of ASSETS) {
          const own = accounts.map((name) => [name, sideOf(name, each)] as const)
          const net = own.reduce((sum, [, { debits, credits }]) => sum + credits - debits, 0n)
          assert.equal(net, 0n)
          const owed = own.filter(([name]) => isLiability(name))
          assert.ok(owed.every(([name, account]) => balanceOf(name, account) >= 0n))
          const total = owed.reduce((sum, [name, account]) => sum + balanceOf(name, account), 0n)
          assert.equal(total, balanceOf('rail:ledger', sideOf('rail:ledger', each)))
        }
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(posted > 500, `too few posted: ${posted}`)
})
