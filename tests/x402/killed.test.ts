/** A house that is killed while an answer passes through it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PAYEES } from '@surety/local-chain'
import { fsck } from '@surety/server'
import { openTown, type Town } from './town.ts'

const SERVER = fileURLToPath(new URL('../crash/server.ts', import.meta.url))
const FILM_PRICE = 50_000n

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
})
after(() => town.close())

function ask(url: string): Promise<IncomingMessage> {
  const headers = {
    authorization: `Bearer ${town.agent.apiKey}`,
    'x-surety-grant': town.grantHash,
    'idempotency-key': 'a-film-that-is-cut',
  }
  return new Promise((resolve, reject) => {
    httpGet(`${url}/proxy/express/film`, { headers, agent: false }, resolve).on('error', reject)
  })
}

test('what was passing when the house was killed is paid once, and has a claim', async () => {
  const { world, house } = town
  const had = await world.balance(PAYEES.express)
  await house.running.stop()
  const args = ['--conditions=@surety/source', SERVER, house.directory]
  const node = `${world.network}=${world.rpcUrl}`
  const child = spawn(process.execPath, [...args, node], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const response = await ask(line.toString().trim())
  const gateId = String(response.headers['x-surety-gate-id'])
  assert.equal(response.headers['x-surety-settlement-status'], 'held')
  response.on('error', () => undefined)
  await once(response, 'readable')
  child.kill('SIGKILL')
  await once(child, 'exit')
  town.house = await house.restart()
  await town.house.running.tick()
  const { state } = await town.house.running.app.store.reads.state(
    { tenantId: house.founded.tenantId, environment: 'sandbox' },
    'gate',
    gateId,
  )
  assert.ok(state.status === 'settled')
  assert.equal(state.claim?.reason, 'response_missing')
  const again = await ask(town.house.running.url)
  assert.equal(again.statusCode, 502)
  assert.equal(again.headers['x-surety-settlement-status'], 'captured')
  again.resume()
  assert.equal(await world.balance(PAYEES.express), had + FILM_PRICE)
  const { checks } = await fsck(town.house.directory)
  assert.deepEqual(
    checks.flatMap(({ problems }) => problems),
    [],
  )
})
