/**
 * Buying over x402 through Surety: fetch, and sign the intent where the policy asks for one.
 *
 * @module
 */
import { type Crypto, fromBase64url, type Id } from '@surety/protocol'
import type { Fetched, Operations } from './api.gen.ts'
import type { Client } from './client.ts'
import { AnswerError, ProblemError } from './errors.ts'
import { httpFingerprint, type Party } from './party.ts'

export type Purchase = Omit<Operations['postFetch']['body'], 'intent'>

export interface PurchaseOptions {
  readonly crypto: Crypto
  /** Who signs the intent; without one, an intent that is asked for is an error. */
  readonly party?: Party | undefined
  /** The name of this purchase: sent again under it, it is the same one, and never paid twice. */
  readonly idempotencyKey: string
}

/**
 * Fetches a URL and pays for it, within policy, grant and `maximum`.
 *
 * An answer of more than 4 MiB comes with the gate as it was while it passed: read the gate for its
 * end.
 *
 * Throws a `ProblemError`: `payment_denied` and `payment_waiting` carry the decision. A purchase
 * whose settlement is `unknown` is an answer; it may be asked for again with the same key.
 */
export async function fetchPaid(
  client: Client,
  purchase: Purchase,
  { crypto, party, idempotencyKey }: PurchaseOptions,
): Promise<Fetched> {
  try {
    return await client.call('postFetch', { body: purchase, idempotencyKey })
  } catch (error) {
    const isAsked = error instanceof ProblemError && error.code === 'intent_signature_required'
    if (!isAsked || party === undefined) throw error
    const terms = termsIn(error.problem.params ?? {}, purchase)
    const { method = 'GET', url, grantHash } = purchase
    const headers = (purchase.headers ?? []).map(({ name, value }) => [name, value] as const)
    const body = bodyOf(purchase)
    const { jws } = party.intent({
      requestFingerprint: httpFingerprint({ method, url, body, headers }, crypto),
      action: 'purchase',
      riskClass: 'financial',
      sideEffecting: !['GET', 'HEAD', 'OPTIONS'].includes(method),
      ...terms,
      grantHash,
    })
    return client.call('postFetch', { body: { ...purchase, intent: jws }, idempotencyKey })
  }
}

function bodyOf({ body = '', bodyBase64 }: Purchase): string | Uint8Array {
  return bodyBase64 === undefined ? body : (fromBase64url(bodyBase64) ?? body)
}

/** What the seller asks for, as Surety says it; more than the maximum is not signed. */
function termsIn(said: Readonly<Record<string, string>>, { maximum }: Purchase) {
  const term = (name: string): string => {
    const value = said[name]
    if (value === undefined) throw new AnswerError('metadata_missing', name)
    return value
  }
  const [amount, asset] = [term('amount'), term('asset')]
  if (!/^\d{1,18}$/.test(amount)) throw new AnswerError('answer_malformed', 'the amount to sign')
  const isWithin =
    maximum === undefined || (maximum.asset === asset && BigInt(amount) <= BigInt(maximum.amount))
  if (!isWithin) throw new AnswerError('metadata_mismatch', `${amount} of ${asset}`)
  const payee = term('payee') as Id<'prn'>
  return { amount, asset, payee, rail: term('rail'), network: term('network') }
}
