/**
 * What happens to approvals, as it happens: server-sent events that go on where they were left.
 *
 * Nothing is queued for a watcher: each asks for what comes after the last it was given, when it
 * can take more. A slow one is behind, and costs nothing.
 *
 * @module
 */
import { principal } from '@surety/domain'
import { type Event, err, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { App, Caller } from '../../runtime.ts'
import { seesApproval } from './read.ts'
import { approvalView } from './view.ts'

const POLL_EVERY_MS = 200
const HEARTBEAT_EVERY_MS = 15_000
/** After this a watcher is let go, and comes again. */
const WATCH_MAX_MS = 600_000
const EVENTS_MAX = 100
/** How many of the same principal may watch at a time. */
const WATCHERS_EACH_MAX = 8
/** How many operators may watch one house at once; and how many others, in other places. */
const WATCHERS_MAX = 64

/** Who watches now, each as often as it does. */
interface Places {
  readonly operators: string[]
  readonly parties: string[]
}

const watching = new WeakMap<App, Places>()

/** The events after a position, for as long as somebody listens; `undefined` begins with now. */
export async function watchApprovals(
  app: App,
  caller: Caller,
  after: string | undefined,
  isEnding: () => boolean,
): Promise<Result<AsyncIterable<string>, ProblemCode>> {
  const standing = await standingOf(app, caller)
  if (standing === undefined) return err('principal_not_active')
  const release = takePlace(app, caller)
  if (release === undefined) return err('overloaded', 'too many watch')
  try {
    const head = await app.store.reads.eventsAfter(caller.scope, 'approval:', null, 0)
    // Of a directory that was restored the head is lower than what a watcher was told last.
    const start = Math.min(after === undefined ? head.position : Number(after), head.position)
    const stream = told({ app, caller, standing, isEnding }, start)
    return ok(releasing(stream, release))
  } catch (fault) {
    release()
    throw fault
  }
}

/** A place is taken before anything is told; what is given back gives it back once. */
function takePlace(app: App, { scopes, scope, principalId }: Caller): (() => void) | undefined {
  const places = watching.get(app) ?? { operators: [], parties: [] }
  watching.set(app, places)
  const isOperator = scopes.has('read:all') || scopes.has('approvals:answer')
  const taken = isOperator ? places.operators : places.parties
  const who = `${scope.tenantId}/${scope.environment}/${principalId}`
  const own = taken.filter((each) => each === who).length
  if (own >= WATCHERS_EACH_MAX || taken.length >= WATCHERS_MAX) return undefined
  taken.push(who)
  let isFree = false
  return () => {
    if (!isFree) taken.splice(taken.indexOf(who), 1)
    isFree = true
  }
}

function releasing(
  stream: AsyncGenerator<string, void>,
  release: () => void,
): AsyncIterable<string> {
  const iterator: AsyncIterator<string, void> = {
    next: async () => {
      const next = await stream.next().catch((fault: unknown) => {
        release()
        throw fault
      })
      if (next.done === true) release()
      return next
    },
    return: async () => {
      release()
      return stream.return()
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

/**
 * What a watcher's right to be told rests on: a text that changes when its key is revoked or given
 * another secret; nothing for who may not be told.
 */
async function standingOf(app: App, { via, scope, principalId }: Caller) {
  if (via === undefined) return undefined
  const key = await app.store.reads.apiKey(via.keyId)
  if (key === undefined || key.revokedAt !== null) return undefined
  const { state } = await app.store.reads.state(scope, 'principal', principalId)
  if (state.status === 'none' || !principal.mayAct(state)) return undefined
  return key.secretHash
}

interface Watching {
  readonly app: App
  readonly caller: Caller
  readonly standing: string
  readonly isEnding: () => boolean
}

async function* told(
  { app, caller, standing, isEnding }: Watching,
  start: number,
): AsyncGenerator<string, void> {
  const began = performance.now()
  let position = start
  let spoke = began
  yield 'retry: 1000\n\n'
  while (!isEnding() && performance.now() - began < WATCH_MAX_MS) {
    // INVARIANT(default-deny): a key that is revoked is refused on its next request, and here.
    if ((await standingOf(app, caller)) !== standing) return
    const page = await app.store.reads.eventsAfter(caller.scope, 'approval:', position, EVENTS_MAX)
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
