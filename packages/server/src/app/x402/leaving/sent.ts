/**
 * An unsafe request that cost nothing, written down under its key: it is sent once.
 *
 * What came back is the agent's, and is kept nowhere: whoever sends it again is told that it was
 * sent. What failed, was denied or asked for money may be sent again under its key.
 *
 * @module
 */
import { policy } from '@surety/domain'
import {
  err,
  hashOf,
  type Id,
  type JsonObject,
  ok,
  type ProblemCode,
  type Result,
} from '@surety/protocol'
import type { Idempotency, UseCase } from '../../../ports.ts'
import { type Answer, type App, type Caller, run } from '../../runtime.ts'
import { Writing } from '../../write-set.ts'
import type { FetchRequest } from '../request.ts'

type Agent = Caller & { readonly principalId: Id<'prn'> }
type Nothing = Record<never, never>

const noting: UseCase<{ readonly stream: string }, Nothing, Answer> = {
  reads: () => ({}),
  decide: (_read, { stream }, stamp) => new Writing(stamp).answer({ sent: true }, stream),
}
const asking: UseCase<null, Nothing, Answer> = {
  reads: () => ({}),
  decide: () => ({ type: 'refuse', code: 'gate_not_found' }),
}

/** INVARIANT(once): no client can send a key with this sign in it. */
function nameOf(app: App, { principalId }: Agent, request: FetchRequest): Idempotency | null {
  const { idempotencyKey: key, method, fingerprintHash, grantHash } = request
  if (key === null || policy.isSafeMethod(method)) return null
  const requestHash = hashOf([fingerprintHash, grantHash], app.crypto)
  return { principalId, key: `${key}#sent`, requestHash }
}

/** Refuses what was sent under its key, and anything else under that key. */
export async function mayBeSent(
  app: App,
  caller: Agent,
  request: FetchRequest,
): Promise<Result<null, ProblemCode>> {
  const idempotency = nameOf(app, caller, request)
  if (idempotency === null) return ok(null)
  const prepare = async () => ok(null)
  const known = await run(app, caller, { useCase: asking, idempotency, prepare })
  if (known.ok) return err('response_not_kept', 'it was sent under this key, and cost nothing')
  return known.refusal === 'gate_not_found' ? ok(null) : known
}

/** Writes down that it was sent, beside the decision that allowed it. */
export async function noteSent(
  app: App,
  caller: Agent,
  request: FetchRequest,
  probe: JsonObject | null,
): Promise<void> {
  const idempotency = nameOf(app, caller, request)
  if (idempotency === null) return
  const { decision } = probe as { readonly decision: { readonly probeId: string } }
  const stream = `probe:${decision.probeId}`
  await run(app, caller, { useCase: noting, idempotency, prepare: async () => ok({ stream }) })
}

/** Does it unless the same is being done already: what is under way is written down nowhere yet. */
export async function oneAtATime<Value>(
  app: App,
  caller: Agent,
  request: FetchRequest,
  work: () => Promise<Result<Value, ProblemCode>>,
): Promise<Result<Value, ProblemCode>> {
  const idempotency = nameOf(app, caller, request)
  if (idempotency === null) return work()
  const { tenantId, environment } = caller.scope
  const name = [tenantId, environment, caller.principalId, idempotency.key].join('/')
  if (app.presenting.has(name)) return err('idempotency_in_flight')
  app.presenting.add(name)
  try {
    return await work()
  } finally {
    app.presenting.delete(name)
  }
}
