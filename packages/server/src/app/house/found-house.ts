/** Founds a house: its tenant, the first operator, and the operator's API key. */
import {
  type Id,
  type PartyPurpose,
  publicJwkOf,
  thumbprint,
  toBase64url,
  toHex,
} from '@surety/protocol'
import type { Scope, UseCase } from '../../ports.ts'
import { apiKeyText, createApiKey, SCOPES } from '../api-key/api-keys.ts'
import { registerPrincipal } from '../principal/principals.ts'
import { crownFounder } from '../principal/roles.ts'
import { type Answer, type App, type Caller, run } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

/** What the first operator needs; the private keys and the API key are kept nowhere else. */
export interface FirstOperator extends Scope {
  readonly principalId: Id<'prn'>
  readonly name: string
  readonly apiKey: string
  readonly keys: readonly {
    readonly purpose: PartyPurpose
    readonly kid: string
    readonly privateSeed: string
  }[]
}

const found: UseCase<{ readonly name: string }, Record<never, never>, Answer> = {
  reads: () => ({}),
  decide: (_, { name }, stamp) => {
    const { tenantId } = stamp.scope
    const stream = `tenant:${tenantId}`
    const place = { family: 'tenant', id: tenantId, stream, before: fresh(null) } as const
    const fact = { type: 'tenantFounded', name }
    const writing = new Writing(stamp)
    writing.append(place, [fact], { name })
    return writing.answer({ tenantId }, stream)
  },
}

/** Runs on an empty store; a fault if anything is refused. */
export async function foundHouse(app: App, scope: Scope, name: string): Promise<FirstOperator> {
  const caller: Caller = {
    principalId: 'system',
    scope,
    scopes: new Set(Object.keys(SCOPES)),
    traceId: toHex(app.random.bytes(16)),
  }
  const prepare = async () => ({ ok: true, value: { name } }) as const
  ensure(await run(app, caller, { useCase: found, idempotency: null, prepare }))
  const keys = (['action', 'grant'] as const).map((purpose) => {
    const seed = app.random.bytes(32)
    const publicKey = publicJwkOf(seed)
    const kid = thumbprint(publicKey, app.crypto)
    return { purpose, kid, publicKey, privateSeed: toBase64url(seed) }
  })
  const body = { kind: 'person', name, keys } as const
  const registered = ensure(await run(app, caller, registerPrincipal(body, null)))
  const principalId = registered.principalId as Id<'prn'>
  const secret = toBase64url(app.random.bytes(32))
  const wanted = { principalId, name: 'first operator', scopes: operatorScopes() }
  const minted = { secret, secretHash: app.mac(secret) }
  const key = ensure(await run(app, caller, createApiKey(caller, wanted, minted)))
  // Last: from here on only the founder makes keys for the founder.
  ensure(await run(app, caller, crownFounder(principalId)))
  return {
    ...scope,
    principalId,
    name,
    apiKey: apiKeyText(scope.environment, String(key.keyId), secret),
    keys: keys.map(({ purpose, kid, privateSeed }) => ({ purpose, kid, privateSeed })),
  }
}

function operatorScopes(): (keyof typeof SCOPES)[] {
  return Object.keys(SCOPES) as (keyof typeof SCOPES)[]
}

function ensure(result: Awaited<ReturnType<typeof run>>) {
  if (!result.ok) throw new Error(`founding was refused: ${result.refusal}`)
  return result.value.view
}
