/**
 * A provider that sells: shown in docs/guides/sell-to-agents.md, run by
 * tests/docs/examples.test.ts.
 *
 * @module
 */
import { formatInstant, type Jwks, toBase64url, toUtf8, verifySigned } from '@surety/protocol'
import { type Client, httpFingerprint, type Party } from '@surety/sdk'
import { host } from './buy.ts'

export interface Provider {
  readonly party: Party
  readonly client: Client
  /** Surety's public keys, fetched once from /.well-known/jwks.json. */
  readonly jwks: Jwks
}

export interface Received {
  readonly method: string
  readonly url: string
  readonly body: string
  /** The signed authorization that came with the request. */
  readonly authorization: string
}

// #region check
export function authorizationOf(provider: Provider, received: Received) {
  const { jwks } = provider
  const keyOf = (kid: string) => {
    const key = jwks.keys.find((each) => each.kid === kid)
    if (key === undefined) return undefined
    const { kty, crv, x, purpose, notBefore, notAfter } = key
    return { kid, publicKey: { kty, crv, x }, purpose, notBefore, notAfter }
  }
  return verifySigned(['Authorization.v1'], received.authorization, keyOf, host.crypto)
}
// #endregion

// #region sell
export async function sell(provider: Provider, received: Received, price: string) {
  const checked = authorizationOf(provider, received)
  if (!checked.ok) return { status: 402, body: checked.refusal } as const
  const { gateId, authorizationId, requestFingerprintHash, ...bound } = checked.value.object
  const { rail, grantHash, policyHash, nonce, notAfter } = bound
  await provider.client.call('postGatesExecute', {
    params: { gateId },
    body: {
      authorization: received.authorization,
      request: httpFingerprint(received, host.crypto), // what really arrived
      amount: price, // what it really costs
      asset: 'USD/2',
      payee: provider.party.principalId,
      ...{ rail, grantHash, policyHash, nonce, notAfter },
    },
  })
  const startedAt = formatInstant(host.now())
  const body = '{"answer":"rain"}' // the work
  const response = provider.party.response({
    ...{ gateId, authorizationId, requestFingerprintHash },
    responseHash: host.crypto.sha256(body),
    status: 200,
    amount: price,
    asset: 'USD/2',
    startedAt,
    completedAt: formatInstant(host.now()),
  })
  await provider.client.call('postGatesEvidence', {
    params: { gateId },
    body: { response, body: toBase64url(toUtf8(body)) },
  })
  return { status: 200, body } as const
}
// #endregion
