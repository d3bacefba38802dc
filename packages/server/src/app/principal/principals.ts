/** Registers principals, their keys and their lifecycle. Rules: domain/principal. */
import { principal } from '@surety/domain'
import {
  err,
  type Id,
  type JsonObject,
  type Lifecycle,
  ok,
  type PartyKey,
  type PartyPurpose,
  type PrincipalKind,
  type ProblemCode,
  type PublicJwk,
  publicKeyBytes,
  type Result,
  thumbprint,
} from '@surety/protocol'
import type { Idempotency, Outcome, Stamp, Stored, UseCase } from '../../ports.ts'
import { type Answer, type Call, principalKey } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

export interface NewKey {
  readonly publicKey: PublicJwk
  readonly purpose: PartyPurpose
}
export interface NewPrincipal {
  readonly kind: PrincipalKind
  readonly name: string
  readonly keys: readonly NewKey[]
}

type Principal = principal.Principal

/** Appends facts to a principal's stream, each with the passport that is true after it. */
export function appendFacts(
  before: Stored<Principal>,
  principalId: Id<'prn'>,
  events: readonly principal.PrincipalEvent[],
  stamp: Stamp,
  writing: Writing = new Writing(stamp),
): Outcome<Answer> {
  const stream = `principal:${principalId}`
  const kid = stamp.kids.passport
  let { state } = before
  const facts = events.map((event, i) => {
    state = principal.evolve(state, event)
    if (state.status === 'none') throw new Error('a registered principal is one')
    const seq = before.version + i + 1
    const where = { ...stamp.scope, seq, issuedAt: stamp.atText }
    return { ...event, passport: principal.passportOf(state, where), kid }
  })
  writing.append({ family: 'principal', id: principalId, stream, before }, facts, state)
  return writing.answer(principalView(state), stream)
}

/** A principal as callers see it. */
export function principalView(state: Principal): JsonObject {
  if (state.status === 'none') throw new Error('there is no such principal')
  const { principalId, kind, name, lifecycle, keys, roles = [] } = state
  return { principalId, kind, name, lifecycle, keys, roles } as unknown as JsonObject
}

function partyKeys(keys: readonly NewKey[]): Result<readonly NewKey[], ProblemCode> {
  const weak = keys.some(({ publicKey }) => publicKeyBytes(publicKey) === undefined)
  return weak ? err('principal_key_weak') : ok(keys)
}

/** A key as it is registered: valid from now on. */
export function keyAt(key: NewKey, stamp: Stamp): PartyKey {
  const { publicKey, purpose } = key
  const kid = thumbprint(publicKey, stamp.crypto)
  return { kid, publicKey, purpose, notBefore: stamp.atText, notAfter: null }
}

interface Registering extends NewPrincipal {
  readonly principalId: Id<'prn'> | null
}

const register: UseCase<Registering, Record<never, never>, Answer> = {
  reads: () => ({}),
  decide: (_, input, stamp) => {
    const principalId = input.principalId ?? stamp.mint('prn')
    const keys = input.keys.map((key) => keyAt(key, stamp))
    const { kind, name } = input
    const command = { type: 'register', principalId, kind, name, keys } as const
    const decided = principal.decide(principal.initial, command)
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    return appendFacts(fresh(principal.initial), principalId, decided.value, stamp)
  },
}

/** Registers a principal; active at once, it can do nothing without a grant and a profile. */
export function registerPrincipal(
  body: NewPrincipal,
  idempotency: Idempotency | null,
  principalId: Id<'prn'> | null = null,
): Call<Registering, Record<never, never>> {
  return {
    useCase: register,
    idempotency,
    prepare: async () => {
      const keys = partyKeys(body.keys)
      return keys.ok ? ok({ ...body, principalId }) : keys
    },
  }
}

type Reads = { readonly principal: ReturnType<typeof principalKey> }
interface Changing {
  readonly principalId: Id<'prn'>
  readonly command: (stamp: Stamp) => principal.PrincipalCommand
}

const change: UseCase<Changing, Reads, Answer> = {
  reads: ({ principalId }) => ({ principal: principalKey(principalId) }),
  decide: (read, { principalId, command }, stamp) => {
    const decided = principal.decide(read.principal.state, command(stamp))
    if (!decided.ok) return { type: 'refuse', code: decided.refusal }
    return appendFacts(read.principal, principalId, decided.value, stamp)
  },
}

function changing(
  id: string,
  command: Changing['command'],
  idempotency: Idempotency | null,
): Call<Changing, Reads> {
  const principalId = id as Id<'prn'>
  return { useCase: change, idempotency, prepare: async () => ok({ principalId, command }) }
}

/** Moves a principal along its lifecycle; only an active one may act. */
export function changeLifecycle(
  id: string,
  body: { readonly to: Lifecycle; readonly reason: string },
  idempotency: Idempotency | null,
) {
  return changing(id, () => ({ type: 'changeLifecycle', ...body }), idempotency)
}
