/** A rail that takes less than is held: what is captured and what goes back are the principal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ensureTaken, takenParts } from './taken.ts'

type Gate = Parameters<typeof ensureTaken>[0]
type Concluded = Parameters<typeof ensureTaken>[1]

const gateOf = (principal: bigint, settled: bigint): Gate =>
  ({
    gateId: 'gat_1',
    authorization: {
      amountMax: String(principal),
      asset: 'USDC/6',
      holdId: 'hld_1',
      payerId: 'prn_1',
      rail: 'x402-evm',
      walletRef: 'wlt_1',
    },
    partition: { captured: String(settled), held: String(principal - settled) },
  }) as unknown as Gate

function conclusionOf(principal: bigint, settled: bigint): Concluded {
  const asset = 'USDC/6'
  const debit = 'hold:hld_1'
  return {
    receipt: {
      gateId: 'gat_1',
      outcome: 'captured',
      principal: String(principal),
      released: '0',
      refunded: String(principal - settled),
      captured: String(settled),
      held: '0',
      transferIds: ['trf_1', 'trf_2'],
    },
    transfer: {
      ...{ transferId: 'trf_1', debit, asset },
      credit: 'rail:x402-evm/wlt_1',
      amount: String(settled),
    },
    remainder: {
      ...{ transferId: 'trf_2', debit, asset },
      credit: 'principal:prn_1',
      amount: String(principal - settled),
    },
  } as unknown as Concluded
}

// Small numbers, so that equal parts and boundaries come often.
const parts = fc
  .record({ principal: fc.bigInt({ min: 1n, max: 4n }), settled: fc.bigInt({ min: 1n, max: 4n }) })
  .filter(({ principal, settled }) => settled <= principal)

test('what is captured and what goes back are together what was held', () => {
  fc.assert(
    fc.property(parts, ({ principal, settled }) => {
      const { captured, refunded } = takenParts(gateOf(principal, settled))
      assert.equal(BigInt(captured), settled)
      assert.equal(BigInt(captured) + BigInt(refunded), principal)
    }),
  )
})

const amount = fc.bigInt({ min: 0n, max: 4n }).map(String)

/** Goal: no receipt or transfer that moves other money than the rail took gets through. */
test('only the two transfers that follow from what was taken are sound', () => {
  let sound = 0
  let unsound = 0
  const differing = fc.record({
    captured: fc.option(amount, { nil: undefined }),
    refunded: fc.option(amount, { nil: undefined }),
    taken: fc.option(amount, { nil: undefined }),
    returned: fc.option(amount, { nil: undefined }),
    swapped: fc.boolean(),
  })
  fc.assert(
    fc.property(parts, differing, ({ principal, settled }, differs) => {
      const gate = gateOf(principal, settled)
      const right = conclusionOf(principal, settled)
      const { receipt, transfer, remainder } = right
      if (transfer === null || remainder === undefined) throw new Error('both transfers')
      const [first, second] = differs.swapped ? [remainder, transfer] : [transfer, remainder]
      const told: Concluded = {
        receipt: {
          ...receipt,
          captured: differs.captured ?? receipt.captured,
          refunded: differs.refunded ?? receipt.refunded,
        },
        transfer: { ...first, amount: differs.taken ?? first.amount },
        remainder: { ...second, amount: differs.returned ?? second.amount },
      }
      if (JSON.stringify(told) === JSON.stringify(right)) {
        sound += 1
        ensureTaken(gate, told)
      } else {
        unsound += 1
        assert.throws(() => ensureTaken(gate, told))
      }
    }),
    { numRuns: 1_000 },
  )
  assert.ok(sound > 0 && unsound > 0)
})
