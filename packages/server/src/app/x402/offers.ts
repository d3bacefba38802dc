/**
 * Which of a seller's offers is taken: the cheapest that the profile allows, always the same one.
 *
 * @module
 */
import type { policy } from '@surety/domain'
import {
  type Crypto,
  canonicalize,
  type Environment,
  err,
  type Id,
  type Offer,
  ok,
  type PaymentRequired,
  type ProblemCode,
  parseOwnJson,
  parsePaymentRequired,
  type Quote,
  type Result,
  readOffers,
} from '@surety/protocol'

/** An offer, how it is named, and which principal the profile says it pays. */
export interface Chosen {
  readonly required: PaymentRequired
  readonly offer: Offer
  readonly payee: Id<'prn'>
  readonly quote: Quote
  /** What the seller said, and which part of it was chosen; its hash is the `offerHash`. */
  readonly document: string
  /** Whether the profile allows it, as far as that follows from the offer alone. */
  readonly isAllowed: boolean
}

export interface Terms {
  readonly profile: policy.CompiledProfile
  readonly environment: Environment
  /** The networks this house is connected to. */
  readonly networks: ReadonlySet<string>
  readonly maximum: { readonly amount: string; readonly asset: string } | null
}

/** What a seller asked for, taken from the value of PAYMENT-REQUIRED. */
export function chooseOffer(
  header: string | undefined,
  body: string,
  terms: Terms,
  crypto: Crypto,
): Result<Chosen, ProblemCode> {
  const required = parsePaymentRequired(header, body)
  if (!required.ok) return required
  const { offers, unusable } = readOffers(required.value, terms.environment)
  const known = offers.filter((offer) => payeeOf(terms.profile, offer) !== undefined)
  const payable = known.filter(({ network }) => terms.networks.has(network))
  if (payable.length === 0) {
    return known.length > 0
      ? err('network_not_configured', known[0]?.network ?? '')
      : err('offers_not_acceptable', complaints(offers, unusable))
  }
  // What nothing allows is decided upon too: the denial says why, and is a receipt.
  const allowed = payable.filter((offer) => isAllowed(terms, offer))
  const [offer] = (allowed.length > 0 ? allowed : payable).toSorted(byPrice)
  const payee = offer === undefined ? undefined : payeeOf(terms.profile, offer)
  if (offer === undefined || payee === undefined) throw new Error('an offer among some')
  if (exceeds(terms, offer)) {
    return err('offer_above_maximum', `${String(offer.amount)} of ${offer.asset.id}`)
  }
  const named = chosen(required.value, header ?? '', offer, crypto)
  return ok({ ...named, payee, isAllowed: allowed.length > 0 })
}

/** The very offer again that was chosen before, from what was kept of it. */
export function offerAgain(
  document: string,
  environment: Environment,
): Pick<Chosen, 'required' | 'offer'> {
  const kept = parseOwnJson(document) as unknown as { header: string; index: number }
  const { header, index } = kept
  const required = parsePaymentRequired(header)
  if (!required.ok) throw new Error('what was kept of an offer cannot be read')
  const offer = readOffers(required.value, environment).offers.find((each) => each.index === index)
  if (offer === undefined) throw new Error('the offer that was chosen is not there')
  return { required: required.value, offer }
}

function chosen(
  required: PaymentRequired,
  header: string,
  offer: Offer,
  crypto: Crypto,
): Omit<Chosen, 'payee' | 'isAllowed'> {
  const document = canonicalize({ header, index: offer.index })
  const quote: Quote = {
    offerHash: crypto.sha256(document),
    scheme: offer.scheme,
    network: offer.network,
    asset: offer.asset.id,
    amount: String(offer.amount),
    payTo: offer.payTo,
    validSeconds: offer.maxTimeoutSeconds,
    ...(offer.facilitator === undefined ? {} : { facilitator: offer.facilitator }),
  }
  return { required, offer, quote, document }
}

/** Who an address is, as the profile says; a seller does not say who it is. */
function payeeOf({ profile }: policy.CompiledProfile, offer: Offer): Id<'prn'> | undefined {
  return profile.x402?.payees.find(
    ({ network, payTo }) => network === offer.network && payTo === offer.payTo,
  )?.payee
}

function isAllowed({ profile }: Terms, offer: Offer): boolean {
  const { profile: written, assets, networks, perRequest } = profile
  const rules = written.x402
  return (
    assets.has(offer.asset.id) &&
    networks.has(offer.network) &&
    rules?.schemes.includes(offer.scheme) === true &&
    offer.maxTimeoutSeconds <= rules.validSecondsMax &&
    offer.amount <= (perRequest.get(offer.asset.id) ?? 0n)
  )
}

/**
 * By what it may cost at most; of equals what costs exactly that, then by where it stands: the same
 * list gives the same offer.
 */
function byPrice(a: Offer, b: Offer): number {
  const [x, y] = [worth(a), worth(b)]
  if (x !== y) return x < y ? -1 : 1
  return a.scheme === b.scheme ? a.index - b.index : a.scheme === 'exact' ? -1 : 1
}

const WORTH_DECIMALS = 18

function worth({ amount, asset }: Offer): bigint {
  return amount * 10n ** BigInt(WORTH_DECIMALS - asset.decimals)
}

function exceeds({ maximum }: Terms, { amount, asset }: Offer): boolean {
  if (maximum === null) return false
  return maximum.asset !== asset.id || amount > BigInt(maximum.amount)
}

function complaints(
  offers: readonly Offer[],
  unusable: readonly { readonly index: number; readonly refusal: string }[],
): string {
  const unknown = offers.map(({ index }) => ({ index, refusal: 'pay_to_not_allowed' }))
  const all = [...unusable, ...unknown].toSorted((a, b) => a.index - b.index)
  return all.map(({ index, refusal }) => `offer ${String(index + 1)}: ${refusal}`).join(', ')
}
