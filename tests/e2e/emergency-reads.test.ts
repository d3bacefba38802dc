/** While everything is stopped: nothing is spent, and everything can be looked at. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'
import { EXAMPLES, pathOf, type Stage, setStage } from '../support/examples.ts'
import { declareAndAuthorize, type Member, openHouse, type TestHouse } from '../support/house.ts'
import { lift, send as order, together } from '../support/people/controls.ts'
import { send } from '../support/wire.ts'

let house: TestHouse
let stage: Stage
let both: readonly [Member, Member]
before(async () => {
  house = await openHouse()
  stage = await setStage(house)
  both = [house.operator, await house.person(['incident_commander'])]
})
after(() => house.close())

/** Every route that reads and ends; the one that watches goes on until its reader leaves. */
const READING = API_ROUTES.filter(
  ({ method, streams }) => method === 'GET' && streams?.includes('text/event-stream') !== true,
)

async function statuses(): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {}
  for (const { path } of READING) {
    const example = EXAMPLES[`GET ${path}`]?.(stage)
    if (example === undefined) throw new Error(`no example of GET ${path}`)
    const sent = { method: 'GET', path: pathOf(path, example), apiKey: example.as.apiKey }
    found[path] = (await send(house.running.url, sent)).status
  }
  return found
}

const decided = async () => (await declareAndAuthorize(stage.market, '1')).decision

test('a kill switch on everything stops what spends, and no route that reads (control)', async () => {
  const before = await statuses()
  assert.ok(READING.length > 20)
  // Nothing on the stage was paid over a rail; what is missing stays missing.
  const missing = Object.keys(before).filter((path) => before[path] !== 200)
  assert.deepEqual(missing, ['/v1/payments/{paymentId}'])
  const control = await order(house.operator, ...together(both, { type: 'all', id: 'everything' }))
  assert.equal((await decided())?.reasonCode, 'control_kill_switch')
  assert.deepEqual(await statuses(), before)
  await lift(both, control)
  assert.equal((await decided())?.reasonCode, 'allowed')
})
