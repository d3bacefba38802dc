/**
 * What looks after payments that nobody waits for any more: the chain is asked until it has shown
 * what became of them. INVARIANT(unknown): only its answer ends one, either way.
 *
 * @module
 */
import type { gate } from '@surety/domain'
import { instantOf, type PaymentStatus, type Profile } from '@surety/protocol'
import { type DueRow, Failure, type Scope } from '../../ports.ts'
import { notePayee } from '../control/system-control.ts'
import { profileByHash } from '../profile/current-profile.ts'
import { type App, type Caller, run } from '../runtime.ts'
import { ANSWER_DOCUMENT } from './answer/kept.ts'
import { concludeWith, type Observed, type RailFinding } from './conclude.ts'
import { bodyFacts, ensurePayment, keptAnswer } from './present.ts'
import { isThere, lookUp } from './rail.ts'
import { wasShort } from './wallet/allowance.ts'

type Executing = Extract<gate.Gate, { status: 'executing' }>

/** How many payments one question to a node may be about. */
const LOOKED_MAX = 128
/** How often in a row a question that fails is halved: enough for two bad payments among those. */
const HALVED_MAX = 16

interface Unsettled {
  readonly scope: Scope
  readonly state: Executing
  readonly payment: PaymentStatus
}

/**
 * Of the rows that are due, takes those that wait for a chain, and concludes what can be. Answers
 * the rest. Cost: one question a network for every `LOOKED_MAX` payments, whatever their age.
 */
export async function reconcile(app: App, rows: readonly DueRow[]): Promise<readonly DueRow[]> {
  const others: DueRow[] = []
  const byNetwork = new Map<string, Unsettled[]>()
  for (const row of rows) {
    const { state } = await app.store.reads.state(row.scope, 'gate', row.id)
    if (state.status !== 'executing' || state.payment === undefined) {
      others.push(row)
      continue
    }
    // Somebody is handing it over right now, and will write down what came of it.
    if (app.presenting.has(state.gateId)) continue
    const { payment } = state
    const known = byNetwork.get(payment.network) ?? []
    known.push({ scope: row.scope, state, payment })
    byNetwork.set(payment.network, known)
  }
  for (const [network, unsettled] of byNetwork) {
    for (let i = 0; i < unsettled.length; i += LOOKED_MAX) {
      await reconcileSome(app, network, unsettled.slice(i, i + LOOKED_MAX))
    }
  }
  return others
}

async function reconcileSome(
  app: App,
  network: string,
  unsettled: readonly Unsettled[],
): Promise<void> {
  const findings = await findAll(app, network, unsettled)
  await Promise.all(unsettled.map((each, i) => noteOutcome(app, each, findings[i])))
  await Promise.all(unsettled.map((each, i) => conclude(app, each, findings[i])))
}

/**
 * Where the chain does not answer nothing is known, and the payments stay what they are. Where it
 * answers other questions, one payment is at fault: no other waits for it.
 */
async function findAll(
  app: App,
  network: string,
  unsettled: readonly Unsettled[],
  halved = { count: 0 },
): Promise<readonly (RailFinding | undefined)[]> {
  try {
    return await lookUp(
      app,
      network,
      unsettled.map(({ state, payment }) => ({ payment, hint: hintOf(state) })),
    )
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure
    app.log.warn({ err: failure, network, payments: unsettled.length }, 'a chain did not answer')
    halved.count += 1
    const isOver = unsettled.length === 1 || halved.count > HALVED_MAX
    if (isOver || !(await isThere(app, network))) {
      return unsettled.map(() => undefined)
    }
    const half = Math.ceil(unsettled.length / 2)
    const first = await findAll(app, network, unsettled.slice(0, half), halved)
    return [...first, ...(await findAll(app, network, unsettled.slice(half), halved))]
  }
}

/** How long a payee has to show something for a credential before that counts against it. */
export const UNSHOWN_MAX_MS = 10_000

