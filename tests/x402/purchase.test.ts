/** One purchase from servers that are not ours, to its captured end and its proof. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { PAYEES } from '@surety/local-chain'
import { fsck, nodeCrypto } from '@surety/server'
import { bundleOf, buy, jwksOf, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hono'] } })
})
after(() => town.close())

for (const seller of ['express', 'hono'] as const) {
  test(`an agent buys from an unmodified @x402/${seller} server, and the chain has the money`, async () => {
    const earned = await town.world.balance(PAYEES[seller])
    const bought = await buy(town, '/weather', { seller })
    const { gate, response } = bought
    assert.equal(response?.status, 200)
    assert.equal(gate?.state, 'settled')
    assert.equal(gate?.settlement?.status, 'captured')
    assert.equal(gate?.settlement?.colour, 'green')
    assert.equal(gate?.settlement?.basis, 'observed')
    const { payment } = gate ?? {}
    assert.equal(payment?.state, 'confirmed')
    assert.equal(await town.world.balance(PAYEES[seller]), earned + BigInt(payment?.amount ?? 0))
    const { booked, onChain, available } = await moneyOf(town)
    assert.equal(booked, onChain)
    assert.equal(available, onChain)
    const gateId = gate?.gateId ?? ''
    const files = await bundleOf(town, gateId)
    const report = bundle.verify(files, await jwksOf(town), nodeCrypto)
    const failed = report.checks.filter(({ result }) => result === 'failed')
    assert.deepEqual(failed, [])
    assert.ok(report.ok)
    assert.ok(report.checks.some(({ check, result }) => check === 'payment' && result === 'passed'))
    const found = await fsck(town.house.directory)
    assert.deepEqual(
      found.checks.flatMap(({ problems }) => problems),
      [],
    )
  })
}
