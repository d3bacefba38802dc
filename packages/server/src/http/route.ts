/**
 * A route as data: validated, served and published as OpenAPI from one description.
 *
 * @module
 */
import type { Static, TObject, TSchema } from '@sinclair/typebox'
import { type JsonObject, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { ApiScope } from '../app/api-key/api-keys.ts'
import type { App, Caller, Signed } from '../app/runtime.ts'
import type { Idempotency } from '../ports.ts'

export interface Request<Params, Query, Body> {
  readonly app: App
  readonly caller: Caller
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly idempotency: Idempotency | null
  /** Where a stream of events was left. */
  readonly lastEventId: string | undefined
  /** Whether what goes on must come to its end: the house stops. */
  readonly isEnding: () => boolean
  /** Is done once the answer has gone out, or nobody waits for it any more. */
  readonly whenOver: (work: () => void) => void
}

/** What a handler answers: a plain body, or a command's signed answer. */
export type Reply = Result<
  | { readonly type: 'body'; readonly body: unknown; readonly about?: JsonObject }
  | {
      readonly type: 'signed'
      readonly signed: Signed
      /** The gate that the policy headers are of, where the body is more than it. */
      readonly about?: JsonObject
    }
  /** A problem that carries the decision behind it. */
  | { readonly type: 'decided'; readonly code: ProblemCode; readonly view: JsonObject }
  /** Goes out as it is made, no faster than it is taken. */
  | {
      readonly type: 'stream'
      readonly mediaType: string
      readonly chunks: AsyncIterable<string>
      /** The gate that the policy headers are of. */
      readonly about?: JsonObject
    },
  ProblemCode
>

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** `null`: no credential is asked for. */
  readonly scope: ApiScope | null
  readonly params: TObject | null
  readonly query: TObject | null
  readonly body: TSchema | null
  readonly status: 200 | 201
  readonly answer: TSchema
  /** The media types of an answer that is a stream, not JSON. */
  readonly streams?: readonly string[]
  readonly problems: readonly ProblemCode[]
  readonly handle: (request: Request<never, never, never>) => Promise<Reply>
}

/** What may be wrong with an object of ours that is signed. */
export const SIGNATURE_PROBLEMS = [
  'jws_malformed',
  'jws_type_mismatch',
  'jws_not_canonical',
  'signing_key_unknown',
  'signing_key_purpose_mismatch',
  'signing_key_not_valid',
  'signature_invalid',
] as const satisfies readonly ProblemCode[]

/** What may be wrong with what a party signed besides: it is for another house, or another’s. */
export const PARTY_PROBLEMS = [
  ...SIGNATURE_PROBLEMS,
  'tenant_mismatch',
  'environment_mismatch',
  'caller_mismatch',
] as const satisfies readonly ProblemCode[]

/** What may be wrong with the signed act of an operator besides. */
export const ACTION_PROBLEMS = [
  ...PARTY_PROBLEMS,
  'operator_action_mismatch',
  'operator_action_used',
  'role_not_held',
  'time_out_of_range',
] as const satisfies readonly ProblemCode[]

type Optional<Schema extends TSchema | null> = Schema extends TSchema ? Static<Schema> : undefined

/** Describes a route; the handler sees what the schemas let through. */
export function route<
  Params extends TObject | null,
  Query extends TObject | null,
  Body extends TSchema | null,
>(
  description: Omit<Route, 'params' | 'query' | 'body' | 'handle'> & {
    readonly params: Params
    readonly query: Query
    readonly body: Body
    readonly handle: (
      request: Request<Optional<Params>, Optional<Query>, Optional<Body>>,
    ) => Promise<Reply>
  },
): Route {
  return description as unknown as Route
}

/** A command's answer. */
export function signed(result: Result<Signed, ProblemCode>): Reply {
  return result.ok ? { ok: true, value: { type: 'signed', signed: result.value } } : result
}

/** A plain answer. */
export function plain(result: Result<unknown, ProblemCode>): Reply {
  return result.ok ? { ok: true, value: { type: 'body', body: result.value } } : result
}

/** An answer that is made while it is sent. */
export function streamed(mediaType: string, chunks: AsyncIterable<string>): Reply {
  return ok({ type: 'stream', mediaType, chunks })
}
