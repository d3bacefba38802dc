/**
 * The HTTP door: routes as data on Fastify. Parse, call one use case, render.
 *
 * @module
 */
import { type Duplex, Readable } from 'node:stream'
import { hashOf, mintId, ok, type ProblemCode, parseAs, type Result, toHex } from '@surety/protocol'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { App, Caller } from '../app/runtime.ts'
import type { Config } from '../config.ts'
import type { Idempotency } from '../ports.ts'
import { readBody } from './body.ts'
import { callerOf } from './caller.ts'
import { idempotencyKey, policyHeaders } from './headers.ts'
import { METRICS_PATH, serveMetrics } from './metrics.ts'
import { codeOf, rawProblem, sendDecided, sendProblem, whenOver } from './problem.ts'
import { serveProxy } from './purchase/proxy.ts'
import type { Reply, Route } from './route.ts'
import { API_ROUTES } from './routes.ts'
import { beginSpan, endSpan, withinSpan } from './spans.ts'

export interface Door {
  readonly fastify: FastifyInstance
  /** Requests in progress. */
  readonly busy: () => number
}

/** Builds the door over an application; it does not listen yet. */
export function httpDoor(app: App, config: Config, isStopping: () => boolean): Door {
  const requestId = () => mintId('req', app.clock.now(), BigInt(`0x${toHex(app.random.bytes(9))}`))
  const fastify = Fastify({
    bodyLimit: config.bodyBytesMax,
    requestTimeout: 15_000,
    connectionTimeout: 60_000,
    routerOptions: { maxParamLength: 512 },
    return503OnClosing: false,
    genReqId: requestId,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // A request without a host gets its 400 below, as a problem.
    http: { requireHostHeader: false, connectionsCheckingInterval: 2_000 },
    // Attacker-controlled: what the router cannot read, and what never becomes a request.
    frameworkErrors: (error, request, reply) => sendProblem(reply, codeOf(error), request.id),
    clientErrorHandler: (_error, socket) => refuse(socket, requestId()),
  })
  fastify.server.on('checkExpectation', (_request, response) =>
    refuse(response.socket, requestId()),
  )
  fastify.server.on('connect', (_request, socket) => refuse(socket, requestId()))
  const inFlight = new Set<string>()
  const callers = new WeakMap<FastifyRequest, Caller>()
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  watch(fastify, app)
  const busy = admit(fastify, app, config, {
    isStopping,
    isKept: (request) => mayUseKept(request, callers.get(request)),
  })
  answerErrors(fastify, app, config)
  for (const route of API_ROUTES) {
    fastify.route({
      method: route.method,
      config: {
        path: route.path,
        isQuick: route.streams === undefined && route.scope !== 'gates:write',
      },
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      onRequest: async (request, reply) => {
        const caller = await callerOf(app, route.scope, request)
        if (caller.ok) callers.set(request, caller.value)
        else return sendProblem(reply, caller.refusal, request.id, caller.detail)
        return undefined
      },
      handler: (request, reply) => {
        const caller = callers.get(request)
        if (caller === undefined) throw new Error('a request without a caller')
        const serving = { app, route, inFlight, caller, isEnding: isStopping }
        return withinSpan(request, () => serve(serving, request, reply))
      },
    })
  }
  serveMetrics(fastify, app, callerOf, busy)
  serveProxy(fastify, app, callerOf)
  return { fastify, busy }
}

/** Every answer is counted by its route, and every request is a span for whoever looks. */
function watch(fastify: FastifyInstance, app: App): void {
  const routeOf = (request: FastifyRequest): string => {
    const { path } = request.routeOptions.config as { readonly path?: string }
    return path ?? 'none'
  }
  fastify.addHook('onRequest', (request, _reply, done) => {
    beginSpan(request, routeOf(request))
    done()
  })
  fastify.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply
    app.meter.request(request.method, routeOf(request), statusCode, elapsedTime / 1_000)
    endSpan(request, reply)
    done()
  })
}

