/**
 * Who asks: whoever the credential belongs to, if it may.
 *
 * @module
 */
import { ok, type ProblemCode, type Result, toHex } from '@surety/protocol'
import type { FastifyRequest } from 'fastify'
import { type ApiScope, authenticate } from '../app/api-key/api-keys.ts'
import type { App, Caller } from '../app/runtime.ts'
import type { Scope } from '../ports.ts'
import { bearerOf, traceIdOf } from './headers.ts'
import { traceIdOfSpan } from './spans.ts'

const HOUSE: Scope = { tenantId: 'ten_house', environment: 'sandbox' }
const NOBODY: Omit<Caller, 'traceId'> = {
  principalId: 'system',
  scope: HOUSE,
  scopes: new Set(),
}

/** What lets a key read the metrics of the whole process. */
export const METRICS_SCOPE: ApiScope = 'metrics:read'

export type CallerOf = typeof callerOf

/** The caller of a request that needs a scope; `null` needs no credential. */
export async function callerOf(
  app: App,
  scope: ApiScope | null,
  request: FastifyRequest,
): Promise<Result<Caller, ProblemCode>> {
  const traceId =
    traceIdOfSpan(request) ?? traceIdOf(request.headers.traceparent) ?? toHex(app.random.bytes(16))
  if (scope === null) return ok({ ...NOBODY, traceId })
  const key = await authenticate(app, bearerOf(request.headers.authorization))
  if (!key.ok) return key
  const { principalId, tenantId, environment, scopes } = key.value
  const held = new Set(scopes)
  if (!held.has(scope) && !(scope === 'read' && held.has('read:all'))) {
    return { ok: false, refusal: 'scope_missing', detail: scope }
  }
  const via = { keyId: key.value.keyId, scope }
  return ok({ principalId, scope: { tenantId, environment }, scopes: held, traceId, via })
}
