/**
 * Holds every answer of the HTTP door to what its route promises: shape, status, headers, problems.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { PROBLEMS, type ProblemCode, parseAs, parseJson } from '@surety/protocol'
import type { Fetch } from '@surety/sdk'
import { openApi } from '../../packages/server/src/http/openapi.ts'
import type { Route } from '../../packages/server/src/http/route.ts'
import { API_ROUTES } from '../../packages/server/src/http/routes.ts'

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly text: string
}

export type Json = { readonly [name: string]: unknown }

const POLICY_HEADERS = [
  'x-surety-policy-decision',
  'x-surety-policy-hash',
  'x-surety-decision-id',
  'x-surety-settlement-status',
  'x-surety-verification-status',
  'x-surety-reason-code',
]

const PATTERNS = API_ROUTES.map((route) => {
  const path = route.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')
  return { route, pattern: new RegExp(`^${path}$`) }
})

const PATHS = openApi(API_ROUTES).paths as Readonly<
  Record<string, Readonly<Record<string, { responses: Readonly<Record<string, Json>> }>>>
>

/** The problems that the published description names for each route. */
const DOCUMENTED = new Map(
  API_ROUTES.map((route) => {
    const { responses = {} } = PATHS[route.path]?.[route.method.toLowerCase()] ?? {}
    const named = Object.entries(responses).filter(
      ([status]) => status >= '400' || status === '202',
    )
    return [route, new Set(named.flatMap(([, { description }]) => String(description).split(', ')))]
  }),
)

/** The route that a method and a path belong to. */
function routeOf(method: string, url: string): Route | undefined {
  const { pathname } = new URL(url, 'http://house')
  return PATTERNS.find(({ route, pattern }) => route.method === method && pattern.test(pathname))
    ?.route
}

/** Fails unless the answer is one that this route may give. */
export function ensureAnswer(method: string, url: string, answer: Answer): void {
  const route = routeOf(method, url)
  if (answer.status >= 400 || answer.status === 202) {
    const code = ensureProblem(answer)
    const known = route === undefined ? undefined : DOCUMENTED.get(route)
    assert.ok(known?.has(code) !== false, `${method} ${url}: \`${code}\` is not documented`)
    return
  }
  assert.ok(route !== undefined, `${method} ${url} answered ${String(answer.status)}`)
  assert.equal(answer.status, route.status)
  const mediaType = answer.headers.get('content-type') ?? ''
  if (route.streams !== undefined) {
    assert.ok(route.streams.includes(mediaType.split(';', 1)[0] ?? ''), mediaType)
    return
  }
  assert.match(mediaType, /^application\/json/)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const value = jsonOf(answer)
  const shaped = parseAs(route.answer, value)
  assert.ok(shaped.ok, `${route.method} ${route.path}: ${shaped.ok ? '' : (shaped.detail ?? '')}`)
  const about = ((value as Json).gate ?? value) as Json
  const isProbe = (value as Json).probe != null
  const decided = isProbe || ('gateId' in about && about.decision != null)
  for (const name of POLICY_HEADERS) assert.equal(answer.headers.get(name) !== null, decided, name)
}

const MEMBERS = [
  'type',
  'title',
  'status',
  'detail',
  'instance',
  'code',
  'retry',
  'remedy',
  'params',
]

/** Fails unless the answer is one of our problems, whole, and gives nothing of the inside away. */
export function ensureProblem(answer: Answer): ProblemCode {
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, answer.text)
  const problem = jsonOf(answer) as Json
  const code = problem.code as ProblemCode
  assert.ok(Object.hasOwn(PROBLEMS, code), `\`${code}\` is not registered`)
  const { status, retry, title, remedy } = PROBLEMS[code]
  assert.equal(answer.status, status)
  assert.deepEqual(
    [problem.status, problem.retry, problem.title, problem.remedy, problem.type],
    [status, retry, title, remedy, `/problems/${code}`],
  )
  assert.ok(Object.keys(problem).every((name) => MEMBERS.includes(name)))
  assert.doesNotMatch(answer.text, /node_modules|\.ts:|\.js:|SQLITE|at [A-Z]\w+\.|Error:/)
  if (status === 503 || code === 'idempotency_in_flight') {
    assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  }
  if (status === 401) assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/)
  return code
}

export function jsonOf(answer: Answer): unknown {
  const parsed = parseJson(answer.text, { lengthMax: 134_217_728, depthMax: 64 })
  assert.ok(parsed.ok, `not strict JSON: ${answer.text.slice(0, 80)}`)
  return parsed.value
}

/** The code of a problem; the word `ok` for an answer that is none. */
export function codeOf(answer: Answer): string {
  return answer.status < 400 ? 'ok' : ensureProblem(answer)
}

/** The platform's fetch, with every answer held to its route. */
export const checkedFetch: Fetch = async (url, init) => {
  const response = await fetch(url, { ...init, redirect: 'error' })
  const text = await response.text()
  const answer = { status: response.status, headers: response.headers, text }
  ensureAnswer(init.method, url, answer)
  return { ...answer, text: async () => text }
}