/** Who is let in, and how many at a time. Answers how many are. */
function admit(
  fastify: FastifyInstance,
  app: App,
  config: Config,
  {
    isStopping,
    isKept,
  }: { readonly isStopping: () => boolean; readonly isKept: (request: FastifyRequest) => boolean },
): () => number {
  let busy = 0
  let kept = 0
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    reply.header('cache-control', 'no-store')
    const wrong = isStopping() ? 'shutting_down' : wrongHead(request)
    if (wrong === undefined) done()
    else void sendProblem(reply.header('connection', 'close'), wrong, request.id)
  })
  // After the credential, before the body: a stranger takes no place, and memory is bounded by what
  // is in progress.
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    // INVARIANT(control): whoever can stop things is let in, whatever is under way.
    if (kept < KEPT_PLACES && isKept(request)) {
      kept += 1
      whenOver(reply, () => {
        kept -= 1
      })
      return done()
    }
    const full = busy >= config.requestsMax || app.store.waiting >= config.waitingMax
    if (full && !ALWAYS_ANSWERED.includes(request.url)) {
      return void sendProblem(reply, 'overloaded', request.id)
    }
    busy += 1
    whenOver(reply, () => {
      busy -= 1
    })
    return done()
  })
  return () => busy + kept
}

/** How many requests of operators have places that nobody else can take. */
const KEPT_PLACES = 32
/** Who holds one of these is an operator; software never does. */
const KEPT_FOR = ['controls:write', 'approvals:answer'] as const

/** A request of an operator that is over soon: no stream, nothing that is fetched. */
function mayUseKept(request: FastifyRequest, caller: Caller | undefined): boolean {
  const { isQuick } = request.routeOptions.config as { readonly isQuick?: boolean }
  return isQuick === true && KEPT_FOR.some((scope) => caller?.scopes.has(scope) === true)
}

/** What is thrown, and what no route takes, becomes a problem. */
function answerErrors(fastify: FastifyInstance, app: App, config: Config): void {
  fastify.setErrorHandler((error: Error, request, reply) => {
    const code = codeOf(error)
    if (code === 'internal_fault' || code === 'store_unavailable') {
      app.log.warn({ err: error, requestId: request.id }, code)
    }
    const detail =
      code === 'body_too_large' ? `at most ${String(config.bodyBytesMax)} bytes` : undefined
    return sendProblem(reply, code, request.id, detail)
  })
  fastify.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url)
    if (methods.length === 0) return sendProblem(reply, 'route_not_found', request.id)
    return sendProblem(reply.header('allow', methods.join(', ')), 'method_not_allowed', request.id)
  })
}

/** Answers a connection that speaks no usable HTTP, and ends it. */
function refuse(socket: Duplex | null, requestId: string): void {
  if (socket?.writable !== true) return void socket?.destroy()
  socket.end(rawProblem('request_malformed', requestId), () => socket.destroy())
}

/** What is wrong with a request before its body is read. */
function wrongHead({ method, headers, raw }: FastifyRequest): ProblemCode | undefined {
  // RFC 9112 §3.2: without a host a request of HTTP/1.1 is refused.
  if (headers.host === undefined && raw.httpVersion === '1.1') return 'request_malformed'
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers
  const reading = method === 'GET' || method === 'HEAD'
  return reading && (length !== '0' || encoding !== undefined) ? 'request_malformed' : undefined
}

/** Wanted most when there is too much to do. */
const ALWAYS_ANSWERED = ['/healthz', METRICS_PATH]

const METRICS_ROUTE = { method: 'GET', path: METRICS_PATH } as const
const PATTERNS = [...API_ROUTES, METRICS_ROUTE].map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}))

/** The methods a path takes; none if there is no such path. */
function methodsOf(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1)
  return PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)
}

