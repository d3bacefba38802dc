/**
 * The proxy as OpenAPI describes it: any method, any body, and the answer of somebody else.
 *
 * @module
 */
import { PROBLEMS, type ProblemCode } from '@surety/protocol'

export const PROXY_PATH = '/proxy/{alias}/{path}'
export const PROXY_METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

type Json = { [name: string]: unknown }

/** What may go wrong with a purchase, through whichever door, besides what its agent signed. */
export const BUYING_PROBLEMS = [
  'web_url_invalid',
  'web_header_refused',
  'web_address_refused',
  'web_name_unresolved',
  'web_unreachable',
  'web_timeout',
  'web_answer_invalid',
  'web_answer_too_large',
  'payment_required_missing',
  'payment_required_invalid',
  'payment_version_unsupported',
  'payment_denied',
  'payment_waiting',
  'intent_signature_required',
  'intent_not_for_purchase',
  'intent_expired',
  'intent_lifetime_invalid',
  'intent_already_declared',
  'nonce_already_used',
  'commit_control_active',
  'commit_policy_changed',
  'commit_wallet_frozen',
  'permit_allowance_required',
  'facilitator_is_contract',
  'commit_grant_not_usable',
  'authorization_expired',
  'quote_changed',
  'offer_above_maximum',
  'offers_not_acceptable',
  'network_not_configured',
  'chain_unavailable',
  'chain_mismatch',
  'wallet_key_missing',
  'wallet_key_unreadable',
  'amount_overflow',
  'response_not_kept',
] as const satisfies readonly ProblemCode[]

const PROXY_PROBLEMS = [
  ...BUYING_PROBLEMS,
  'proxy_alias_not_found',
  'proxy_header_invalid',
  'payment_unknown',
  'response_missing',
  'idempotency_key_reused',
  'idempotency_in_flight',
  'principal_not_active',
  'control_active',
  'body_too_large',
] as const satisfies readonly ProblemCode[]

const text = (pattern?: string): Json => ({
  type: 'string',
  ...(pattern === undefined ? {} : { pattern }),
})

function parameter(place: string, name: string, schema: Json, description: string): Json {
  return { name, in: place, required: place === 'path', schema, description }
}

const PARAMETERS = [
  parameter('path', 'alias', text(), 'an `alias` of the profile’s `x402.origins`'),
  parameter('path', 'path', text(), 'path and query, as they are sent to the origin'),
  {
    ...parameter('header', 'X-Surety-Grant', text('^[0-9a-f]{64}$'), 'the grant to buy under'),
    required: true,
  },
  parameter('header', 'X-Surety-Maximum', text(), 'amount in minor units, a space, the asset'),
  parameter('header', 'X-Surety-Intent', text(), 'the `ExecutionIntent.v1` the agent signed'),
  parameter('header', 'Idempotency-Key', text('^[A-Za-z0-9._:-]{8,128}$'), 'names the purchase'),
]

/** One path, the same for each method. */
export function proxyPath(given: {
  readonly answer: (codes: ProblemCode[]) => Json
  readonly always: readonly ProblemCode[]
}): Json {
  const codes = [...new Set<ProblemCode>([...PROXY_PROBLEMS, ...given.always])].sort()
  const byStatus = Object.groupBy(codes, (code) => String(PROBLEMS[code].status))
  const problems = Object.entries(byStatus).map(([status, list = []]) => [
    status,
    given.answer(list),
  ])
  const operations = PROXY_METHODS.map((method) => {
    const name = method.toLowerCase()
    return [name, operation(name, Object.fromEntries(problems))]
  })
  return Object.fromEntries(operations)
}

function operation(method: string, problems: Json): Json {
  return {
    operationId: `${method}Proxy`,
    summary: 'Ask an origin of the profile, and pay for it over x402 if the policy says so',
    description:
      'The same purchase as `POST /v1/fetch`. Answers what the origin answered, with `X-Surety-Answer-Of`; a problem without that header is of Surety.',
    security: [{ apiKey: [] }],
    'x-surety-scope': 'gates:write',
    parameters: PARAMETERS,
    responses: {
      default: { description: 'what the origin answered', content: { '*/*': { schema: {} } } },
      ...problems,
    },
    tags: ['proxy'],
  }
}
