/**
 * What the clock does: each worker is one `tick`, bounded, and picks up where a crash left off.
 *
 * @module
 */
import { addMs } from '@surety/protocol'
import { noticesStopped } from '../app/control/notices.ts'
import { passControlDeadline } from '../app/control/system-control.ts'
import { escalateApproval } from '../app/gate/approval/escalate-approval.ts'
import { passDeadline } from '../app/gate/end-gate.ts'
import { signEvents } from '../app/receipts.ts'
import { type App, type Caller, run } from '../app/runtime.ts'
import { forgetAnswer, isAnswerRow } from '../app/x402/answer/kept.ts'
import { reconcile } from '../app/x402/reconcile.ts'
import { receiveInScope } from '../app/x402/wallet/scan.ts'
import { type DueRow, Failure, type Notifier, type ReceiptRow } from '../ports.ts'
import { Patience } from './patience.ts'

const ROWS_MAX = 256
/** How many full loads one tick takes at most. */
const ROUNDS_MAX = 64
const RETRY_DELAY_MS = 1_000
const RETRY_DELAY_MAX_MS = 60_000

function system(app: App, scope: Caller['scope']): Caller {
  const traceId = Buffer.from(app.random.bytes(16)).toString('hex')
  return { principalId: 'system', scope, scopes: new Set(), traceId }
}

/** Where the last look at deadlines ended before their end, and what could not be ended lately. */
interface Looking {
  after: DueRow | undefined
  readonly patience: Patience
}

/**
 * Ends what has passed its deadline: unused authorizations, waits, silent executions, what was held
 * back; raises what nobody answered in time. One that cannot be ended is passed over, and the next
 * look goes on where this one ended, so that it keeps none behind it waiting.
 */
async function expire(app: App, looking: Looking): Promise<void> {
  const at = app.clock.now()
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const due = await app.store.reads.due(at, ROWS_MAX, looking.after)
    await Promise.all(due.filter(isAnswerRow).map((row) => forgetAnswer(app, row)))
    // What waits for a chain is not ended by the clock.
    const others = await reconcile(
      app,
      due.filter((row) => !isAnswerRow(row)),
    )
    await Promise.all(others.map((row) => endOverdue(app, row, looking.patience)))
    looking.after = due.length < ROWS_MAX ? undefined : due.at(-1)
    if (looking.after === undefined) return
  }
}

async function endOverdue(app: App, { scope, id }: DueRow, patience: Patience): Promise<void> {
  if (!patience.isDue(id, app.clock.now())) return
  const caller = system(app, scope)
  try {
    const result = await passed(app, caller, id)
    // A gate that moved on in the meantime is no longer ours to end.
    const code = result.ok ? undefined : result.refusal
    patience.note(id, result.ok, app.clock.now())
    if (code !== undefined) app.log.warn({ id, code }, 'a deadline was not acted on')
  } catch (cause) {
    app.log.warn({ err: cause, id }, 'a deadline was not acted on; it will be tried again')
  }
}

function passed(app: App, caller: Caller, id: string) {
  if (id.startsWith('apr_')) return run(app, caller, escalateApproval(app, caller, id))
  if (id.startsWith('ctl_')) return run(app, caller, passControlDeadline(app, caller, id))
  return run(app, caller, passDeadline(app, caller, id))
}

/** Signs what was committed and not yet signed. */
export async function signLate(app: App): Promise<number> {
  const rows = await app.store.reads.unsigned(ROWS_MAX)
  const signed = await every(rows, async (row) => {
    const made = await signedRow(app, row)
    if (made.length > 0) await app.store.keepSignatures(made)
    return made.length
  })
  return signed.reduce((sum, count) => sum + count, 0)
}

async function signedRow(app: App, { scope, stream, seq }: ReceiptRow) {
  const events = await app.store.reads.events(scope, stream)
  const made = await signEvents(
    app,
    scope,
    events.filter((event) => event.seq === seq),
  )
  return made.map(({ row }) => row)
}

/** Does all, at once; one that fails keeps none of the others from being done. */
async function every<Row, Done>(
  rows: readonly Row[],
  work: (row: Row) => Promise<Done>,
): Promise<readonly Done[]> {
  const results = await Promise.allSettled(rows.map(work))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}

/** Delivers facts to the outside, in order; what could not be delivered waits and comes again. */
export async function deliverOutbox(app: App, notifier: Notifier): Promise<number> {
  const now = app.clock.now()
  // INVARIANT(control): what is stopped stays in the outbox, and keeps nobody else's waiting.
  const found = await app.store.reads.outbox(now, ROWS_MAX * 4)
  const stopped = await noticesStopped(app, found)
  const rows = found.filter((row) => !stopped.has(row)).slice(0, ROWS_MAX)
  if (rows.length === 0) return 0
  try {
    await notifier.deliver(rows)
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause
    app.log.warn({ err: cause, rows: rows.length }, 'the outbox was not delivered')
    const failed = rows.map(({ position, attempts }) => {
      const delayMs = Math.min(RETRY_DELAY_MS * 2 ** Math.min(attempts, 10), RETRY_DELAY_MAX_MS)
      return { position, notBefore: addMs(now, delayMs) }
    })
    await app.store.settleOutbox([], failed)
    return 0
  }
  await app.store.settleOutbox(
    rows.map(({ position }) => position),
    [],
  )
  return rows.length
}

/** Books what came into wallets, of every scope. */
async function receiveInbound(app: App): Promise<void> {
  if (app.blockchains.size === 0) return
  for (const scope of await app.store.reads.scopes()) await receiveInScope(app, scope)
}

export interface Workers {
  /** Runs a round now, and another every so often. */
  start(): void
  /** One round of all of them, after the round that is under way. */
  tick(): Promise<void>
  /** Stops after the round that is under way. */
  stop(): Promise<void>
}

/** The workers of a house; one that fails is heard of and tried again. */
export function prepareWorkers(app: App, notifier: Notifier, everyMs: number): Workers {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()
  const looking: Looking = { after: undefined, patience: new Patience() }
  const work = async (): Promise<void> => {
    for (const each of [
      () => repeated(() => signLate(app)),
      () => expire(app, looking),
      () => receiveInbound(app),
      () => repeated(() => deliverOutbox(app, notifier)),
    ]) {
      try {
        await each()
      } catch (cause) {
        if (!stopped) app.log.warn({ err: cause }, 'a worker failed; it will be tried again')
      }
    }
  }
  const tick = (): Promise<void> => {
    round = round.then(work)
    return round
  }
  const go = async (): Promise<void> => {
    await tick()
    if (stopped) return
    timer = setTimeout(() => void go(), everyMs)
    timer.unref()
  }
  return {
    start: () => void go(),
    tick,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await round
    },
  }
}

/** As long as there is a full load to do, but not for ever. */
async function repeated(work: () => Promise<number>): Promise<void> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    if ((await work()) < ROWS_MAX) return
  }
}
