import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { canonicalize, type Event, sealEvent, ZERO_HASH } from '@surety/protocol'
import {
  declareAndAuthorize,
  execute,
  openHouse,
  openMarket,
  purchase,
  rule,
  type TestHouse,
} from '../../../../tests/support/house.ts'
import { type FsckReport, fsck, nodeCrypto } from '../index.ts'
import { CHECKS, type FsckCheckName } from './findings.ts'

let house: TestHouse
let room: string
let whole: string
let served: FsckReport
/** One gate in each state that money or the clock can be in. */
before(async () => {
  house = await openHouse()
  const bounds = { perDay: [{ asset: 'USD/2', max: '5000' }], count: 100 }
  const market = await openMarket(house, { bounds })
  await purchase(market, '250')
  await rule(house, market)
  await purchase(market, '100', { status: 500 })
  await declareAndAuthorize(market, '10')
  await declareAndAuthorize(market, '5000')
  await declareAndAuthorize(market, '600')
  await execute(market, await declareAndAuthorize(market, '11'))
  const { gateId } = await declareAndAuthorize(market, '12')
  await market.agent.client.call('postGatesVoid', { params: { gateId } })
  await market.agent.client.call('getGatesBundle', { params: { gateId } })
  served = await fsck(house.directory)
  await house.running.stop()
  room = mkdtempSync(join(tmpdir(), 'surety-fsck-'))
  whole = house.directory
})
after(async () => {
  rmSync(room, { recursive: true, force: true })
  await house.close()
})

let copies = 0
function copy(): string {
  copies += 1
  const directory = join(room, String(copies))
  cpSync(whole, directory, { recursive: true })
  chmodSync(join(directory, 'keys'), 0o700)
  return directory
}

function edit(directory: string, change: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(directory, 'surety.db'))
  db.exec('PRAGMA ignore_check_constraints = ON')
  change(db)
  db.close()
}

/** The checks that found something. */
async function failing(directory: string): Promise<readonly FsckCheckName[]> {
  const report = await fsck(directory)
  const found = report.checks.filter(({ problems }) => problems.length > 0)
  assert.equal(report.ok, found.length === 0)
  return found.map(({ check }) => check)
}

const gateIn = (status: string) =>
  `(SELECT id FROM states WHERE family = 'gate' AND state ->> 'status' = '${status}' LIMIT 1)`
const streamOf = (status: string) => `'gate:' || ${gateIn(status)}`

