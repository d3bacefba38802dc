/**
 * An offer of an x402 server, taken from the wire only if everything in it is known and exact.
 *
 * Rules and order of refusals: spec/x402.md. Vectors: spec/vectors/x402/.
 *
 * @module
 */
import type { JsonObject, JsonValue } from '../canonical-json.ts'
import { parseAmount } from '../money.ts'
import { err, ok, type Result } from '../result.ts'
import type { Environment } from '../schema.ts'
import { CHAIN_ASSETS, type ChainAsset, NETWORKS } from './networks.ts'

/** `exact` over EIP-3009: what is offered is taken. `upto` over Permit2: at most that is. */
export type Scheme = 'exact' | 'upto'

/** Terms that can be met. */
export interface Offer {
  /** Its place in the server's list. */
  readonly index: number
  readonly scheme: Scheme
  readonly network: string
  readonly asset: ChainAsset
  /** Minor units, more than zero; of `upto` the most that may be taken. */
  readonly amount: bigint
  /** Lower case. */
  readonly payTo: string
  /** How long an authorization for it is to be valid. */
  readonly maxTimeoutSeconds: number
  /** Whether the server charges before or after it serves. */
  readonly flow: 'authorization' | 'upfront'
  /** Of `upto`: who alone may take it. Lower case. */
  readonly facilitator?: string
  /** As the server wrote it: it compares what comes back. */
  readonly accepted: JsonObject
}

/** Why an offer cannot be met, in the order of checking. */
export type OfferRefusal =
  | 'offer_malformed'
  | 'offer_scheme_unsupported'
  | 'offer_network_unknown'
  | 'offer_network_not_allowed'
  | 'offer_asset_unknown'
  | 'offer_asset_mismatch'
  | 'offer_method_unsupported'
  | 'offer_flow_unsupported'
  | 'offer_amount_invalid'
  | 'offer_payee_invalid'
  | 'offer_validity_invalid'
  | 'offer_facilitator_invalid'

/** The longest validity an offer may ask for: as long money may stay held for nothing. */
export const OFFER_TIMEOUT_SECONDS_MAX = 86_400

const ADDRESS = /^0x[0-9a-fA-F]{40}$/
const NOBODY = `0x${'0'.repeat(40)}`
/** How the money of each scheme is moved. */
const METHOD = { exact: 'eip3009', upto: 'permit2' } as const satisfies Record<Scheme, string>

/** Attacker-controlled: an offer names its token, but what that token is, the registry says. */
export function readOffer(
  value: JsonValue,
  index: number,
  environment: Environment,
): Result<Offer, OfferRefusal> {
  if (!isObject(value)) return err('offer_malformed')
  const extra = value.extra === undefined || value.extra === null ? {} : value.extra
  if (!isObject(extra)) return err('offer_malformed')
  const { scheme } = value
  if (scheme !== 'exact' && scheme !== 'upto') return err('offer_scheme_unsupported')
  const asset = assetOfOffer(value, extra, environment)
  if (!asset.ok) return asset
  const method = extra.assetTransferMethod ?? METHOD[scheme]
  if (method !== METHOD[scheme]) return err('offer_method_unsupported')
  const flow = extra.paymentFlow ?? 'authorization'
  const isCharged = flow === 'authorization' || (flow === 'upfront' && scheme === 'exact')
  if (!isCharged) return err('offer_flow_unsupported')
  const amount = amountOf(value.amount)
  if (amount === undefined) return err('offer_amount_invalid')
  const payTo = addressOf(value.payTo)
  if (payTo === undefined || payTo === NOBODY || payTo === asset.value.address) {
    return err('offer_payee_invalid')
  }
  const maxTimeoutSeconds = value.maxTimeoutSeconds
  if (!isWithin(maxTimeoutSeconds, 1, OFFER_TIMEOUT_SECONDS_MAX)) {
    return err('offer_validity_invalid')
  }
  const facilitator = scheme === 'upto' ? addressOf(extra.facilitatorAddress) : undefined
  const isNobody = facilitator === undefined || facilitator === NOBODY
  if (scheme === 'upto' && isNobody) return err('offer_facilitator_invalid')
  const { network } = asset.value
  return ok({
    index,
    scheme,
    network,
    asset: asset.value,
    amount,
    payTo,
    maxTimeoutSeconds,
    flow,
    ...(facilitator === undefined ? {} : { facilitator }),
    accepted: value,
  })
}

function assetOfOffer(
  offer: JsonObject,
  extra: JsonObject,
  environment: Environment,
): Result<ChainAsset, OfferRefusal> {
  const network = typeof offer.network === 'string' ? NETWORKS.get(offer.network) : undefined
  if (network === undefined) return err('offer_network_unknown')
  if (network.environment !== environment) return err('offer_network_not_allowed')
  const address = addressOf(offer.asset)
  const asset = CHAIN_ASSETS.get(`${network.network}/erc20:${address ?? ''}`)
  if (asset === undefined) return err('offer_asset_unknown')
  const { name, version } = asset.domain
  // EIP-3009 is signed for a domain, so an offer states it. Permit2 has its own.
  const said = offer.scheme === 'upto' ? { ...asset.domain, ...extra } : extra
  const isSame = said.name === name && said.version === version
  const decimals = extra.decimals ?? asset.decimals
  return isSame && decimals === asset.decimals ? ok(asset) : err('offer_asset_mismatch')
}

function amountOf(value: JsonValue | undefined): bigint | undefined {
  const amount = typeof value === 'string' ? parseAmount(value) : undefined
  return amount?.ok === true && amount.value > 0n ? amount.value : undefined
}

function addressOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && ADDRESS.test(value) ? value.toLowerCase() : undefined
}

function isWithin(value: JsonValue | undefined, min: number, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
