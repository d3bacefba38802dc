/** Imposes and lifts emergency controls, on signed orders. Rules: spec/control.md. */
import { control, principal } from '@surety/domain'
import {
  type ControlOrder,
  type ControlSelector,
  type ControlSigner,
  canonicalize,
  err,
  type Hash,
  type Id,
  instantOf,
  ok,
  type ProblemCode,
} from '@surety/protocol'
import type { Facts, Idempotency, Outcome, Stamp, UseCase } from '../../ports.ts'
import { appendKeyEnd } from '../api-key/api-keys.ts'
import { appendRevocation } from '../grant/grants.ts'
import { actRefusal, type SignedAct, verifyAct } from '../principal/operator-action.ts'
import { appendFacts } from '../principal/principals.ts'
import {
  type Answer,
  type App,
  type Call,
  type Caller,
  grantKey,
  principalKey,
  profileKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { controlEpochKey, controlKey, standingKey } from './standing.ts'
import { appendAct, controlStream, controlView, noticeOf } from './statement.ts'

type Acts = readonly SignedAct<'control'>[]

interface Ordering {
  readonly acts: Acts
  readonly order: ControlOrder
  /** Whose API key the selector names, if it names one. */
  readonly tokenOwner: Id<'prn'> | null
}
type Reads = ReturnType<typeof reads>

function reads({ acts, order, tokenOwner }: Ordering) {
  const { type, id } = order.selector
  const isPerson = type === 'principal' || type === 'payee'
  return {
    operators: acts.map(({ object }) => principalKey(object.operatorId)),
    control: controlKey(order.controlId),
    standing: standingKey(order.selector),
    epoch: controlEpochKey,
    people: isPerson ? [principalKey(id)] : tokenOwner === null ? [] : [principalKey(tokenOwner)],
    grants: type === 'grant' ? [grantKey(id)] : [],
    tokens: type === 'token' ? [{ of: 'state', family: 'apiKey', id } as const] : [],
    profiles: type === 'policy' ? [profileKey(id)] : [],
  }
}

const useCase: UseCase<Ordering, Reads, Answer> = {
  reads,
  decide: (read, { acts, order }, stamp) => {
    for (const [i, act] of acts.entries()) {
      const operator = read.operators[i]?.state ?? principal.initial
      const refused = actRefusal(operator, act, stamp.atText)
      if (refused !== undefined) return { type: 'refuse', code: refused, detail: act.object.role }
    }
    const again = answeredBefore(read, acts, order, stamp)
    if (again !== undefined) return again
    if (order.command !== 'resume' && !isServer(order.selector)) {
      const detail = 'an origin is as a URL serialises it: lower case, no default port, no path'
      return { type: 'refuse', code: 'control_selector_invalid', detail }
    }
    const missing = missingTarget(read)
    if (missing !== undefined) return { type: 'refuse', code: missing, detail: order.selector.id }
    const decided = control.decide(read.control.state, commandOf(read, acts, order, stamp))
    if (!decided.ok) return { type: 'refuse', code: decided.refusal, detail: decided.detail }
    const [fact] = decided.value
    if (fact === undefined) throw new Error('an order that is taken is a fact')
    const writing = new Writing(stamp)
    for (const { hash, jws } of acts) writing.document(order.controlId, `action-${hash}.jws`, jws)
    const state = appendAct(writing, read, fact)
    if (fact.statement.kind === 'revoke') revokeTarget(writing, read, fact.statement, stamp)
    const { act, until } = fact.statement
    if (until !== null) {
      const due = instantOf(until)
      writing.deadline(
        order.controlId,
        act === 'lifted' ? due : null,
        act === 'lifted' ? null : due,
      )
    }
    return writing
      .notify(`control.${act}`, noticeOf(fact.statement))
      .answer(controlView(state), controlStream(order.controlId))
  },
}

function commandOf(
  read: Facts<Reads>,
  acts: Acts,
  order: ControlOrder,
  stamp: Stamp,
): Extract<control.ControlCommand, { type: 'impose' | 'lift' }> {
  const ordered = { by: 'operators', signers: acts.map(signerOf) } as const
  const now: control.Circumstances = {
    ...stamp.scope,
    at: stamp.at,
    atText: stamp.atText,
    epoch: read.epoch.state.epoch + 1,
    justificationCode: acts[0]?.object.justificationCode ?? '',
    kid: stamp.kids.control,
  }
  const { command, selector } = order
  if (command === 'resume') return { type: 'lift', selector, ordered, now }
  const { active } = read.standing.state
  return {
    type: 'impose',
    order,
    ordered,
    now,
    standing: active.filter(({ kind }) => kind === command).length,
    namesOperator: read.people.some(({ state }) => principal.isOperator(state)),
  }
}

function signerOf({ object, hash, kid }: Acts[number]): ControlSigner {
  return { operatorId: object.operatorId, role: object.role, kid, actionHash: hash }
}

/** INVARIANT(once): the very acts that were executed are answered again, and change nothing. */
function answeredBefore(
  read: Facts<Reads>,
  acts: Acts,
  order: ControlOrder,
  stamp: Stamp,
): Outcome<Answer> | undefined {
  const { state } = read.control
  if (state.status === 'none') return undefined
  const lifted = state.status === 'lifted' ? state.lifted : undefined
  const before = order.command === 'resume' ? lifted : state.imposed
  const hashes = (list: readonly { readonly actionHash: Hash }[]) =>
    list
      .map(({ actionHash }) => actionHash)
      .sort()
      .join()
  if (before === undefined || hashes(before.signers) !== hashes(acts.map(signerOf)))
    return undefined
  return new Writing(stamp).answer(controlView(state), controlStream(order.controlId))
}

/** What the selector names must be there: a control on a slip of the pen would stop nothing. */
function missingTarget(read: Facts<Reads>): ProblemCode | undefined {
  if (read.tokens.some(({ state }) => state === null)) return 'api_key_not_found'
  if (read.people.some(({ state }) => state.status === 'none')) return 'principal_not_found'
  if (read.grants.some(({ state }) => state.status === 'none')) return 'grant_not_found'
  return read.profiles.some(({ state }) => state === null) ? 'profile_not_found' : undefined
}

/** What looks like an origin is one to the letter; a server of tools may have any name. */
function isServer({ type, id }: ControlSelector): boolean {
  if (type !== 'origin' || !/^https?:/i.test(id)) return true
  return URL.canParse(id) && new URL(id).origin === id
}

/** INVARIANT(terminal): what is revoked gets the end that it has by itself, in the same commit. */
function revokeTarget(
  writing: Writing,
  read: Facts<Reads>,
  { controlId, selector }: control.ControlStated['statement'],
  stamp: Stamp,
): void {
  const reason = `revoked by ${controlId}`
  for (const before of read.grants) {
    appendRevocation(writing, { grantHash: selector.id, reason }, before)
  }
  for (const before of read.tokens) appendKeyEnd(writing, before, stamp.atText)
  if (selector.type !== 'principal') return
  for (const before of read.people) {
    const command = {
      type: 'changeLifecycle',
      to: 'decommissioned',
      reason,
      isRevoked: true,
    } as const
    const gone = principal.decide(before.state, command)
    if (gone.ok) appendFacts(before, selector.id, gone.value, stamp, writing)
  }
}

/** Who calls is one of those who signed; the acts of two people order one and the same thing. */
export function orderControl(
  app: App,
  caller: Caller,
  actions: readonly string[],
  idempotency: Idempotency | null,
): Call<Ordering, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const acts: SignedAct<'control'>[] = []
      for (const jws of actions) {
        const act = await verifyAct(app, caller, jws, ['control'])
        if (!act.ok) return act
        acts.push(act.value)
      }
      const [first, second] = acts
      if (first === undefined) throw new Error('the route asks for an act')
      if (!acts.some(({ object }) => object.operatorId === caller.principalId)) {
        return err('caller_mismatch', first.object.operatorId)
      }
      const order = first.object.control
      if (order.command === 'drain') return err('schema_mismatch', 'a drain has its own route')
      if (second !== undefined && canonicalize(second.object.control) !== canonicalize(order)) {
        return err('control_orders_differ')
      }
      return ok({ acts, order, tokenOwner: await ownerOf(app, caller, order) })
    },
  }
}

async function ownerOf(app: App, { scope }: Caller, { selector }: ControlOrder) {
  if (selector.type !== 'token') return null
  const { state } = await app.store.reads.state(scope, 'apiKey', selector.id)
  return state?.principalId ?? null
}