/** Each lie, and every check that must see it. */
const LIES: readonly (readonly [string, string, readonly FsckCheckName[]])[] = [
  [
    'a state is edited',
    `UPDATE states SET state = json_set(state, '$.partition.held', '1') WHERE id = ${gateIn('settled')}`,
    ['projections'],
  ],
  [
    'a state is behind its stream',
    `UPDATE states SET version = version - 1 WHERE id = ${gateIn('executing')}`,
    ['projections'],
  ],
  [
    'a state has no events',
    `INSERT INTO states VALUES (1, 'gate', 'gat_x', 1, '', '{}')`,
    ['projections'],
  ],
  ['a state is gone', `DELETE FROM states WHERE id = ${gateIn('denied')}`, ['projections']],
  [
    'an event is gone from the middle',
    `DELETE FROM events WHERE seq = 2 AND stream = ${streamOf('executing')}`,
    ['journal'],
  ],
  [
    'an event is not canonical',
    `UPDATE events SET event = ' ' || event WHERE seq = 1 AND stream = ${streamOf('denied')}`,
    ['journal'],
  ],
  [
    'a fact is edited',
    `UPDATE events SET event = replace(event, '"amount":"5000"', '"amount":"5001"') WHERE seq = 1 AND stream = ${streamOf('denied')}`,
    ['journal'],
  ],
  ['a row says it is another event', `UPDATE events SET seq = 9 WHERE seq = 3`, ['journal']],
  [
    'the latest fact is after the latest',
    `UPDATE meta SET value = '2020-01-01T00:00:00.000Z'`,
    ['journal'],
  ],
  [
    'the facts of a decision are edited',
    `UPDATE documents SET content = replace(content, '"riskClass":"financial"', '"riskClass":"action"') WHERE name LIKE 'facts-%'`,
    ['documents', 'decisions'],
  ],
  ['a document is gone', `DELETE FROM documents WHERE name = 'response.jws'`, ['documents']],
  [
    'a document is of nothing',
    `INSERT INTO documents VALUES (1, 'gat_x', 'a', 'b')`,
    ['documents'],
  ],
  [
    'a signed grant is of somebody else',
    `UPDATE documents SET content = (SELECT content FROM documents WHERE name = 'intent.jws') WHERE name = 'grant.jws'`,
    ['documents'],
  ],
  [
    'a manifest is signed otherwise',
    `UPDATE documents SET content = (SELECT content FROM documents WHERE name = 'intent.jws') WHERE name LIKE 'manifest-%'`,
    ['documents'],
  ],
  [
    'a signature is of another fact',
    `UPDATE signatures SET signature = (SELECT signature FROM signatures WHERE stream LIKE 'principal:%') WHERE stream LIKE 'gate:%'`,
    ['receipts'],
  ],
  [
    'a signature is not owed',
    `DELETE FROM signatures WHERE seq = 2 AND stream LIKE 'gate:%'`,
    ['receipts'],
  ],
  [
    'a fact is signed that needs no signature',
    `INSERT INTO signatures VALUES (1, ${streamOf('denied')}, 1, NULL)`,
    ['receipts'],
  ],
  [
    'a signature is of no stream',
    `INSERT INTO signatures VALUES (1, 'gate:x', 1, NULL)`,
    ['receipts'],
  ],
  [
    'money is added',
    `UPDATE accounts SET credits = credits + 1 WHERE account LIKE 'principal:%'`,
    ['books'],
  ],
  [
    'money is added on both sides',
    `UPDATE accounts SET debits = debits + 7 WHERE account = 'rail:ledger';
     UPDATE accounts SET credits = credits + 7 WHERE account = (SELECT account FROM accounts WHERE account LIKE 'principal:%' LIMIT 1)`,
    ['books'],
  ],
  [
    'a transfer is of more',
    'UPDATE transfers SET amount = amount + 1 WHERE position = 2',
    ['books'],
  ],
  ['a transfer is gone', 'DELETE FROM transfers WHERE position = 2', ['books']],
  [
    'an account is below zero',
    `UPDATE accounts SET debits = credits + 1 WHERE account LIKE 'principal:%'`,
    ['books'],
  ],
  [
    'a hold is emptied into another',
    `UPDATE accounts SET debits = 0, credits = 21 WHERE account LIKE 'hold:%' AND credits - debits = 10;
     UPDATE accounts SET debits = credits WHERE account LIKE 'hold:%' AND credits - debits = 11`,
    ['books', 'holds'],
  ],
  ['a counter is higher', 'UPDATE counters SET reserved = reserved + 1', ['counters']],
  [
    'a counter moved from reserved to spent',
    `UPDATE counters SET reserved = reserved - 1, spent = spent + 1 WHERE period = 'total'`,
    ['counters'],
  ],
  ['a counter is gone', `DELETE FROM counters WHERE period = 'count'`, ['counters']],
  [
    'a counter is nobody’s',
    `INSERT INTO counters VALUES (1, 'tenant', 'EUR/2', 'day', '', 0, 0)`,
    ['counters'],
  ],
  ['a nonce is free again', `DELETE FROM uniques WHERE family = 'nonce'`, ['uniques']],
  [
    'a name is held by another',
    `UPDATE uniques SET owner = 'gat_x' WHERE family = 'intent'`,
    ['uniques'],
  ],
  [
    'a name is held by nothing',
    `INSERT INTO uniques VALUES (1, 'deposit', 'a|b', 'dep_x')`,
    ['uniques'],
  ],
  [
    'nobody looks at a deadline',
    `DELETE FROM deadlines WHERE id = ${gateIn('authorized')}`,
    ['deadlines'],
  ],
  ['a deadline is later', `UPDATE deadlines SET due = due + 1`, ['deadlines']],
  [
    'a gate that ended has a deadline',
    `INSERT INTO deadlines VALUES (1, 1, ${gateIn('settled')})`,
    ['deadlines'],
  ],
  ['an answer is gone', 'DELETE FROM answers WHERE position = 3', ['answers']],
  ['an answer is nobody’s', `INSERT INTO answers VALUES (999, '', '{}')`, ['answers']],
  [
    'two keys have one answer',
    `UPDATE uniques SET owner = '4' WHERE family = 'idempotency' AND owner = '5'`,
    ['answers'],
  ],
  [
    'a notice is of no gate',
    `INSERT INTO outbox (scope, topic, body, attempts, not_before) VALUES (1, 'gate.settled', '{"gateId":"gat_x"}', 0, 0)`,
    ['outbox'],
  ],
  ['the schema is another', 'PRAGMA user_version = 7', ['database']],
]

