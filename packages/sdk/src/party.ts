/**
 * A party that signs: its intents, grants, responses and actions, with its own keys.
 *
 * Private seeds never leave the object that holds them.
 *
 * @module
 */
import {
  type AuthorityGrant,
  type ControlOrder,
  type Crypto,
  type DelegationGrant,
  type Environment,
  type ExecutionIntent,
  formatInstant,
  type Hash,
  hashOf,
  type Id,
  type IdPrefix,
  type Instant,
  mintId,
  namedHeaders,
  type OperatorAction,
  type OperatorActionOf,
  type OperatorRole,
  type PartyPurpose,
  type Profile,
  type ProviderResponse,
  type PublicJwk,
  publicJwkOf,
  type RequestFingerprint,
  type SentHeaders,
  SIGNED_TYPES,
  signObject,
  thumbprint,
  toBase64url,
} from '@surety/protocol'

/** What the host lends: time, randomness and primitives. */
export interface Host {
  readonly crypto: Crypto
  readonly now: () => Instant
  readonly random: (count: number) => Uint8Array
}

export interface PartyKeyPair {
  readonly purpose: PartyPurpose
  readonly privateSeed: Uint8Array
}

export interface PartyOptions {
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly principalId: Id<'prn'>
  readonly keys: readonly PartyKeyPair[]
}

type Stated = 'schemaVersion' | 'tenantId' | 'environment'
type Drawn = 'nonce'

/** What a request costs and whom it pays; the rest of the intent is filled in. */
export type IntentDraft = Omit<
  ExecutionIntent,
  Stated | Drawn | 'intentId' | 'agentId' | 'traceId' | 'issuedAt' | 'expiresAt'
> & { readonly expiresInMs?: number; readonly traceId?: string }

type ActOf<Action> = Action extends OperatorAction
  ? Omit<Action, Stated | 'actionId' | 'operatorId' | 'actedAt'>
  : never

/** What an operator does, why, and in which role; the rest of the act is filled in. */
export type ActDraft = ActOf<OperatorAction>

/** What is ordered. Without an id it is a new control. */
export type OrderDraft = Omit<ControlOrder, 'controlId' | 'until'> &
  Partial<Pick<ControlOrder, 'controlId' | 'until'>>

/** In which role, and why. */
export type Reasons = Pick<
  OperatorActionOf<'control'>,
  'role' | 'justificationCode' | 'justification'
>

const INTENT_LIFETIME_MS = 600_000

export class Party {
  readonly principalId: Id<'prn'>
  readonly #options: PartyOptions
  readonly #host: Host
  readonly #keys: ReadonlyMap<
    PartyPurpose,
    { readonly kid: string; readonly privateSeed: Uint8Array }
  >

