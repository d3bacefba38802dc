/**
 * The OpenAPI 3.1 description, made from the schemas that validate.
 *
 * @module
 */
import type { TSchema } from '@sinclair/typebox'
import { PROBLEMS, type ProblemCode, parseJson } from '@surety/protocol'
import { PROXY_PATH, proxyPath } from './purchase/described.ts'
import type { Route } from './route.ts'

/** What this server is, as it tells anybody who asks. */
export const VERSION = '0.1.0'

type Json = { [name: string]: unknown }

const ALWAYS: readonly ProblemCode[] = [
  'request_malformed',
  'schema_mismatch',
  'idempotency_key_invalid',
  'overloaded',
  'shutting_down',
  'store_unavailable',
  'internal_fault',
]
const WITH_CREDENTIAL: readonly ProblemCode[] = [
  'credentials_missing',
  'credentials_invalid',
  'scope_missing',
]
/** A route without a body takes an empty one, and refuses what is none. */
const COMMANDS: readonly ProblemCode[] = [
  'json_invalid',
  'json_too_deep',
  'json_duplicate_name',
  'json_lone_surrogate',
  'body_too_large',
  'media_type_unsupported',
  'idempotency_key_reused',
  'idempotency_in_flight',
  'principal_not_active',
  'control_active',
]

/** The whole description. The same routes give the same bytes. */
export function openApi(routes: readonly Route[]): Json {
  const components: Record<string, Json> = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const method = route.method.toLowerCase()
    paths[route.path] = { ...paths[route.path], [method]: operation(route, components) }
  }
  components.Problem = PROBLEM
  paths[PROXY_PATH] = proxyPath(DESCRIBED)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Surety',
      version: VERSION,
      description:
        'Decides, binds, holds, verifies, settles and proves each paid action of an agent.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } },
    },
  }
}

const DESCRIBED = { answer: problemAnswer, always: [...ALWAYS, ...WITH_CREDENTIAL] }

function operation(route: Route, components: Record<string, Json>): Json {
  const { method, path, summary, description, scope, body } = route
  const command = method === 'POST'
  return {
    operationId: operationId(route),
    summary,
    ...(description === undefined ? {} : { description }),
    ...(scope === null ? {} : { security: [{ apiKey: [] }], 'x-surety-scope': scope }),
    parameters: [
      ...parameters(route, 'path'),
      ...parameters(route, 'query'),
      ...(command ? [IDEMPOTENCY] : []),
    ],
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: content(body, components) } }),
    responses: {
      [route.status]: { description: summary, content: answerOf(route, components) },
      ...problems(route),
    },
    tags: [path.split('/')[2] ?? 'house'],
  }
}

/** `POST /v1/gates/{gateId}/authorize` is `postGatesAuthorize`. */
function operationId({ method, path }: Route): string {
  const parts = path
    .split('/')
    .filter((part) => part !== '' && part !== 'v1' && !part.startsWith('{'))
  const one = path.endsWith('}') ? ['one'] : []
  return [method.toLowerCase(), ...parts, ...one]
    .flatMap((part) => part.split(/[^A-Za-z0-9]+/))
    .filter((part) => part !== '')
    .map((part, i) => (i === 0 ? part : `${part[0]?.toUpperCase() ?? ''}${part.slice(1)}`))
    .join('')
}

function parameters(route: Route, place: 'path' | 'query'): readonly Json[] {
  const schema = place === 'path' ? route.params : route.query
  if (schema === null) return []
  return Object.entries(schema.properties).map(([name, member]) => ({
    name,
    in: place,
    required: schema.required?.includes(name) ?? false,
    schema: plainJson(member),
  }))
}

const IDEMPOTENCY: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'the same key and body answer the same; 8 to 128 letters, digits and . _ : -',
  schema: { type: 'string', pattern: '^[A-Za-z0-9._:-]{8,128}$' },
}

function content(schema: TSchema, components: Record<string, Json>): Json {
  return { 'application/json': { schema: lifted(plainJson(schema), components) } }
}

/** A stream is text of its own media type. */
function answerOf(route: Route, components: Record<string, Json>): Json {
  const { streams } = route
  if (streams === undefined) return content(route.answer, components)
  return Object.fromEntries(streams.map((type) => [type, { schema: { type: 'string' } }]))
}

/** TypeBox marks schemas with symbols; JSON has none. */
function plainJson(schema: TSchema): Json {
  const parsed = parseJson(JSON.stringify(schema))
  if (!parsed.ok) throw new Error('a schema is JSON')
  return parsed.value as Json
}

/** Named schemas stand once, under components. */
function lifted(value: unknown, components: Record<string, Json>): unknown {
  if (Array.isArray(value)) return value.map((item) => lifted(item, components))
  if (typeof value !== 'object' || value === null) return value
  const { $id, ...rest } = value as Json
  const members = Object.fromEntries(
    Object.entries(rest).map(([name, member]) => [name, lifted(member, components)]),
  )
  if (typeof $id !== 'string') return members
  components[$id] = members
  return { $ref: `#/components/schemas/${$id}` }
}

function problems(route: Route): Json {
  const codes = [
    ...route.problems,
    ...ALWAYS,
    ...(route.scope === null ? [] : WITH_CREDENTIAL),
    ...(route.method === 'POST' ? COMMANDS : []),
  ]
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of [...new Set(codes)].sort()) {
    const list = byStatus.get(PROBLEMS[code].status) ?? []
    byStatus.set(PROBLEMS[code].status, [...list, code])
  }
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, list]) => [status, problemAnswer(list)]),
  )
}

function problemAnswer(codes: readonly ProblemCode[]): Json {
  return {
    description: codes.join(', '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

const PROBLEM: Json = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code', 'retry', 'remedy'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    retry: { type: 'string', enum: ['never', 'change', 'later'] },
    remedy: { type: 'string' },
    params: { type: 'object', additionalProperties: { type: 'string' } },
  },
}