test('a directory can be examined while it is served', () => {
  assert.ok(served.ok, JSON.stringify(served))
})

test('a whole directory has no problem, and every check saw something', async () => {
  const report = await fsck(copy())
  assert.deepEqual(
    report.checks.filter(({ problems, examined }) => problems.length > 0 || examined === 0),
    [],
  )
  assert.ok(report.ok)
  assert.deepEqual(
    report.checks.map(({ check }) => check),
    Object.keys(CHECKS),
  )
})

for (const [name, sql, checks] of LIES) {
  test(`it is seen that ${name}`, async () => {
    const directory = copy()
    edit(directory, (db) => {
      const before = db.prepare('SELECT total_changes() AS made').get()?.made
      db.exec(sql)
      const made = db.prepare('SELECT total_changes() AS made').get()?.made
      assert.ok(made !== before || sql.startsWith('PRAGMA'), 'the lie changed nothing')
    })
    const found = await failing(directory)
    for (const check of checks) assert.ok(found.includes(check), `${check} is not in ${found}`)
  })
}

test('the last fact of a stream, sealed again with other content, is seen', async () => {
  const directory = copy()
  edit(directory, (db) => {
    const sql = `SELECT event FROM events WHERE stream = ${streamOf('settled')} ORDER BY seq DESC`
    const { eventHash: _, ...rest } = JSON.parse(String(db.prepare(sql).get()?.event)) as Event
    const told = rest.data.receipt as { readonly principal: string }
    const receipt = { ...told, outcome: 'refunded', released: '0', refunded: told.principal }
    const lie = sealEvent({ ...rest, data: { ...rest.data, receipt } }, nodeCrypto)
    db.prepare('UPDATE events SET event = ? WHERE stream = ? AND seq = ?').run(
      canonicalize(lie),
      lie.stream,
      lie.seq,
    )
  })
  const found = await failing(directory)
  for (const check of ['projections', 'documents', 'receipts', 'counters'] as const) {
    assert.ok(found.includes(check), check)
  }
})

