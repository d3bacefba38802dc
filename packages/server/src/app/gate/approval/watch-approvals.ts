/**
 * What happens to approvals, as it happens: server-sent events that go on where they were left.
 *
 * Nothing is queued for a watcher: each asks for what comes after the last it was given, when it
 * can take more. A slow one is behind, and costs nothing.
 *
 * @module
 */
import { type Event, err, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { App, Caller } from '../../runtime.ts'
import { seesApproval } from './read.ts'
import { approvalView } from './view.ts'

const POLL_EVERY_MS = 200
const HEARTBEAT_EVERY_MS = 15_000
/** After this a watcher is let go, and comes again. */
const WATCH_MAX_MS = 600_000
const EVENTS_MAX = 100
/** How many may watch one house at a time. */
const WATCHERS_MAX = 64

const watching = new WeakMap<App, { count: number }>()

/** The events after a position, for as long as somebody listens; `undefined` begins with now. */
export async function watchApprovals(
  app: App,
  caller: Caller,
  after: string | undefined,
  isEnding: () => boolean,
): Promise<Result<AsyncIterable<string>, ProblemCode>> {
  const open = watching.get(app) ?? { count: 0 }
  watching.set(app, open)
  if (open.count >= WATCHERS_MAX) return err('overloaded', 'too many watch')
  const head = await app.store.reads.eventsAfter(caller.scope, 'approval:', null, 0)
  // Of a directory that was restored the head is lower than what a watcher was told last.
  const start = Math.min(after === undefined ? head.position : Number(after), head.position)
  return ok(told({ app, caller, open, isEnding }, start))
}

interface Watching {
  readonly app: App
  readonly caller: Caller
  readonly open: { count: number }
  readonly isEnding: () => boolean
}

async function* told(
  { app, caller, open, isEnding }: Watching,
  start: number,
): AsyncGenerator<string, void> {
  const began = performance.now()
  let position = start
  let spoke = began
  open.count += 1
  try {
    yield 'retry: 1000\n\n'
    while (!isEnding() && performance.now() - began < WATCH_MAX_MS) {
      const page = await app.store.reads.eventsAfter(
        caller.scope,
        'approval:',
        position,
        EVENTS_MAX,
      )
      for (const row of page.rows) {
        const text = await messageOf(app, caller, row)
        if (text === undefined) continue
        spoke = performance.now()
        yield text
      }
      const isBehind = page.position > position
      position = page.position
      if (isBehind) continue
      if (performance.now() - spoke >= HEARTBEAT_EVERY_MS) {
        spoke = performance.now()
        yield `: ${String(position)}\n\n`
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS))
    }
  } finally {
    open.count -= 1
  }
}

/** One fact, with what is true of its approval now; nothing for who may not see it. */
async function messageOf(
  app: App,
  caller: Caller,
  { position, event }: { readonly position: number; readonly event: Event },
): Promise<string | undefined> {
  const approvalId = event.stream.slice('approval:'.length)
  const { state } = await app.store.reads.state(caller.scope, 'approval', approvalId)
  if (state.status === 'none' || !seesApproval(caller, state)) return undefined
  const { type, at, seq } = event
  const told = JSON.stringify({ type, at, seq, approval: approvalView(state) })
  return `id: ${String(position)}\nevent: ${type}\ndata: ${told}\n\n`
}
