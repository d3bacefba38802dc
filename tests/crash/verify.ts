/**
 * What must be true after a crash, whatever was going on.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { canonicalize, PROBLEMS } from '@surety/protocol'
import { fsck, HouseError, openHouse } from '@surety/server'
import { type Budget, CAP, type Town } from './town.ts'
import type { Answer, Asked, Wire } from './wire.ts'

/** What follows a state, directly or later. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  declared: [
    'waiting',
    'denied',
    'authorized',
    'executing',
    'settled',
    'review',
    'voided',
    'expired',
  ],
  waiting: ['denied', 'authorized', 'executing', 'settled', 'review', 'voided', 'expired'],
  authorized: ['executing', 'settled', 'review', 'voided', 'expired'],
  executing: ['settled', 'review'],
}
/** The states that the outside is told of. */
const TOLD = new Set(['waiting', 'denied', 'settled', 'review', 'voided', 'expired'])

/** INVARIANT(once): what was never answered is asked again, and happens exactly once. */
export async function askAgain(wire: Wire, asked: readonly Asked[]): Promise<number> {
  let again = 0
  for (const each of asked) {
    if (each.answer !== undefined) continue
    const answer = await answered(wire, each)
    assert.ok(answer.status < 500, answer.text)
    if (answer.status >= 400) assert.ok(Object.hasOwn(PROBLEMS, String(answer.body.code)))
    each.answer = answer
    again += 1
  }
  return again
}

/** Everything that was done is answered again, the same; nothing is done again. */
export async function checkReplays(wire: Wire, asked: readonly Asked[]): Promise<void> {
  for (const each of asked) {
    const first = each.answer as Answer
    // What waited goes on under the key it was asked with: that answer is no longer the last.
    if (first.status >= 400 || first.body.state === 'waiting') continue
    const second = await answered(wire, each)
    // A wait that nobody answered has ended since: its key asks what became of it.
    if (first.body.state === 'waiting' && second.body.code === 'approval_expired') continue
    assert.ok(second.replayed, `${each.path} was done again`)
    // The order of members is not part of an answer; the receipts in it are, to the letter.
    assert.ok(canonicalize(second.body) === canonicalize(first.body), `${each.path} differs`)
  }
}

async function answered(wire: Wire, asked: Asked): Promise<Answer> {
  const answer = await wire.ask(asked)
  assert.ok(answer !== undefined, `no answer to ${asked.path}`)
  return answer
}

type Receipt = Readonly<Record<string, unknown>>

interface Row {
  readonly gateId: string
  readonly status: string
  readonly amount: bigint
  readonly grantHash: string
  readonly released: boolean
}

/** Every gate as the database has it. */
function gatesIn(db: DatabaseSync): ReadonlyMap<string, Row> {
  const sql = `SELECT id, state ->> 'status' AS status, state ->> '$.intent.amount' AS amount,
    state ->> '$.intent.grantHash' AS grantHash, state ->> '$.partition.released' AS released
    FROM states WHERE family = 'gate'`
  const rows = db.prepare(sql).all() as Record<string, string>[]
  return new Map(
    rows.map(({ id, status, amount, grantHash, released }) => {
      const isReleased = status === 'settled' && released !== '0'
      const gateId = String(id)
      const known = { gateId, status: String(status), grantHash: String(grantHash) }
      return [gateId, { ...known, amount: BigInt(String(amount)), released: isReleased }]
    }),
  )
}

/** What the clients were told is still true; what may be spent was not overspent; all is told. */
export async function checkFacts(
  town: Town,
  wire: Wire,
  budget: Budget,
  asked: readonly Asked[],
): Promise<number> {
  const db = new DatabaseSync(join(town.directory, 'surety.db'), { readOnly: true })
  try {
    const gates = gatesIn(db)
    checkBudget(gates, budget)
    checkDeposits(db, town, asked)
    const unsigned = db
      .prepare('SELECT count(*) AS n FROM signatures WHERE signature IS NULL')
      .get()
    assert.equal(unsigned?.n, 0, 'a receipt was never signed')
    checkNotices(town.directory, gates)
    return await checkAnswers(town, wire, gates, asked)
  } finally {
    db.close()
  }
}

function checkBudget(gates: ReadonlyMap<string, Row>, { hashes }: Budget): void {
  let used = 0n
  for (const { status, amount, grantHash, released } of gates.values()) {
    const isHeld = ['authorized', 'executing', 'review'].includes(status)
    if (hashes.includes(grantHash) && (isHeld || released)) used += amount
  }
  assert.ok(used <= BigInt(CAP), `${String(used)} of ${String(CAP)} were spent`)
}

