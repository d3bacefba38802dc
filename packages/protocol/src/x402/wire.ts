/**
 * x402 version 2 as a buyer speaks it: what a 402 asks for, the answer to it, and the receipt.
 *
 * What comes in is foreign: unknown members are ignored, sizes and counts are bounded, and an offer
 * counts only if the registry knows everything it names. Rules: spec/x402.md. Vectors:
 * spec/vectors/x402/.
 *
 * @module
 */
import type { JsonObject, JsonValue } from '../canonical-json.ts'
import { parseJson } from '../parse-json.ts'
import { err, ok, type Result } from '../result.ts'
import type { Environment } from '../schema.ts'
import { fromBase64Text, toBase64Text } from './base64.ts'
import { UPTO_PROXY } from './networks.ts'
import { isObject, type Offer, type OfferRefusal, readOffer } from './offer.ts'

/** The headers, as HTTP/1.1 carries them: names are compared without regard to case. */
export const X402_HEADERS = {
  required: 'payment-required',
  signature: 'payment-signature',
  response: 'payment-response',
  /** With the credential, to a payee who is registered here: what it may sign its answer for. */
  authorization: 'x-surety-authorization',
  /** From such a payee: its signed statement of what it answered. */
  statement: 'x-surety-response',
} as const

export const X402_LIMITS = {
  /** Of a header's value; it comes back in PAYMENT-SIGNATURE, and servers stop at 16 KiB. */
  headerLengthMax: 12_288,
  depthMax: 16,
  offersMax: 16,
  urlLengthMax: 2_048,
} as const

export interface PaymentRequired {
  /** The server's own name of what it sells; not authenticated by anything. */
  readonly resourceUrl: string
  readonly accepts: readonly JsonValue[]
  readonly resource: JsonObject
  readonly extensions: JsonObject | null
}

export type PaymentRequiredRefusal =
  | 'payment_required_missing'
  | 'payment_required_invalid'
  | 'payment_version_unsupported'

/**
 * Reads the answer to an unpaid request. The body matters only without the header: version 1 stands
 * there, and is refused by name.
 */
export function parsePaymentRequired(
  header: string | undefined,
  body = '',
): Result<PaymentRequired, PaymentRequiredRefusal> {
  if (header === undefined) {
    const value = jsonOf(body)
    return value !== undefined && 'x402Version' in value
      ? err('payment_version_unsupported', 'the terms are in the body, as in version 1')
      : err('payment_required_missing')
  }
  const value = readHeader(header)
  if (typeof value === 'string') return err('payment_required_invalid', value)
  if (value.x402Version !== 2) return err('payment_version_unsupported')
  const { resource, accepts, extensions = null } = value
  const url = isObject(resource) ? resource.url : undefined
  if (!isObject(resource) || typeof url !== 'string' || url.length > X402_LIMITS.urlLengthMax) {
    return err('payment_required_invalid', 'resource')
  }
  const isList = Array.isArray(accepts) && accepts.length > 0
  if (!isList || accepts.length > X402_LIMITS.offersMax) {
    return err('payment_required_invalid', 'accepts')
  }
  if (extensions !== null && !isObject(extensions)) {
    return err('payment_required_invalid', 'extensions')
  }
  return ok({ resourceUrl: url, accepts, resource, extensions })
}

export interface Offers {
  /** In the server's order. */
  readonly offers: readonly Offer[]
  readonly unusable: readonly { readonly index: number; readonly refusal: OfferRefusal }[]
}

/** Separates what can be paid in an environment from what cannot, with the reason for each. */
export function readOffers(required: PaymentRequired, environment: Environment): Offers {
  const read = required.accepts.map((each, index) => readOffer(each, index, environment))
  return {
    offers: read.flatMap((each) => (each.ok ? [each.value] : [])),
    unusable: read.flatMap((each, index) => (each.ok ? [] : [{ index, refusal: each.refusal }])),
  }
}

