/**
 * Who plays in the demo: each with keys and an API key of its own.
 *
 * @module
 */
import {
  type Id,
  type Jwks,
  type OperatorRole,
  type PartyPurpose,
  type PrincipalKind,
  toBase64url,
} from '@surety/protocol'
import { type Client, type Host, newKeyPair, type Party } from '@surety/sdk'
import { type Credentials, credentialsText } from '../local/credentials.ts'
import { writeNew } from '../local/files.ts'
import { clientFor, partyOf } from '../session.ts'

export interface Actor {
  readonly name: string
  readonly principalId: Id<'prn'>
  readonly party: Party
  readonly client: Client
  readonly credentials: Credentials
}

type Founded = Pick<Credentials, 'tenantId' | 'environment' | 'principalId' | 'apiKey' | 'keys'>

/** The operator whom `init` made. */
export function operatorOf(founded: Founded, url: string, host: Host): Actor {
  const name = 'Operator'
  const { tenantId, environment, principalId, apiKey, keys } = founded
  const credentials: Credentials = {
    schemaVersion: 'Credentials.v1',
    url,
    tenantId,
    environment,
    principalId,
    kind: 'person',
    name,
    apiKey,
    keys,
  }
  return actorOf(credentials, host)
}

function actorOf(credentials: Credentials, host: Host): Actor {
  const { name, principalId, url, apiKey } = credentials
  const client = clientFor(url, apiKey)
  return { name, principalId, party: partyOf(credentials, host), client, credentials }
}

const ROLES = {
  organisation: {
    purposes: ['grant', 'action'],
    scopes: ['grants:write', 'gates:write', 'approvals:answer', 'read'],
  },
  person: { purposes: ['action'], scopes: ['approvals:answer', 'read'] },
  agent: {
    purposes: ['intent', 'grant'],
    scopes: ['grants:write', 'gates:write', 'gates:execute', 'evidence:write', 'read'],
  },
  service: { purposes: ['response'], scopes: ['gates:execute', 'evidence:write', 'read'] },
} as const

/** Registers one of the cast, as their kind usually is. */
export function hire(
  operator: Actor,
  kind: PrincipalKind & keyof typeof ROLES,
  name: string,
  host: Host,
): Promise<Actor> {
  return register(operator, { kind, ...ROLES[kind] }, name, host)
}

interface Part {
  readonly kind: PrincipalKind
  readonly purposes: readonly PartyPurpose[]
  readonly scopes: readonly string[]
}

/** Registers somebody: keys are made here, only their public halves leave. */
export async function register(
  operator: Actor,
  { kind, purposes, scopes }: Part,
  name: string,
  host: Host,
): Promise<Actor> {
  const pairs = purposes.map((purpose) => newKeyPair(purpose, host))
  const keys = pairs.map(({ publicKey, purpose }) => ({ publicKey, purpose }))
  const made = await operator.client.call('postPrincipals', { body: { kind, name, keys } })
  const principalId = made.principalId as Id<'prn'>
  const key = await operator.client.call('postApiKeys', {
    body: { principalId, name, scopes: scopes as never },
  })
  const { tenantId, environment, url } = operator.credentials
  const credentials: Credentials = {
    schemaVersion: 'Credentials.v1',
    url,
    tenantId,
    environment,
    principalId,
    kind,
    name,
    apiKey: key.secret ?? '',
    keys: pairs.map(({ purpose, kid, privateSeed }) => ({
      purpose,
      kid,
      privateSeed: toBase64url(privateSeed),
    })),
  }
  return actorOf(credentials, host)
}

/** Gives a person a role, by an act of the operator. */
export async function give(operator: Actor, person: Actor, role: OperatorRole): Promise<void> {
  const { principalId } = person
  const action = operator.party.act({
    action: 'assign_role',
    role: 'incident_commander',
    justificationCode: 'demo',
    assignment: { principalId, role },
  })
  await operator.client.call('postPrincipalsRoles', { params: { principalId }, body: { action } })
}

/** Writes what a process of its own needs to play its part. */
export function handOver(actor: Actor, file: string): void {
  writeNew(file, credentialsText(actor.credentials), true)
}

/** Looks a trusted key up by its name. */
export function lookupIn(jwks: Jwks) {
  return (kid: string) => {
    const key = jwks.keys.find((each) => each.kid === kid)
    if (key === undefined) return undefined
    const { kty, crv, x } = key
    return { ...key, publicKey: { kty, crv, x } }
  }
}