  constructor(options: PartyOptions, host: Host) {
    this.principalId = options.principalId
    this.#options = options
    this.#host = host
    this.#keys = new Map(
      options.keys.map(({ purpose, privateSeed }) => {
        const kid = thumbprint(publicJwkOf(privateSeed), host.crypto)
        return [purpose, { kid, privateSeed }]
      }),
    )
  }

  /** Signs any object of ours with the key for its purpose; throws if this party has none. */
  sign(object: { readonly schemaVersion: keyof typeof SIGNED_TYPES }): string {
    const { purpose } = SIGNED_TYPES[object.schemaVersion]
    const key = this.#keys.get(purpose as PartyPurpose)
    if (key === undefined) throw new Error(`${this.principalId} has no ${purpose} key here`)
    return signObject(object, key, this.#host.crypto)
  }

  /** An intent of this agent, signed. Every call is another intent, even with the same draft. */
  intent(draft: IntentDraft): { readonly intent: ExecutionIntent; readonly jws: string } {
    const { expiresInMs = INTENT_LIFETIME_MS, traceId, ...members } = draft
    const at = this.#host.now()
    const intent: ExecutionIntent = {
      schemaVersion: 'ExecutionIntent.v1',
      ...this.#scope(),
      ...members,
      intentId: this.#newId('int'),
      agentId: this.principalId,
      traceId: traceId ?? this.#hex(16),
      nonce: this.#nonce(),
      issuedAt: formatInstant(at),
      expiresAt: formatInstant((at + expiresInMs) as Instant),
    }
    return { intent, jws: this.sign(intent) }
  }

  /** A root grant of this party's own money, signed. */
  rootGrant(draft: Pick<AuthorityGrant, 'granteeId' | 'bounds' | 'notBefore' | 'expiresAt'>): {
    readonly grant: AuthorityGrant
    readonly grantHash: string
    readonly jws: string
  } {
    const grant: AuthorityGrant = {
      schemaVersion: 'AuthorityGrant.v1',
      ...this.#scope(),
      ...draft,
      grantId: this.#newId('grt'),
      grantorId: this.principalId,
      payerId: this.principalId,
      nonce: this.#nonce(),
      depth: 0,
    }
    return { grant, grantHash: hashOf(grant, this.#host.crypto), jws: this.sign(grant) }
  }

  /** A grant below one that this party holds, signed: narrower somewhere, wider nowhere. */
  delegate(
    parent: AuthorityGrant | DelegationGrant,
    draft: Pick<DelegationGrant, 'granteeId' | 'bounds' | 'notBefore' | 'expiresAt'>,
  ): { readonly grant: DelegationGrant; readonly grantHash: string; readonly jws: string } {
    const parentGrantHash = hashOf(parent, this.#host.crypto)
    const grant: DelegationGrant = {
      schemaVersion: 'DelegationGrant.v1',
      ...this.#scope(),
      ...draft,
      grantId: this.#newId('grt'),
      grantorId: this.principalId,
      payerId: parent.payerId,
      nonce: this.#nonce(),
      depth: parent.depth + 1,
      rootGrantHash: 'rootGrantHash' in parent ? parent.rootGrantHash : parentGrantHash,
      parentGrantHash,
    }
    return { grant, grantHash: hashOf(grant, this.#host.crypto), jws: this.sign(grant) }
  }

  /** What this provider says it did, signed. */
  response(statement: Omit<ProviderResponse, Stated | 'payee'>): string {
    const response: ProviderResponse = {
      schemaVersion: 'ProviderResponse.v1',
      ...this.#scope(),
      payee: this.principalId,
      ...statement,
    }
    return this.sign(response)
  }

  /** A deposit that this operator records, signed. */
  deposit(deposit: OperatorActionOf<'deposit'>['deposit'], justificationCode: string): string {
    return this.act({ action: 'deposit', justificationCode, deposit })
  }

  /** A change of policy, signed: this profile, after the one that rules. */
  applyProfile(
    profile: Profile,
    change: {
      readonly previousPolicyHash: Hash
      readonly justificationCode: string
      readonly restoresPolicyHash?: Hash | undefined
      readonly role?: OperatorRole | undefined
    },
  ): string {
    const { previousPolicyHash, justificationCode, restoresPolicyHash = null } = change
    const { profileId, version } = profile
    const policyHash = hashOf(profile, this.#host.crypto)
    const applied = { policyHash, profileId, version, previousPolicyHash, restoresPolicyHash }
    const { role = 'ops_admin' } = change
    return this.act({ action: 'profile_apply', role, justificationCode, profile: applied })
  }

  /** The end of a profile that runs in shadow, signed. */
  endShadow(policyHash: Hash, justificationCode: string, role: OperatorRole = 'ops_admin'): string {
    return this.act({ action: 'shadow_end', role, justificationCode, shadow: { policyHash } })
  }

  /** One more key of this operator, asked for by one they have. */
  addKey(key: { readonly kid: string; readonly purpose: PartyPurpose }, why: Reasons): string {
    const { kid, purpose } = key
    return this.act({ action: 'add_key', ...why, key: { kid, purpose } })
  }

  /** The end of a key of this operator, signed with another. */
  retireKey(kid: string, why: Reasons): string {
    return this.act({ action: 'retire_key', ...why, key: { kid } })
  }

  /** An act of this operator, signed as of now. */
  act(draft: ActDraft): string {
    const action = {
      schemaVersion: 'OperatorAction.v1',
      ...this.#scope(),
      actionId: this.#newId('opa'),
      operatorId: this.principalId,
      ...draft,
      actedAt: formatInstant(this.#host.now()),
    } as const
    return this.sign(action)
  }

  /** An order to stop something, or to let it go on, signed. Two people sign the same order. */
  order(draft: OrderDraft, why: Reasons): { readonly order: ControlOrder; readonly jws: string } {
    const order = { until: null, ...draft, controlId: draft.controlId ?? this.#newId('ctl') }
    return { order, jws: this.act({ action: 'control', ...why, control: order }) }
  }

  #scope(): { readonly tenantId: Id<'ten'>; readonly environment: Environment } {
    const { tenantId, environment } = this.#options
    return { tenantId, environment }
  }

  #newId<Prefix extends IdPrefix>(prefix: Prefix): Id<Prefix> {
    return mintId(prefix, this.#host.now(), BigInt(`0x${this.#hex(10)}`))
  }

  /** Starts with the time: a store that keeps nonces in order then writes neighbours together. */
  #nonce(): string {
    const bytes = this.#host.random(18)
    const now = this.#host.now()
    for (let i = 0; i < 6; i += 1) bytes[i] = Math.floor(now / 256 ** (5 - i)) % 256
    return toBase64url(bytes)
  }

  #hex(count: number): string {
    return [...this.#host.random(count)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}

/** A fresh idempotency key; keys made one after the other sort that way. */
export function newIdempotencyKey(host: Host): string {
  const random = [...host.random(10)].reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n)
  return mintId('req', host.now(), random)
}

/** A new key pair: the seed stays with its maker, the public half is registered. */
export function newKeyPair(
  purpose: PartyPurpose,
  host: Host,
): PartyKeyPair & { readonly publicKey: PublicJwk; readonly kid: string } {
  const privateSeed = host.random(32)
  const publicKey = publicJwkOf(privateSeed)
  return { purpose, privateSeed, publicKey, kid: thumbprint(publicKey, host.crypto) }
}

/**
 * The fingerprint of an HTTP request. `url` is as the WHATWG standard serialises it; `headers` are
 * those that are sent, where Surety sends it. Throws a RangeError if they are too many.
 */
export function httpFingerprint(
  request: {
    readonly method: string
    readonly url: string
    readonly body?: string | Uint8Array
    readonly headers?: SentHeaders
  },
  crypto: Crypto,
): RequestFingerprint {
  const { method, url, body = '', headers = [] } = request
  const named = namedHeaders(headers, crypto)
  if (named === undefined) throw new RangeError('more headers than a fingerprint has room for')
  return {
    schemaVersion: 'RequestFingerprint.v1',
    method: method.toUpperCase(),
    url,
    headers: named,
    bodyHash: crypto.sha256(body),
  }
}