/** Events of the policy stream, edited and sealed again as if they had always been so. */
function rewritePolicy(directory: string, change: (events: Event[]) => Event[]): void {
  edit(directory, (db) => {
    const stream = 'profile:active'
    const rows = db.prepare('SELECT event FROM events WHERE stream = ? ORDER BY seq').all(stream)
    const changed = change(rows.map(({ event }) => JSON.parse(String(event)) as Event))
    db.prepare('DELETE FROM events WHERE stream = ?').run(stream)
    let prevHash = ZERO_HASH
    for (const [i, { eventHash: _, ...rest }] of changed.entries()) {
      const sealed = sealEvent({ ...rest, seq: i + 1, prevHash }, nodeCrypto)
      prevHash = sealed.eventHash
      db.prepare('INSERT INTO events (scope, stream, seq, event) VALUES (1, ?, ?, ?)').run(
        stream,
        i + 1,
        canonicalize(sealed),
      )
    }
    const sql = "UPDATE states SET head = ?, version = ? WHERE family = 'activeProfile'"
    db.prepare(sql).run(prevHash, changed.length)
  })
}

test('a change of policy that was rewritten is seen, since an operator signed it (control)', async () => {
  const directory = copy()
  const stated = (hash: string) => (events: Event[]) =>
    events.map((event) => ({ ...event, data: { ...event.data, policyHash: hash } }))
  rewritePolicy(directory, stated('ab'.repeat(32)))
  edit(directory, (db) =>
    db.exec(
      `UPDATE states SET state = json_set(state, '$.policyHash', '${'ab'.repeat(32)}') WHERE family = 'activeProfile'`,
    ),
  )
  const report = await fsck(directory)
  const said = report.checks.flatMap(({ problems }) => problems)
  assert.ok(said.some((each) => each.includes('says something else than its event')))
  assert.ok(said.some((each) => each.includes('decided under a profile that did not rule')))
})

test('a change of policy that was left out is seen (control)', async () => {
  const directory = copy()
  rewritePolicy(directory, (events) => events.slice(1))
  const report = await fsck(directory)
  const said = report.checks.flatMap(({ problems }) => problems)
  assert.ok(said.some((each) => each.includes('it changes what did not rule')))
  assert.ok(said.some((each) => each.includes('no event speaks of it')))
})

test('what is not signed yet is noted, and is no problem', async () => {
  const directory = copy()
  edit(directory, (db) => db.exec('UPDATE signatures SET signature = NULL'))
  const report = await fsck(directory)
  assert.ok(report.ok)
  assert.equal(report.checks.find(({ check }) => check === 'receipts')?.notes.length, 1)
})

test('a private key that others can read is seen', async () => {
  const directory = copy()
  chmodSync(join(directory, 'keys', 'house.key'), 0o640)
  assert.deepEqual(await failing(directory), ['keys'])
})

test('keys that are not of this house are seen', async () => {
  const directory = copy()
  const file = join(directory, 'keys', 'jwks.json')
  const jwks = JSON.parse(readFileSync(file, 'utf8')) as { keys: { purpose: string }[] }
  const keys = jwks.keys.filter(({ purpose }) => purpose !== 'decision')
  writeFileSync(file, JSON.stringify({ keys }))
  assert.deepEqual(await failing(directory), ['keys', 'receipts'])
})

test('a damaged file is seen', async () => {
  const directory = copy()
  const file = join(directory, 'surety.db')
  const bytes = readFileSync(file)
  bytes.fill(0xa5, 16_384, bytes.length - 16_384)
  writeFileSync(file, bytes)
  assert.ok((await failing(directory)).includes('database'))
})

test('a directory without facts has not passed', async () => {
  const directory = copy()
  edit(directory, (db) => {
    for (const table of ['events', 'states', 'signatures', 'documents', 'transfers', 'accounts']) {
      db.exec(`DELETE FROM ${table}`)
    }
    for (const table of ['counters', 'uniques', 'answers', 'deadlines', 'outbox']) {
      db.exec(`DELETE FROM ${table}`)
    }
  })
  const report = await fsck(directory)
  assert.deepEqual(
    report.checks.filter(({ problems }) => problems.length > 0),
    [],
  )
  assert.equal(report.ok, false)
})

test('a directory that is none is told apart from a sound one', async () => {
  const directory = join(room, 'empty')
  mkdirSync(directory)
  assert.equal((await fsck(directory)).ok, false)
})
