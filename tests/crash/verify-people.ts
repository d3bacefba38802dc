/**
 * What must be true of approvals and controls after a crash.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { approval } from '@surety/domain'
import type { ControlOrder, PolicyDecision } from '@surety/protocol'
import { intentOf } from './load.ts'
import { resuming, STOPPED } from './people.ts'
import type { Budget, Town } from './town.ts'
import type { Answer, Asked, Wire } from './wire.ts'

type Kept = Exclude<approval.Approval, { status: 'none' }>

/** What follows a state of an approval, directly or later. */
const AFTER: Readonly<Record<string, readonly string[]>> = {
  pending: ['approved', 'denied', 'expired', 'consumed'],
  approved: ['consumed', 'denied', 'expired'],
}

/** What people were told that they said is kept; it lifts once, and nobody counts twice. */
export function checkApprovals({ directory }: Town, asked: readonly Asked[]): number {
  const db = new DatabaseSync(join(directory, 'surety.db'), { readOnly: true })
  try {
    const sql = "SELECT id, state FROM states WHERE family = 'approval'"
    const kept = new Map(
      db
        .prepare(sql)
        .all()
        .map(({ id, state }) => [String(id), JSON.parse(String(state)) as Kept]),
    )
    const decisions = decisionsIn(db)
    for (const each of kept.values()) checkOne(each, decisions)
    return checkTold(kept, asked)
  } finally {
    db.close()
  }
}

/** Every decision by the one before it. */
function decisionsIn(db: DatabaseSync): ReadonlyMap<string, readonly PolicyDecision[]> {
  const sql = `SELECT event -> '$.data.decision' AS decision FROM events
    WHERE stream LIKE 'gate:%' AND event ->> '$.type' = 'decisionRecorded'`
  const found = db
    .prepare(sql)
    .all()
    .map((row) => JSON.parse(String(row.decision)))
  return Map.groupBy(found as PolicyDecision[], (each) => each.previousDecisionHash ?? 'none')
}

/** INVARIANT(approval): a quorum of different people, used by at most one decision. */
function checkOne(kept: Kept, decisions: ReadonlyMap<string, readonly PolicyDecision[]>): void {
  const yes = kept.answers.filter(({ action }) => action === 'approve')
  assert.equal(new Set(yes.map(({ operatorId }) => operatorId)).size, yes.length, 'said yes twice')
  const wanted = Math.max(...kept.requirements.map(({ approvers }) => approvers))
  assert.ok(yes.length <= wanted, 'more were heard than were asked')
  const isYes = kept.status === 'approved' || kept.status === 'consumed'
  if (isYes) assert.equal(yes.length, wanted, 'a yes without its quorum')
  const used = decisions.get(kept.decisionHash) ?? []
  const isUsed = kept.status === 'consumed' || kept.status === 'denied'
  assert.equal(used.length, isUsed ? 1 : 0, `${kept.status}, and decided again ${used.length}×`)
  if (kept.status === 'denied') assert.ok(used[0]?.reasonCodes.includes('approval_denied'))
}

function checkTold(kept: ReadonlyMap<string, Kept>, asked: readonly Asked[]): number {
  let checked = 0
  for (const { path, answer } of asked) {
    if (!path.startsWith('/v1/approvals/') || answer === undefined || answer.status >= 400) continue
    const { approvalId, state: said, answers } = answer.body
    const now = kept.get(String(approvalId))
    assert.ok(now !== undefined, 'an approval is gone')
    assert.ok(
      now.status === said || AFTER[String(said)]?.includes(now.status),
      `${said} became ${now.status}`,
    )
    const hashes = now.answers.map(({ actionHash }) => actionHash)
    for (const { actionHash } of answers as Kept['answers']) assert.ok(hashes.includes(actionHash))
    checked += 1
  }
  return checked
}

/**
 * INVARIANT(control): what was stopped when the server died is stopped when it serves again, until
 * somebody lifts it; and nothing else is.
 */
export async function checkControls(
  town: Town,
  wire: Wire,
  budget: Budget,
  asked: readonly Asked[],
): Promise<void> {
  const { operator } = town
  const standing = new Set<string>()
  for (const { path, answer } of asked) {
    if (path !== '/v1/controls' || answer?.status !== 201) continue
    const { controlId, state } = answer.body
    if (state === 'active') standing.add(String(controlId))
    else standing.delete(String(controlId))
  }
  const listed = await wire.get('/v1/controls?state=active', operator.apiKey)
  const active = listed?.body.items as readonly ControlOrder[]
  assert.deepEqual(new Set(active.map(({ controlId }) => controlId)), standing)
  if (active.length === 0) return
  assert.ok((await reasons(town, wire, budget)).includes('control_paused'), 'it stops nothing')
  for (const order of active) {
    const actions = [resuming(operator, order)]
    const lifted = await command(wire, operator.apiKey, '/v1/controls', { actions })
    assert.equal(lifted.status, 201, lifted.text)
  }
  assert.ok(!(await reasons(town, wire, budget)).includes('control_paused'), 'it stops still')
}

/** Why a purchase of the class that is stopped is decided as it is. */
async function reasons(town: Town, wire: Wire, { hashes }: Budget): Promise<readonly string[]> {
  const [agent] = town.agents
  if (agent === undefined) throw new Error('nobody lives here')
  const asks = { riskClass: STOPPED.id, amount: 1, expiresInMs: 600_000 } as const
  const intent = intentOf(town, agent, hashes[0] ?? '', asks)
  const declared = await command(wire, agent.apiKey, '/v1/gates', { intent })
  const path = `/v1/gates/${String(declared.body.gateId)}/authorize`
  const decided = await command(wire, agent.apiKey, path, null)
  return (decided.body.decision as PolicyDecision).reasonCodes
}

async function command(wire: Wire, apiKey: string, path: string, body: object | null) {
  const text = body === null ? undefined : JSON.stringify(body)
  const answer: Answer | undefined = await wire.ask({ path, apiKey, key: randomUUID(), text })
  if (answer === undefined) throw new Error(`no answer to ${path}`)
  return answer
}
