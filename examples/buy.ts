/**
 * An agent that buys: shown in docs/guides/buy-as-an-agent.md, run by tests/docs/examples.test.ts.
 *
 * @module
 */
import {
  type Environment,
  ensureInstant,
  fromBase64url,
  type Id,
  type PartyPurpose,
  portableCrypto,
} from '@surety/protocol'
import { Client, type Host, httpFingerprint, Party } from '@surety/sdk'

// #region host
export const host: Host = {
  crypto: portableCrypto,
  now: () => ensureInstant(Date.now()),
  random: (count) => crypto.getRandomValues(new Uint8Array(count)),
}

export function connect(url: string, apiKey: string): Client {
  return new Client({
    url,
    apiKey,
    fetch,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newKey: () => crypto.randomUUID(),
  })
}
// #endregion

// #region party
export function partyOf(credentials: Credentials): Party {
  const keys = credentials.keys.map(({ purpose, privateSeed }) => ({
    purpose,
    privateSeed: fromBase64url(privateSeed) as Uint8Array,
  }))
  return new Party({ ...credentials, keys }, host)
}
// #endregion

/** What `surety principal register` writes, as far as it is used here. */
export interface Credentials {
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly principalId: Id<'prn'>
  readonly keys: readonly { readonly purpose: PartyPurpose; readonly privateSeed: string }[]
}

export interface Agent {
  readonly party: Party
  readonly client: Client
  readonly grantHash: string
}

// #region buy
export async function buy(agent: Agent, payee: Id<'prn'>, amount: string) {
  const request = { method: 'POST', url: 'https://api.example/v1/data', body: '{"q":"weather"}' }
  const { jws } = agent.party.intent({
    requestFingerprint: httpFingerprint(request, host.crypto),
    action: 'purchase',
    riskClass: 'financial',
    sideEffecting: true,
    amount,
    asset: 'USD/2',
    payee,
    rail: 'ledger',
    network: 'internal',
    grantHash: agent.grantHash,
  })
  const { gateId } = await agent.client.call('postGates', { body: { intent: jws } })
  const gate = await agent.client.call('postGatesAuthorize', { params: { gateId } })
  if (gate.decision?.decision !== 'allow') return { bought: false, gate } as const
  const signed = gate.receipts?.find(({ type }) => type === 'Authorization.v1')
  return { bought: true, gate, request, authorization: signed?.jws ?? '' } as const
}
// #endregion

// #region void
export async function giveBack(agent: Agent, gateId: string) {
  return agent.client.call('postGatesVoid', { params: { gateId } })
}
// #endregion
