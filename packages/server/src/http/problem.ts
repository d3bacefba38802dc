/**
 * The one place where a refusal, a failure or a fault becomes an HTTP answer.
 *
 * @module
 */
import { STATUS_CODES } from 'node:http'
import {
  type JsonObject,
  type Problem,
  type ProblemCode,
  REASON_CODES,
  renderProblem,
} from '@surety/protocol'
import type { FastifyError, FastifyReply } from 'fastify'
import { Failure } from '../ports.ts'
import { policyHeaders } from './headers.ts'

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'
const RETRY_AFTER_S = '1'

/** Sends a problem; what may be tried again later says when. */
export function sendProblem(
  reply: FastifyReply,
  code: ProblemCode,
  requestId: string,
  detail?: string,
  params?: Readonly<Record<string, string>>,
): FastifyReply {
  const problem: Problem = renderProblem(code, { detail, instance: requestId, params })
  if (problem.status === 503 || code === 'idempotency_in_flight') {
    reply.header('retry-after', RETRY_AFTER_S)
  }
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="surety"')
  return reply.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
}

/** Sends what a decision refused, with the decision: its words in the body, and the six headers. */
export function sendDecided(
  reply: FastifyReply,
  { code, view }: { readonly code: ProblemCode; readonly view: JsonObject },
  requestId: string,
): FastifyReply {
  const decision = (view.decision ?? {}) as JsonObject
  const named: JsonObject = {
    ...(view.gateId === undefined ? {} : { gateId: view.gateId }),
    ...decision,
  }
  const members = ['gateId', 'decisionId', 'decision', 'reasonCode', 'policyHash'] as const
  const params = Object.fromEntries(
    members.flatMap((member) => {
      const value = named[member]
      return typeof value === 'string' ? [[member, value]] : []
    }),
  )
  const reason = params.reasonCode as keyof typeof REASON_CODES | undefined
  const detail = reason === undefined ? undefined : REASON_CODES[reason].meaning
  if ('gateId' in params) reply.header('location', `/v1/gates/${params.gateId ?? ''}`)
  return sendProblem(reply.headers(policyHeaders(view)), code, requestId, detail, params)
}

/** Does it once the answer has gone out, or the connection has. */
export function whenOver(reply: FastifyReply, work: () => void): void {
  if (reply.raw.closed) work()
  else reply.raw.once('close', work)
}

/** A problem as a whole HTTP response, for what never became a request. */
export function rawProblem(code: ProblemCode, requestId: string): string {
  const problem = renderProblem(code, { instance: requestId })
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${String(problem.status)} ${STATUS_CODES[problem.status] ?? ''}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${String(Buffer.byteLength(body))}`,
    'cache-control: no-store',
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

const FRAMEWORK_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_malformed',
  FST_ERR_BAD_URL: 'request_malformed',
}

/** What a thrown error is to the caller. Only a fault of ours is a 500. */
export function codeOf(error: FastifyError | Error): ProblemCode {
  if (error instanceof Failure) return error.code
  const known = 'code' in error ? FRAMEWORK_CODES[String(error.code)] : undefined
  if (known !== undefined) return known
  const status = 'statusCode' in error ? Number(error.statusCode) : 500
  return status >= 400 && status < 500 ? 'request_malformed' : 'internal_fault'
}
