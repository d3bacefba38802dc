/**
 * The intent of a purchase: the one its agent signed, or one that its API key stands for.
 *
 * INVARIANT(no-forgery): Surety signs neither. What nobody signed says so, and only a profile that
 * names the agent allows it. docs/adr/0024-who-signs-a-purchase.md.
 *
 * @module
 */
import { policy } from '@surety/domain'
import {
  addMs,
  type ExecutionIntent,
  err,
  formatInstant,
  type Hash,
  hashOf,
  type Id,
  mintId,
  ok,
  type ProblemCode,
  type Result,
  toBase64url,
  toHex,
} from '@surety/protocol'
import { preparedFor } from '../gate/authorize-gate.ts'
import { grantChain } from '../grant/chain.ts'
import { verifyParty } from '../principal/party-signature.ts'
import { currentProfiles } from '../profile/current-profile.ts'
import type { App, Caller } from '../runtime.ts'
import type { Chosen } from './offers.ts'
import type { Purchasing } from './purchase.ts'
import { sinceBlock } from './rail.ts'
import type { FetchRequest } from './request.ts'
import { permitRefusal } from './wallet/allowance.ts'

type Agent = Caller & { readonly principalId: Id<'prn'> }

const INTENT_LIFETIME_MS = 600_000
const NONCE_BYTES = 18
const ID_BYTES = 9

/** Everything a purchase needs that needs no transaction. */
export async function preparePurchase(
  app: App,
  caller: Agent,
  request: FetchRequest,
  chosen: Chosen,
): Promise<Result<Purchasing, ProblemCode>> {
  const { profile } = await currentProfiles(app, caller.scope)
  const stated = await intentOf(app, caller, request, { chosen, profile })
  if (!stated.ok) return stated
  const { intent, intentKid, intentHash, jws } = stated.value
  const chain = await grantChain(app, caller.scope, intent.grantHash)
  const payerId = chain[0]?.document.payerId
  const walletId =
    payerId === undefined
      ? undefined
      : await app.store.reads.unique(caller.scope, 'walletOf', payerId)
  // What the profile forbids is denied, with its reason: nobody is told to make it possible.
  if (walletId !== undefined && chosen.isAllowed && chosen.quote.scheme === 'upto') {
    const allowed = await permitRefusal(app, caller.scope, chosen.quote, walletId)
    if (!allowed.ok) return allowed
  }
  const { idempotencyKey: key } = request
  const asked = { intent, intentKid, quote: chosen.quote }
  const deciding = await preparedFor(app, caller.scope, {
    ...asked,
    walletId: (walletId ?? NO_WALLET) as Id<'wlt'>,
  })
  return ok({
    ...deciding,
    intentHash,
    jws,
    chosen,
    purchaseKey: key === null ? null : purchaseKey(caller, key),
    sinceBlock: await sinceBlock(app, caller.scope, chosen.quote.network),
  })
}

/** An id that no wallet has: the decision then says that there is none. */
const NO_WALLET = 'wlt_00000000000000000000000000'

export function purchaseKey({ principalId }: Caller, key: string): string {
  return `${principalId}:${key}`
}

interface Stated {
  readonly intent: ExecutionIntent
  readonly intentKid: string | null
  readonly intentHash: Hash
  readonly jws: string | null
}

async function intentOf(
  app: App,
  caller: Agent,
  request: FetchRequest,
  given: { readonly chosen: Chosen; readonly profile: policy.CompiledProfile },
): Promise<Result<Stated, ProblemCode>> {
  const { chosen, profile } = given
  if (request.intent !== null) return signedIntent(app, caller, request, request.intent, chosen)
  if (profile.profile.x402?.unsignedBy?.includes(caller.principalId) !== true) {
    return err('intent_signature_required', undefined, toSign(request, chosen))
  }
  const intent = unsignedIntent(app, caller, request, chosen)
  return ok({ intent, intentKid: null, intentHash: hashOf(intent, app.crypto), jws: null })
}

/** What an agent must sign, by member of the intent; none of it is secret. */
function toSign(request: FetchRequest, { quote, payee }: Chosen): Readonly<Record<string, string>> {
  const { amount, asset, network } = quote
  const { method, url } = request
  return { amount, asset, network, payee, rail: policy.X402_RAIL, method, url }
}

function unsignedIntent(
  app: App,
  { principalId, scope, traceId }: Agent,
  request: FetchRequest,
  { quote, payee }: Chosen,
): ExecutionIntent {
  const now = app.clock.now()
  const { amount, asset, network } = quote
  return {
    schemaVersion: 'ExecutionIntent.v1',
    intentId: mintId('int', now, BigInt(`0x${toHex(app.random.bytes(ID_BYTES))}`)),
    ...scope,
    agentId: principalId,
    requestFingerprint: request.fingerprint,
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: !policy.isSafeMethod(request.method),
    ...{ amount, asset, payee, rail: policy.X402_RAIL, network },
    grantHash: request.grantHash,
    traceId,
    nonce: toBase64url(app.random.bytes(NONCE_BYTES)),
    issuedAt: formatInstant(now),
    expiresAt: formatInstant(addMs(now, INTENT_LIFETIME_MS)),
  }
}

/** The agent's own word; it must be about this request and, to the last unit, this offer. */
async function signedIntent(
  app: App,
  caller: Agent,
  request: FetchRequest,
  jws: string,
  { quote, payee }: Chosen,
): Promise<Result<Stated, ProblemCode>> {
  const types = ['ExecutionIntent.v1'] as const
  const verified = await verifyParty(app, caller, { types, jws, signer: 'agentId' })
  if (!verified.ok) return verified
  const { object: intent, kid: intentKid, hash: intentHash } = verified.value
  if (intent.agentId !== caller.principalId) return err('caller_mismatch', intent.agentId)
  const isOwn =
    hashOf(intent.requestFingerprint, app.crypto) === request.fingerprintHash &&
    intent.grantHash === request.grantHash &&
    intent.rail === policy.X402_RAIL
  if (!isOwn) return err('intent_not_for_purchase')
  const isQuoted =
    intent.amount === quote.amount &&
    intent.asset === quote.asset &&
    intent.network === quote.network &&
    intent.payee === payee
  if (!isQuoted) return err('quote_changed', `${quote.amount} of ${quote.asset} to ${payee}`)
  return ok({ intent, intentKid, intentHash, jws })
}
