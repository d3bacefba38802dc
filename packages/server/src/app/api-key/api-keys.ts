/**
 * API keys: each is bound to one principal, one environment and some scopes, and is shown once.
 *
 * @module
 */
import { principal } from '@surety/domain'
import { err, type Id, type JsonObject, ok, type PrincipalKind } from '@surety/protocol'
import type { ApiKey, Idempotency, Outcome, Stamp, Stored, UseCase } from '../../ports.ts'
import { type Answer, type App, type Call, type Caller, principalKey } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

/** Every scope, and what it lets a key do. */
export const SCOPES = {
  'principals:write': 'register principals, change their keys and lifecycle',
  'roles:write': 'assign and withdraw the roles of operators',
  'controls:write': 'impose, lift and drain emergency controls',
  'keys:write': 'create, rotate and revoke API keys',
  'deposits:write': 'record deposits',
  'profiles:write': 'apply profiles',
  'wallets:write': 'create, import, fund and freeze wallets',
  'grants:write': 'issue and revoke grants of its own principal',
  'grants:revoke-any': 'revoke any grant',
  'gates:write': 'declare, authorize and void gates of its own principal',
  'gates:execute': 'consume authorizations as agent or payee',
  'evidence:write': 'submit evidence as agent or payee',
  'approvals:answer': 'answer approvals, with acts that its own principal signed',
  'metrics:read': 'read the metrics of the whole process',
  read: 'read what concerns its own principal',
  'read:all': 'read everything of the tenant',
} as const
export type ApiScope = keyof typeof SCOPES

const PARTY_SCOPES: readonly ApiScope[] = [
  'grants:write',
  'gates:write',
  'gates:execute',
  'evidence:write',
  'read',
]

/** INVARIANT(approval): software can never hold the scopes of an operator. */
export function scopesOpenTo(kind: PrincipalKind): readonly ApiScope[] {
  const human = kind === 'person' || kind === 'organisation'
  return human ? (Object.keys(SCOPES) as ApiScope[]) : PARTY_SCOPES
}

export interface NewApiKey {
  readonly principalId: Id<'prn'>
  readonly name: string
  readonly scopes: readonly ApiScope[]
}

interface Minted {
  readonly secret: string
  readonly secretHash: string
}
interface Creating extends NewApiKey, Minted {
  readonly by: Caller['principalId']
  readonly granted: ReadonlySet<string>
}
type CreateReads = { readonly owner: ReturnType<typeof principalKey> }

const create: UseCase<Creating, CreateReads, Answer> = {
  reads: ({ principalId }) => ({ owner: principalKey(principalId) }),
  decide: ({ owner }, input, stamp) => {
    const { state } = owner
    if (state.status === 'none') return { type: 'refuse', code: 'principal_not_found' }
    if (!principal.mayAct(state)) return { type: 'refuse', code: 'principal_not_active' }
    const open = scopesOpenTo(state.kind)
    const excess = input.scopes.find((scope) => !open.includes(scope) || !input.granted.has(scope))
    if (excess !== undefined) {
      return { type: 'refuse', code: 'scope_not_grantable', detail: excess }
    }
    if (isOthers(state, input.by)) return { type: 'refuse', code: 'operator_key_not_own' }
    const keyId = stamp.mint('key')
    const key: ApiKey = {
      ...stamp.scope,
      keyId,
      principalId: input.principalId,
      name: input.name,
      scopes: [...new Set(input.scopes)].sort(),
      secretHash: input.secretHash,
      createdAt: stamp.atText,
      revokedAt: null,
    }
    const fact = { type: 'apiKeyCreated', key }
    return write(fresh(null), [fact], key, stamp)
  },
}

/** INVARIANT(approval): what an operator calls with is made, changed and ended by them alone. */
function isOthers(owner: principal.Principal, by: Caller['principalId']): boolean {
  return principal.isOperator(owner) && owner.status !== 'none' && owner.principalId !== by
}

function write(
  before: Stored<ApiKey | null>,
  facts: readonly { readonly type: string }[],
  key: ApiKey,
  stamp: Stamp,
): Outcome<Answer> {
  const stream = `key:${key.keyId}`
  const writing = new Writing(stamp)
  writing.append({ family: 'apiKey', id: key.keyId, stream, before }, facts, key)
  return writing.answer(apiKeyView(key), stream)
}

/** An API key as callers see it: never the secret, never its hash. */
export function apiKeyView(key: ApiKey): JsonObject {
  const { secretHash: _, ...view } = key
  return view as unknown as JsonObject
}

/** What the holder sends: names the key, then proves it. */
export function apiKeyText(environment: string, keyId: string, secret: string): string {
  return `sk_${environment}_${keyId.slice('key_'.length)}_${secret}`
}

