/**
 * The headers of our own: policy metadata out, keys and traces in.
 *
 * @module
 */
import type { JsonObject } from '@surety/protocol'

/**
 * The six headers that every answer about a decided gate carries, so that a client can hold the
 * answer against the recorded decision.
 */
export function policyHeaders(view: JsonObject): Readonly<Record<string, string>> {
  const decision = view.decision as JsonObject | null | undefined
  if (decision === null || decision === undefined) return {}
  // An unpaid probe is decided without a gate.
  if (!('gateId' in view) && !('probeId' in decision)) return {}
  const settlement = view.settlement as JsonObject | null | undefined
  return {
    'x-surety-policy-decision': String(decision.decision),
    'x-surety-policy-hash': String(decision.policyHash),
    'x-surety-decision-id': String(decision.decisionId),
    'x-surety-settlement-status': String(settlement?.status ?? 'none'),
    'x-surety-verification-status': String(settlement?.colour ?? 'none'),
    'x-surety-reason-code': String(decision.reasonCode),
  }
}

const KEY = /^[A-Za-z0-9._:-]{8,128}$/

/** An idempotency key as sent: absent, usable, or neither. */
export function idempotencyKey(header: unknown): string | undefined | null {
  if (header === undefined) return undefined
  return typeof header === 'string' && KEY.test(header) ? header : null
}

/** The trace id of a W3C `traceparent`, if there is a sound one. */
export function traceIdOf(header: unknown): string | undefined {
  const match = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(String(header ?? ''))
  return match?.[1] === '0'.repeat(32) ? undefined : match?.[1]
}

/** The token of `Authorization: Bearer`. */
export function bearerOf(header: unknown): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(String(header ?? ''))?.[1]
}
