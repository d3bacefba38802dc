/** The house itself: health, keys, and the registries that explain its answers. */
import { Type } from '@sinclair/typebox'
import {
  closed,
  DecisionOutcome,
  err,
  formatInstant,
  idOf,
  Jwks,
  ok,
  PROBLEMS,
  type ProblemCode,
  REASON_CODES,
  words,
} from '@surety/protocol'
import { plain, type Route, route } from '../route.ts'

const none = { scope: null, params: null, query: null, body: null, status: 200 } as const

const health = route({
  ...none,
  method: 'GET',
  path: '/healthz',
  summary: 'Whether the process is up',
  answer: closed({ status: Type.Literal('ok') }),
  problems: [],
  handle: async () => plain(ok({ status: 'ok' })),
})

const ready = route({
  ...none,
  method: 'GET',
  path: '/readyz',
  summary: 'Whether the store answers',
  answer: closed({ status: Type.Literal('ready'), waiting: Type.Integer({ minimum: 0 }) }),
  problems: ['store_unavailable'],
  handle: async ({ app }) => {
    await app.store.reads.unsigned(1)
    return plain(ok({ status: 'ready', waiting: app.store.waiting }))
  },
})

const jwks = route({
  ...none,
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'The public keys of Surety, retired ones included',
  answer: Jwks,
  problems: [],
  handle: async ({ app }) => plain(ok(app.signer.jwks())),
})

const RegistryEntry = closed({
  code: Type.String(),
  status: Type.Integer(),
  retry: words(['never', 'change', 'later']),
  meaning: Type.String(),
  remedy: Type.String(),
})

const reasons = route({
  ...none,
  method: 'GET',
  path: '/v1/reason-codes',
  summary: 'Why decisions come out as they do, in order of precedence',
  answer: Type.Array(
    closed({
      ...RegistryEntry.properties,
      class: Type.String(),
      outcome: DecisionOutcome,
      lift: words(['party', 'operator', 'never'], 'whose approval lifts the failure'),
    }),
  ),
  problems: [],
  handle: async () =>
    plain(ok(Object.entries(REASON_CODES).map(([code, type]) => ({ code, ...type })))),
})

const problems = route({
  ...none,
  method: 'GET',
  path: '/v1/problems',
  summary: 'Every problem code, what it means, and what helps',
  answer: Type.Array(RegistryEntry),
  problems: [],
  handle: async () =>
    plain(
      ok(
        Object.entries(PROBLEMS).map(([code, { status, retry, title: meaning, remedy }]) => ({
          code,
          status,
          retry,
          meaning,
          remedy,
        })),
      ),
    ),
})

const problem = route({
  ...none,
  method: 'GET',
  path: '/problems/{code}',
  summary: 'What a problem code means, and what helps',
  params: closed({ code: Type.String({ pattern: '^[a-z0-9_]{1,64}$' }) }),
  answer: RegistryEntry,
  problems: ['route_not_found'],
  handle: async ({ params: { code } }) => {
    if (!Object.hasOwn(PROBLEMS, code)) return err('route_not_found')
    const { status, retry, title: meaning, remedy } = PROBLEMS[code as ProblemCode]
    return plain(ok({ code, status, retry, meaning, remedy }))
  },
})

const whoami = route({
  ...none,
  method: 'GET',
  path: '/v1/whoami',
  summary: 'Whose API key this is, and what it may do',
  scope: 'read',
  answer: closed({
    principalId: idOf('prn'),
    tenantId: idOf('ten'),
    environment: words(['sandbox', 'production']),
    scopes: Type.Array(Type.String()),
    now: Type.String(),
  }),
  problems: [],
  handle: async ({ app, caller }) =>
    plain(
      ok({
        principalId: caller.principalId,
        ...caller.scope,
        scopes: [...caller.scopes].sort(),
        now: formatInstant(app.clock.now()),
      }),
    ),
})

const openapi = (describe: () => object): Route =>
  route({
    ...none,
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API, described',
    answer: Type.Object({}),
    problems: [],
    handle: async () => plain(ok(describe())),
  })

/** `describe` knows all routes, these included. */
export function houseRoutes(describe: () => object): readonly Route[] {
  return [health, ready, jwks, reasons, problems, problem, whoami, openapi(describe)]
}