/** Tells the one who watches over payees what came of a credential; never while nobody can know. */
async function noteOutcome(
  app: App,
  { scope, state, payment }: Unsettled,
  finding: RailFinding | undefined,
): Promise<void> {
  const { paymentId, payee, at } = payment
  if (finding === undefined) return
  if (finding.type !== 'nothing') {
    app.handed.delete(paymentId)
    return notePayee(app, scope, payee, 'answered')
  }
  // What a crash kept from being handed over nobody has failed to show.
  const isLate = app.clock.now() - instantOf(at) > UNSHOWN_MAX_MS
  const isExcused = isRequestAtFault(state) || hasTakenNothing(state)
  if (!isLate || isExcused || !app.handed.has(paymentId)) return
  // While the chain does not say whether we made it fail, it counts against nobody.
  const isOurs = await isShort(app, scope, state).catch(() => undefined)
  if (isOurs === undefined || !app.handed.delete(paymentId) || isOurs) return
  await notePayee(app, scope, payee, 'failed')
}

/**
 * Whether the payee refused the request and not its payment: no agent has an honest payee paused
 * for all others by headers too long or a condition that never holds.
 */
function isRequestAtFault({ observed }: Executing): boolean {
  const status = observed?.observation.status ?? 0
  return status >= 400 && status < 500 && status !== 402
}

/** Whether a payee that may take up to an amount says that it took nothing: none to show. */
function hasTakenNothing({ payment, observed }: Executing): boolean {
  const said = observed?.observation.paymentResponse
  return payment?.scheme === 'upto' && said?.success === true && said.transaction === null
}

/** Whether what may have kept a payee from taking is what the wallet let Permit2 spend. */
async function isShort(app: App, scope: Scope, { payment, walletId }: Executing): Promise<boolean> {
  if (payment?.scheme !== 'upto' || walletId === undefined) return false
  return wasShort(app, scope, walletId, payment)
}

function hintOf({ observed }: Executing): string | undefined {
  return observed?.observation.paymentResponse?.transaction ?? undefined
}

async function conclude(
  app: App,
  { scope, state }: Unsettled,
  finding: RailFinding = { type: 'nothing' },
): Promise<void> {
  const { gateId, authorization, payment } = state
  // Said once is enough: a tick that learns nothing writes nothing.
  if (finding.type === 'nothing' && payment?.certainty === 'unknown') return
  if (finding.type === 'seen' && payment?.state === 'mempool') return
  try {
    const { settlement } = (await profileByHash(app, scope, authorization.policyHash)).profile
    const kept = await keptObservation(app, scope, state, settlement)
    const { payee } = authorization
    const traceId = Buffer.from(app.random.bytes(16)).toString('hex')
    const caller: Caller = { principalId: 'system', scope, scopes: new Set(), traceId }
    const done = await run(
      app,
      caller,
      concludeWith({ gateId, payee, finding, came: null, kept, settlement }),
    )
    if (!done.ok) app.log.warn({ gateId, code: done.refusal }, 'a payment was not concluded')
  } catch (cause) {
    app.log.warn({ err: cause, gateId }, 'a payment was not concluded; it will be tried again')
  }
}

/** What was seen of a purchase's answer, if it was written down before its end was known. */
export async function keptObservation(
  app: App,
  scope: Scope,
  state: Executing,
  settlement: Profile['settlement'],
): Promise<Observed | null> {
  if (state.observed === undefined) return null
  ensurePayment(state)
  const { evidenceHash, observation } = state.observed
  const documents = await app.store.reads.documents(scope, state.gateId)
  const document = documents.get(ANSWER_DOCUMENT) ?? null
  const kept = document === null ? null : keptAnswer(document).body
  const body = await bodyFacts(app, kept, settlement)
  // What was signed of it stands beside it already.
  return { evidenceHash, observation, body, document, signed: null }
}
