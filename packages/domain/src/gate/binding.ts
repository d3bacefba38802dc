/**
 * What an authorization fits: one request, and every member of the deal behind it.
 *
 * @module
 */
import type { Authorization, ProblemCode, RequestFingerprint } from '@surety/protocol'

/** What the executor says it is about to do. Under strict binding every member is present. */
export interface Presented {
  readonly request: RequestFingerprint
  readonly amount?: string | undefined
  readonly asset?: string | undefined
  readonly payee?: string | undefined
  readonly rail?: string | undefined
  readonly grantHash?: string | undefined
  readonly policyHash?: string | undefined
  readonly nonce?: string | undefined
  readonly notAfter?: string | undefined
}

export type BindingRefusal = Extract<ProblemCode, `binding_${string}`>

const MEMBERS = [
  ['amount', 'amountMax', 'binding_amount_mismatch'],
  ['asset', 'asset', 'binding_asset_mismatch'],
  ['payee', 'payee', 'binding_payee_mismatch'],
  ['rail', 'rail', 'binding_rail_mismatch'],
  ['grantHash', 'grantHash', 'binding_grant_mismatch'],
  ['policyHash', 'policyHash', 'binding_policy_mismatch'],
  ['nonce', 'nonce', 'binding_nonce_mismatch'],
  ['notAfter', 'notAfter', 'binding_expiry_mismatch'],
] as const satisfies readonly (readonly [keyof Presented, keyof Authorization, BindingRefusal])[]

/** INVARIANT(binding): the first bound member that differs, or is missing where all are needed. */
export function bindingMismatch(
  authorization: Authorization,
  authorized: RequestFingerprint,
  presented: Presented,
  strict: boolean,
): BindingRefusal | undefined {
  const request = requestMismatch(authorized, presented.request)
  if (request !== undefined) return request
  for (const [member, bound, refusal] of MEMBERS) {
    const value = presented[member]
    if (value === undefined) {
      if (strict) return 'binding_incomplete'
    } else if (value !== authorization[bound]) {
      return refusal
    }
  }
  return undefined
}

function requestMismatch(
  authorized: RequestFingerprint,
  presented: RequestFingerprint,
): BindingRefusal | undefined {
  if ('tool' in authorized || 'tool' in presented) {
    const same =
      'tool' in authorized &&
      'tool' in presented &&
      authorized.server === presented.server &&
      authorized.tool === presented.tool &&
      authorized.argumentsHash === presented.argumentsHash
    return same ? undefined : 'binding_tool_mismatch'
  }
  if (authorized.method !== presented.method) return 'binding_method_mismatch'
  if (authorized.url !== presented.url) return 'binding_url_mismatch'
  if (authorized.bodyHash !== presented.bodyHash) return 'binding_body_mismatch'
  const same =
    authorized.headers.length === presented.headers.length &&
    authorized.headers.every((header, i) => {
      const other = presented.headers[i]
      return header.name === other?.name && header.value === other.value
    })
  return same ? undefined : 'binding_headers_mismatch'
}