interface Serving {
  readonly app: App
  readonly route: Route
  /** INVARIANT(once): the keys whose first request is still being answered. */
  readonly inFlight: Set<string>
  readonly caller: Caller
  readonly isEnding: () => boolean
}

async function serve(
  serving: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, route, inFlight, caller } = serving
  // Whoever has gone is told no more: a stream that waits for news would not notice by itself.
  const isEnding = () => serving.isEnding() || reply.raw.closed
  const parsed = parse(app, route, request, caller)
  if (!parsed.ok) return sendProblem(reply, parsed.refusal, request.id, parsed.detail)
  const { idempotency } = parsed.value
  const name = idempotency === null ? undefined : `${idempotency.principalId}:${idempotency.key}`
  if (name !== undefined) {
    if (inFlight.has(name)) return sendProblem(reply, 'idempotency_in_flight', request.id)
    inFlight.add(name)
  }
  try {
    const over = (work: () => void) => whenOver(reply, work)
    const asked = { app, caller, isEnding, whenOver: over, ...parsed.value }
    const answered = await route.handle(asked as never)
    return send(reply, route, answered, request.id)
  } finally {
    if (name !== undefined) inFlight.delete(name)
  }
}

function send(reply: FastifyReply, route: Route, answered: Reply, requestId: string): FastifyReply {
  if (!answered.ok) {
    const { refusal, detail, params } = answered
    return sendProblem(reply, refusal, requestId, detail, params)
  }
  const { value } = answered
  if (value.type === 'stream') {
    reply.status(route.status).type(value.mediaType).header('x-accel-buffering', 'no')
    reply.headers(policyHeaders(value.about ?? {}))
    return reply.send(Readable.from(value.chunks))
  }
  if (value.type === 'body') {
    const headers = policyHeaders(value.about ?? ((value.body ?? {}) as never))
    return reply.status(route.status).headers(headers).send(value.body)
  }
  if (value.type === 'decided') return sendDecided(reply, value, requestId)
  const { view, receipts, replayed } = value.signed
  reply.status(route.status).headers(policyHeaders(value.about ?? view))
  if (replayed) reply.header('idempotent-replayed', 'true')
  return reply.send({ ...view, receipts })
}

interface Parsed {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly idempotency: Idempotency | null
  readonly lastEventId: string | undefined
}

function parse(
  app: App,
  route: Route,
  request: FastifyRequest,
  caller: Caller,
): Result<Parsed, ProblemCode> {
  // An id that does not look like one names nothing: the same answer as for one that is missing.
  if (route.params !== null && !parseAs(route.params, request.params).ok) {
    return { ok: false, refusal: missingOf(route) }
  }
  const query = (request.query ?? {}) as Record<string, unknown>
  if (route.query === null && Object.keys(query).length > 0) {
    return { ok: false, refusal: 'schema_mismatch', detail: 'this route takes no query' }
  }
  const shaped = route.query === null ? ok({}) : parseAs(route.query, { ...query })
  if (!shaped.ok) return shaped
  const body = readBody(request.body, route.body)
  if (!body.ok) return body
  const key = idempotencyKey(request.headers['idempotency-key'])
  if (key === null) return { ok: false, refusal: 'idempotency_key_invalid' }
  const keyed = key !== undefined && route.method === 'POST' && caller.principalId !== 'system'
  const idempotency = keyed
    ? {
        principalId: caller.principalId as Idempotency['principalId'],
        key,
        requestHash: hashOf([route.method, request.url, body.value ?? null], app.crypto),
      }
    : null
  const last = request.headers['last-event-id']
  const lastEventId = typeof last === 'string' && /^\d{1,15}$/.test(last) ? last : undefined
  const { params } = request
  return ok({ params, query: shaped.value, body: body.value, idempotency, lastEventId })
}

function missingOf(route: Route): ProblemCode {
  return route.problems.find((code) => code.endsWith('_not_found')) ?? 'route_not_found'
}
