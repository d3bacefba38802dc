/**
 * The one place where a refusal, a failure or a fault becomes an HTTP answer.
 *
 * @module
 */
import { STATUS_CODES } from 'node:http'
import { type Problem, type ProblemCode, renderProblem } from '@surety/protocol'
import type { FastifyError, FastifyReply } from 'fastify'
import { Failure } from '../ports.ts'

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'
const RETRY_AFTER_S = '1'

/** Sends a problem; what may be tried again later says when. */
export function sendProblem(
  reply: FastifyReply,
  code: ProblemCode,
  requestId: string,
  detail?: string,
): FastifyReply {
  const problem: Problem = renderProblem(code, { detail, instance: requestId })
  if (problem.status === 503 || code === 'idempotency_in_flight') {
    reply.header('retry-after', RETRY_AFTER_S)
  }
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="surety"')
  return reply.status(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem))
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
