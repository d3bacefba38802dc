/** A node that refuses some questions: what it can be asked otherwise is, and nobody else waits. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PAYEES } from '@surety/local-chain'
import { type UnwillingNode, unwillingNode } from './node.ts'
import { buy, openTown, type Town } from './town.ts'

let town: Town
let node: UnwillingNode

before(async () => {
  town = await openTown({
    world: { sellers: ['express'] },
    node: async (rpcUrl) => {
      node = await unwillingNode(rpcUrl)
      return node.url
    },
  })
})
after(async () => {
  await town.close()
  node.close()
})

const gateOf = (gateId: string) =>
  town.house.operator.client.call('getGatesOne', { params: { gateId } })

test('a payment the node will say nothing of leaves the others concluded', async () => {
  const COUNT = 5
  const had = await town.world.balance(PAYEES.express)
  await town.world.breakFacilitator({ type: 'pending', settlesAfterMs: 300 })
  const bought: Awaited<ReturnType<typeof buy>>['gate'][] = []
  for (let i = 0; i < COUNT; i += 1) bought.push((await buy(town, `/weather?${String(i)}`)).gate)
  await town.world.breakFacilitator({ type: 'none' })
  const started = performance.now()
  while ((await town.world.balance(PAYEES.express)) < had + BigInt(COUNT) * 10_000n) {
    assert.ok(performance.now() - started < 5_000)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const nonce = bought[2]?.payment?.nonce ?? assert.fail()
  node.refuses = ({ params }) => JSON.stringify(params).includes(nonce)
  const states = async () => {
    await town.house.running.tick()
    const gates = await Promise.all(bought.map((gate) => gateOf(gate?.gateId ?? '')))
    return gates.map(({ settlement }) => settlement?.status)
  }
  const expected = bought.map((_, i) => (i === 2 ? 'unknown' : 'captured'))
  assert.deepEqual(await states(), expected)
  node.refuses = () => false
  assert.deepEqual(
    await states(),
    bought.map(() => 'captured'),
  )
})
