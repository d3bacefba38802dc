/** A credential that certainly never left: nobody has it, and its money is back at once. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { bundle } from '@surety/domain'
import { PAYEES } from '@surety/local-chain'
import { fsck, nodeCrypto } from '@surety/server'
import { applyProfile } from '../support/house.ts'
import { bundleOf, buyingProfile, jwksOf, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
})
after(async () => {
  const found = await fsck(town.house.directory)
  await town.close()
  assert.deepEqual(
    found.checks.flatMap(({ problems }) => problems),
    [],
  )
})

/** Names the terms of the seller once, and is gone. */
async function goneAfterTerms(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(async (incoming, response) => {
    const terms = await fetch(`${town.world.urls.express ?? ''}${incoming.url ?? ''}`)
    server.close()
    response.writeHead(terms.status, {
      'payment-required': terms.headers.get('payment-required') ?? '',
      connection: 'close',
    })
    response.end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, server }
}

test('a seller that is gone before the credential leaves costs nothing, and holds nothing (unknown)', async () => {
  const { url, server } = await goneAfterTerms()
  const profile = buyingProfile(town)
  const { x402 } = profile
  if (x402 === undefined) throw new Error('a profile that buys')
  const methods: 'GET'[] = ['GET']
  const origins = [{ origin: url, methods, privateAddresses: true }]
  await applyProfile(town.house, { ...profile, x402: { ...x402, origins } })
  const money = await moneyOf(town)
  const earned = await town.world.balance(PAYEES.express)
  const idempotencyKey = randomUUID()
  const buy = () =>
    town.agent.client.call('postFetch', {
      idempotencyKey,
      body: { url: `${url}/weather`, grantHash: town.grantHash },
    })
  await assert.rejects(buy(), { code: 'web_unreachable' })
  server.closeAllConnections()
  assert.deepEqual(await moneyOf(town), money)
  const { gate, response } = await buy()
  assert.equal(response, null)
  assert.deepEqual([gate?.state, gate?.settlement?.status], ['voided', 'voided'])
  assert.equal(gate?.payment?.reason, 'payer.never_presented')
  assert.equal(await town.world.balance(PAYEES.express), earned)
  const files = await bundleOf(town, gate?.gateId ?? '')
  const report = await bundle.verify(files, await jwksOf(town), nodeCrypto)
  assert.ok(report.ok, JSON.stringify(report))
})