/** INVARIANT(books): money is in the house exactly once for each deposit that was made. */
function checkDeposits(db: DatabaseSync, { deposits }: Town, asked: readonly Asked[]): void {
  const sql = `SELECT state ->> 'reference' AS reference, state ->> 'amount' AS amount
    FROM states WHERE family = 'deposit' AND state ->> 'source' = 'bank'`
  const kept = new Map<string, string>()
  for (const { reference, amount } of db.prepare(sql).all()) {
    assert.ok(!kept.has(String(reference)), 'a deposit stands twice')
    kept.set(String(reference), String(amount))
    assert.equal(BigInt(String(amount)), deposits.get(String(reference)))
  }
  for (const { path, answer } of asked) {
    if (path !== '/v1/deposits' || answer?.status !== 201) continue
    assert.ok(kept.has(String(answer.body.reference)), 'a deposit is gone')
  }
}

/** INVARIANT(receipts): a gate is at least where it was said to be, with the very same receipts. */
async function checkAnswers(
  { operator }: Town,
  wire: Wire,
  gates: ReadonlyMap<string, Row>,
  asked: readonly Asked[],
): Promise<number> {
  const views = new Map<string, readonly Receipt[]>()
  let checked = 0
  for (const { path, answer } of asked) {
    const gateId = path.startsWith('/v1/gates') ? answer?.body.gateId : undefined
    if (answer === undefined || answer.status >= 400) continue
    checked += 1
    if (typeof gateId !== 'string') continue
    const said = String(answer.body.state)
    const now = gates.get(gateId)?.status ?? 'none'
    assert.ok(now === said || AFTER[said]?.includes(now), `${said} became ${now}`)
    let receipts: readonly Receipt[] | undefined = views.get(gateId)
    if (receipts === undefined) {
      const view = await wire.get(`/v1/gates/${gateId}`, operator.apiKey)
      receipts = (view?.body.receipts ?? []) as readonly Receipt[]
      views.set(gateId, receipts)
    }
    for (const receipt of (answer.body.receipts ?? []) as readonly Receipt[]) {
      const kept: Receipt | undefined = receipts.find((each) => each.seq === receipt.seq)
      assert.deepEqual(kept, receipt)
    }
  }
  return checked
}

/** INVARIANT(delivery): every fact that is to be told was told, in order, each at least once. */
function checkNotices(directory: string, gates: ReadonlyMap<string, Row>): void {
  const file = join(directory, 'notices.jsonl')
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : ['']
  // What a crash left of a line is cut off before the next is written; until then nobody reads it.
  lines.pop()
  const told = new Set<string>()
  let highest = 0
  for (const line of lines) {
    const { position, topic, body } = JSON.parse(line) as {
      readonly position: number
      readonly topic: string
      readonly body: { readonly gateId: string }
    }
    assert.ok(position <= highest + 1, `${String(position)} was told before what comes first`)
    highest = Math.max(highest, position)
    told.add(`${body.gateId} ${topic}`)
  }
  for (const { gateId, status } of gates.values()) {
    if (TOLD.has(status)) assert.ok(told.has(`${gateId} gate.${status}`), `${gateId} was not told`)
  }
}

/** Nothing is half done. */
export async function checkWhole({ directory }: Pick<Town, 'directory'>): Promise<void> {
  const report = await fsck(directory)
  const problems = report.checks.flatMap(({ check, problems: found }) =>
    found.map((problem) => `${check}: ${problem}`),
  )
  assert.deepEqual(problems, [])
  assert.ok(report.ok)
}

/** One process a directory, while it lives. */
export function checkLock({ directory }: Pick<Town, 'directory'>): void {
  const config = { dataDirectory: directory, logLevel: 'silent', tickEveryMs: 1_000 }
  assert.throws(() => openHouse(config), HouseError)
}

/**
 * INVARIANT(once): what was held back has gone on once its time was over, and what was contested
 * has not.
 */
export function checkHeldBack({ directory }: Town, due: string, asked: readonly Asked[]): number {
  const db = new DatabaseSync(join(directory, 'surety.db'), { readOnly: true })
  try {
    const ends = `SELECT stream, count(*) AS n FROM events WHERE stream LIKE 'gate:%'
      AND event ->> '$.type' IN ('holdbackReleased', 'holdbackContested') GROUP BY stream`
    const ended = db.prepare(ends).all()
    for (const { stream, n } of ended) assert.equal(n, 1, String(stream))
    const sql = `SELECT id, state ->> '$.holdback.until' AS until,
      state ->> '$.holdback.contest.text' AS contest, state ->> '$.partition.held' AS held
      FROM states WHERE family = 'gate' AND state ->> '$.holdback.until' IS NOT NULL`
    const kept = new Map(
      db
        .prepare(sql)
        .all()
        .map((row) => [String(row.id), row]),
    )
    for (const [gateId, { until, contest, held }] of kept) {
      assert.notEqual(held, '0', gateId)
      assert.ok(contest !== null || String(until) >= due, `${gateId} was due at ${String(until)}`)
    }
    for (const { path, answer } of asked) {
      if (!path.endsWith('/contest') || answer?.status !== 201) continue
      assert.ok(kept.get(String(answer.body.gateId))?.contest, 'what was contested went on')
    }
    return ended.length
  } finally {
    db.close()
  }
}