/** Creates a key. A caller cannot give scopes that it does not have itself. */
export function createApiKey(
  caller: Caller,
  body: NewApiKey,
  minted: Minted,
): Call<Creating, CreateReads> {
  const granted = caller.scopes
  // The secret cannot be answered twice, so this command is never replayed.
  return {
    useCase: create,
    idempotency: null,
    prepare: async () => ok({ ...body, ...minted, granted, by: caller.principalId }),
  }
}

interface Changing {
  readonly keyId: string
  /** Whose key it is, if there is one: that never changes. */
  readonly ownerId: Id<'prn'> | undefined
  readonly by: Caller['principalId']
  readonly change:
    | { readonly to: 'revoked'; readonly granted: ReadonlySet<string> }
    | ({ readonly to: 'rotated'; readonly granted: ReadonlySet<string> } & Minted)
}
type ChangeReads = ReturnType<typeof changeReads>

function changeReads({ keyId, ownerId }: Changing) {
  return {
    key: { of: 'state', family: 'apiKey', id: keyId } as const,
    owners: ownerId === undefined ? [] : [principalKey(ownerId)],
  }
}

const change: UseCase<Changing, ChangeReads, Answer> = {
  reads: changeReads,
  decide: ({ key: before, owners }, { change: to, by }, stamp) => {
    const { state } = before
    if (state === null) return { type: 'refuse', code: 'api_key_not_found' }
    // INVARIANT(terminal): a revoked key is neither revoked again nor rotated back to life.
    if (state.revokedAt !== null) return { type: 'refuse', code: 'api_key_revoked' }
    // Whoever rotates is shown the secret, and whoever revokes takes the scopes away: either needs
    // every scope of the key.
    const excess = state.scopes.find((scope) => !to.granted.has(scope))
    if (excess !== undefined) {
      return { type: 'refuse', code: 'scope_not_grantable', detail: excess }
    }
    if (owners.some((owner) => isOthers(owner.state, by))) {
      return { type: 'refuse', code: 'operator_key_not_own' }
    }
    if (to.to === 'revoked') {
      const ended = { ...state, revokedAt: stamp.atText }
      return write(before, [{ type: 'apiKeyRevoked' }], ended, stamp)
    }
    const { secretHash } = to
    const fact = { type: 'apiKeyRotated', secretHash }
    return write(before, [fact], { ...state, secretHash }, stamp)
  },
}

/** Adds the end of a key to what is written, whoever holds it. */
export function appendKeyEnd(writing: Writing, before: Stored<ApiKey | null>, at: string): void {
  const { state } = before
  if (state === null || state.revokedAt !== null) return
  const { keyId } = state
  const place = { family: 'apiKey', id: keyId, stream: `key:${keyId}`, before } as const
  writing.append(place, [{ type: 'apiKeyRevoked' }], { ...state, revokedAt: at })
}

/** Ends a key; the next request with it is refused. */
export function revokeApiKey(
  app: App,
  caller: Caller,
  keyId: string,
  idempotency: Idempotency | null,
): Call<Changing, ChangeReads> {
  const to = { to: 'revoked', granted: caller.scopes } as const
  return { useCase: change, idempotency, prepare: () => changing(app, caller, keyId, to) }
}

async function changing(app: App, caller: Caller, keyId: string, to: Changing['change']) {
  const { state } = await app.store.reads.state(caller.scope, 'apiKey', keyId)
  return ok({ keyId, ownerId: state?.principalId, by: caller.principalId, change: to })
}

/** Gives a key a new secret; the old one is refused from then on. */
export function rotateApiKey(
  app: App,
  caller: Caller,
  keyId: string,
  minted: Minted,
): Call<Changing, ChangeReads> {
  const to = { to: 'rotated', granted: caller.scopes, ...minted } as const
  return {
    useCase: change,
    idempotency: null,
    prepare: () => changing(app, caller, keyId, to),
  }
}

/** Who calls, by the credential sent. Cost: one read by key, one keyed hash. */
export async function authenticate(app: App, text: string | undefined) {
  if (text === undefined) return err('credentials_missing')
  const match = /^sk_(sandbox|production)_([0-9a-z]{26})_([A-Za-z0-9_-]{43})$/.exec(text)
  if (match === null) return err('credentials_invalid')
  const [, environment, body, secret] = match as unknown as readonly [
    string,
    string,
    string,
    string,
  ]
  const key = await app.store.reads.apiKey(`key_${body}`)
  const genuine =
    key !== undefined &&
    key.revokedAt === null &&
    key.environment === environment &&
    app.macMatches(secret, key.secretHash)
  return genuine ? ok(key) : err('credentials_invalid')
}
