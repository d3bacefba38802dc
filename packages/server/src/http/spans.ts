/**
 * A span for each request, for whoever brings an OpenTelemetry SDK; without one nothing is kept.
 *
 * The trace that a request belongs to is the one its caller names, and the one its events name.
 *
 * @module
 */
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest } from 'fastify'

const tracer = trace.getTracer('surety')

interface Traced {
  readonly span: Span
  readonly within: ReturnType<typeof context.active>
}

const traced = new WeakMap<FastifyRequest, Traced>()

/** Begins the span of a request, below the one its `traceparent` names. */
export function beginSpan(request: FastifyRequest, route: string): void {
  const { method, id } = request
  const parent = propagation.extract(context.active(), request.headers)
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'surety.request_id': id,
  }
  const span = tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent)
  if (span.isRecording()) traced.set(request, { span, within: trace.setSpan(parent, span) })
}

/** The trace that the span of a request belongs to, where one is kept. */
export function traceIdOfSpan(request: FastifyRequest): string | undefined {
  return traced.get(request)?.span.spanContext().traceId
}

/** Does the work of a request inside its span. */
export function withinSpan<Value>(request: FastifyRequest, work: () => Value): Value {
  const within = traced.get(request)?.within
  return within === undefined ? work() : context.with(within, work)
}

/** Ends the span with what came out: the status, and what was decided. */
export function endSpan(request: FastifyRequest, reply: FastifyReply): void {
  const span = traced.get(request)?.span
  if (span === undefined) return
  const { statusCode } = reply
  span.setAttribute('http.response.status_code', statusCode)
  for (const [header, name] of STATED) {
    const value = reply.getHeader(header)
    if (value !== undefined) span.setAttribute(name, String(value))
  }
  if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

const STATED = [
  ['x-surety-decision-id', 'surety.decision_id'],
  ['x-surety-policy-decision', 'surety.decision'],
  ['x-surety-reason-code', 'surety.reason_code'],
  ['x-surety-settlement-status', 'surety.settlement'],
] as const
