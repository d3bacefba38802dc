import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Dice } from '../../../../tests/sim/world.ts'
import { type Founded, HouseError, initHouse, openHouse, rotateSystemKey } from '../index.ts'
import { Failure, type Notifier, type OutboxRow } from '../ports.ts'
import { execute, writing } from '../store/contract/support.ts'
import { deliverOutbox, signLate } from './workers.ts'

/** Long after this test is run: the clock of the machine is behind. */
const LATER = Date.UTC(2126, 0, 1)
const world = { ms: LATER, now: () => world.ms, random: new Dice(1) }
let room: string
let founded: Founded
before(async () => {
  room = mkdtempSync(join(tmpdir(), 'surety-workers-'))
  const directory = join(room, 'data')
  const options = { environment: 'sandbox', operatorName: 'Olga' } as const
  founded = await initHouse(directory, options, world)
})
after(() => rmSync(room, { recursive: true }))

function open() {
  const { directory } = founded
  return openHouse({ dataDirectory: directory, logLevel: 'silent', tickEveryMs: 1_000 }, world)
}

function tell(house: ReturnType<typeof open>, bodies: readonly string[]) {
  const { tenantId, environment } = founded
  const outbox = bodies.map((body) => ({ topic: 'gate.settled', body }))
  const scope = { tenantId, environment }
  return execute(house.app.store, {}, () => writing('', { outbox }), { scope })
}

test('what could not be delivered comes again, and nothing overtakes it', async () => {
  const house = open()
  const told: string[] = []
  let isDown = true
  const notifier: Notifier = {
    deliver: async (rows: readonly OutboxRow[]) => {
      if (isDown) throw new Failure('store_unavailable')
      told.push(...rows.map(({ body }) => body))
    },
  }
  await tell(house, ['1', '2'])
  assert.equal(await deliverOutbox(house.app, notifier), 0)
  isDown = false
  await tell(house, ['3'])
  assert.equal(await deliverOutbox(house.app, notifier), 0)
  world.ms += 999
  assert.equal(await deliverOutbox(house.app, notifier), 0)
  world.ms += 1
  assert.equal(await deliverOutbox(house.app, notifier), 3)
  assert.deepEqual(told, ['1', '2', '3'])
  await house.close()
})

test('what was not delivered stays, though the process ends between telling and noting it', async () => {
  const house = open()
  await tell(house, ['4'])
  const told: string[] = []
  const dies: Notifier = {
    deliver: async (rows) => {
      told.push(...rows.map(({ body }) => body))
      throw new Error('the process is gone')
    },
  }
  await assert.rejects(deliverOutbox(house.app, dies))
  await assert.rejects(deliverOutbox(house.app, dies))
  assert.deepEqual(told, ['4', '4'])
  await house.close()
})

test('one tick delivers more than one load', async () => {
  const house = open()
  await tell(
    house,
    Array.from({ length: 600 }, (_, i) => String(i)),
  )
  await Promise.all([house.workers.tick(), house.workers.tick()])
  assert.deepEqual(await house.app.store.reads.outbox(house.app.clock.now(), 9), [])
  const lines = readFileSync(join(founded.directory, 'notices.jsonl'), 'utf8').trimEnd().split('\n')
  assert.equal(lines.length, 601)
  await house.close()
})

test('what is owed a signature gets one, and its neighbours do not wait for a key that is gone', async () => {
  const house = open()
  const { app } = house
  const stream = `principal:${founded.principalId}`
  const { tenantId, environment } = founded
  const scope = { tenantId, environment }
  const [event] = await app.store.reads.events(scope, stream)
  assert.ok(event !== undefined)
  const strange = { ...event, stream: 'principal:strange', data: { ...event.data, kid: 'gone' } }
  const other = { ...event, stream: 'principal:zeal' }
  const add = (of: typeof event) =>
    execute(
      app.store,
      { place: { of: 'state', family: 'tenant', id: of.stream } },
      ({ place }) => {
        const made = { expectedVersion: place.version, events: [of], texts: [JSON.stringify(of)] }
        const at = { family: 'tenant', id: of.stream, stream: of.stream } as const
        const receipts = [{ stream: of.stream, seq: 1 }]
        return writing('', { streams: [{ ...at, ...made, next: { name: '' } }], receipts })
      },
      { scope },
    )
  await add(strange)
  await add(other)
  await assert.rejects(signLate(app), Failure)
  assert.ok((await app.store.reads.signatures(scope, other.stream)).get(1))
  assert.equal((await app.store.reads.unsigned(9)).length, 1)
  await house.close()
})

test('a directory is one process’s until that lets go of it', async () => {
  const house = open()
  assert.throws(open, HouseError)
  await house.close()
  await open().close()
})

test('a new process begins no earlier than the latest fact, whatever its clock says', async () => {
  const ahead = open()
  const { latest } = ahead.app.store
  assert.ok(latest >= LATER)
  await ahead.close()
  const right = world.ms
  world.ms = 0
  const behind = open()
  assert.equal(behind.app.clock.now(), latest)
  world.ms = latest + 5
  assert.equal(behind.app.clock.now(), latest + 5)
  world.ms = latest + 1
  assert.equal(behind.app.clock.now(), latest + 5)
  await behind.close()
  world.ms = right
  // The machine that rotates is behind; the old key must not end before what it signed.
  const key = rotateSystemKey(founded.directory, 'decision')
  assert.ok(Date.parse(key.notBefore) >= latest)
})