/** What the payer signed for an offer: EIP-3009, or for `upto` a permit of Permit2. */
export interface Credential {
  readonly from: string
  /** Unix seconds. */
  readonly validAfter: number
  readonly validBefore: number
  /** 64 lower-case hexadecimal digits. */
  readonly nonce: string
  /** `0x` and 130 hexadecimal digits. */
  readonly signature: string
}

/**
 * The value of PAYMENT-SIGNATURE. The same input gives the same text, so a credential is presented
 * again byte for byte. `paymentId` goes into the extension `payment-identifier` if it is offered.
 */
export function writePaymentSignature(
  required: PaymentRequired,
  offer: Offer,
  credential: Credential,
  paymentId?: string,
): string {
  const extensions = withPaymentId(required.extensions, paymentId)
  return toBase64Text(
    JSON.stringify({
      x402Version: 2,
      payload: payloadOf(offer, credential),
      ...(extensions === null ? {} : { extensions }),
      resource: required.resource,
      accepted: offer.accepted,
    }),
  )
}

function payloadOf(offer: Offer, credential: Credential): JsonObject {
  const { from, validAfter, validBefore, nonce, signature } = credential
  const { amount, payTo: to, facilitator } = offer
  if (facilitator === undefined) {
    const authorization = {
      from,
      to,
      value: String(amount),
      validAfter: String(validAfter),
      validBefore: String(validBefore),
      nonce: `0x${nonce}`,
    }
    return { authorization, signature }
  }
  const permit2Authorization = {
    from,
    permitted: { token: offer.asset.address, amount: String(amount) },
    spender: UPTO_PROXY,
    nonce: String(BigInt(`0x${nonce}`)),
    deadline: String(validBefore),
    witness: { to, facilitator, validAfter: String(validAfter) },
  }
  return { signature, permit2Authorization }
}

function withPaymentId(extensions: JsonObject | null, id: string | undefined): JsonObject | null {
  const declared = extensions?.['payment-identifier']
  if (id === undefined || !isObject(declared) || !isObject(declared.info)) return extensions
  const info = { ...declared.info, id }
  return { ...extensions, 'payment-identifier': { ...declared, info } }
}

/** What the server says became of the payment. Its word: the chain decides. */
export interface PaymentResponse {
  readonly success: boolean
  /** `0x` and 64 lower-case digits, if it names one. */
  readonly transaction: string | null
  readonly network: string | null
  readonly errorReason: string | null
  /** How much it says it took, in minor units, if it says so. */
  readonly amount?: string
  /** The text as it came, for the evidence. */
  readonly header: string
}

/** Reads PAYMENT-RESPONSE. Words of the server that are not words become null. */
export function parsePaymentResponse(
  header: string,
): Result<PaymentResponse, 'payment_response_invalid'> {
  const value = readHeader(header)
  if (typeof value === 'string') return err('payment_response_invalid', value)
  if (typeof value.success !== 'boolean') return err('payment_response_invalid', 'success')
  const transaction = matching(value.transaction, /^0x[0-9a-fA-F]{64}$/)?.toLowerCase() ?? null
  const amount = matching(value.amount, /^(?:0|[1-9][0-9]{0,17})$/)
  return ok({
    success: value.success,
    transaction,
    network: matching(value.network, /^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/),
    errorReason: matching(value.errorReason, /^[a-z0-9][a-z0-9_.]{0,63}$/),
    ...(amount === null ? {} : { amount }),
    header,
  })
}

function matching(value: JsonValue | undefined, pattern: RegExp): string | null {
  return typeof value === 'string' && pattern.test(value) ? value : null
}

/** The object in a header, or in a word what is wrong with it. */
function readHeader(header: string): JsonObject | 'too long' | 'not base64' | 'not a JSON object' {
  if (header.length > X402_LIMITS.headerLengthMax) return 'too long'
  const text = fromBase64Text(header)
  return text === undefined ? 'not base64' : (jsonOf(text) ?? 'not a JSON object')
}

function jsonOf(text: string): JsonObject | undefined {
  const { headerLengthMax, depthMax } = X402_LIMITS
  const parsed = parseJson(text, { lengthMax: headerLengthMax, depthMax })
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined
}
