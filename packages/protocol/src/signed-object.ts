/**
 * A signed object: compact JWS over canonical bytes, whose `typ` names the type it signs.
 *
 * A key has one purpose and a type is signed by keys of one purpose; both are checked, as is every
 * byte of the encoding. Rules: spec/signed-objects.md. Vectors: spec/vectors/signed-object/.
 *
 * @module
 */
import type { Static, TSchema } from '@sinclair/typebox'
import { fromBase64url, fromUtf8, toBase64url, toUtf8 } from './bytes.ts'
import { canonicalize, type JsonObject } from './canonical-json.ts'
import type { Crypto, PublicJwk } from './crypto.ts'
import type { Hash } from './digest.ts'
import { ReceiptBundle, type SystemPurpose } from './objects/bundle.ts'
import { Authorization, PolicyDecision } from './objects/decision.ts'
import { AuthorityGrant, DelegationGrant } from './objects/grant.ts'
import { ExecutionIntent } from './objects/intent.ts'
import { PaymentStatus, ProbeDecision } from './objects/payment.ts'
import { ApprovalRecord, AuditStatement } from './objects/people/approval.ts'
import { EmergencyControlEvent } from './objects/people/control.ts'
import { OperatorAction } from './objects/people/operator.ts'
import { AgentPassport, type PartyPurpose } from './objects/principal.ts'
import {
  ProviderResponse,
  SettlementDecisionRecord,
  SettlementReceipt,
} from './objects/settlement.ts'
import { parseJson } from './parse-json.ts'
import { err, ok, type Result } from './result.ts'
import { parseAs } from './schema.ts'

export type Purpose = PartyPurpose | SystemPurpose

interface SignedType {
  readonly schema: TSchema
  readonly purpose: Purpose
  /** The member that says when it was signed; the key must have been valid then. */
  readonly signedAt: string | null
}

/** Every type that is signed, by keys of which purpose, and which member says when. */
export const SIGNED_TYPES = {
  'ExecutionIntent.v1': { schema: ExecutionIntent, purpose: 'intent', signedAt: 'issuedAt' },
  'AuthorityGrant.v1': { schema: AuthorityGrant, purpose: 'grant', signedAt: 'notBefore' },
  'DelegationGrant.v1': { schema: DelegationGrant, purpose: 'grant', signedAt: 'notBefore' },
  'ProviderResponse.v1': { schema: ProviderResponse, purpose: 'response', signedAt: 'completedAt' },
  'OperatorAction.v1': { schema: OperatorAction, purpose: 'action', signedAt: 'actedAt' },
  'ProbeDecision.v1': { schema: ProbeDecision, purpose: 'decision', signedAt: 'decidedAt' },
  'PolicyDecision.v1': { schema: PolicyDecision, purpose: 'decision', signedAt: 'decidedAt' },
  'Authorization.v1': { schema: Authorization, purpose: 'authorization', signedAt: 'issuedAt' },
  'SettlementDecisionRecord.v2': {
    schema: SettlementDecisionRecord,
    purpose: 'settlement',
    signedAt: 'decidedAt',
  },
  'PaymentStatus.v1': { schema: PaymentStatus, purpose: 'settlement', signedAt: 'at' },
  'SettlementReceipt.v1': { schema: SettlementReceipt, purpose: 'settlement', signedAt: 'at' },
  'ApprovalRecord.v1': { schema: ApprovalRecord, purpose: 'decision', signedAt: 'endedAt' },
  'AgentPassport.v1': { schema: AgentPassport, purpose: 'passport', signedAt: 'issuedAt' },
  'AuditStatement.v1': { schema: AuditStatement, purpose: 'bundle', signedAt: 'at' },
  'EmergencyControlEvent.v1': {
    schema: EmergencyControlEvent,
    purpose: 'control',
    signedAt: 'at',
  },
  'ReceiptBundle.v1': { schema: ReceiptBundle, purpose: 'bundle', signedAt: null },
} as const satisfies Readonly<Record<string, SignedType>>
export type SignedTypeName = keyof typeof SIGNED_TYPES
export type SignedObject<Name extends SignedTypeName> = Static<
  (typeof SIGNED_TYPES)[Name]['schema']
>

/** A public key, and what and when it may sign. Instants as on the wire; both ends inclusive. */
export interface VerificationKey {
  readonly kid: string
  readonly publicKey: PublicJwk
  readonly purpose: Purpose
  readonly notBefore: string
  readonly notAfter: string | null
}

/** Looks a key up among those the caller trusts; never among those that came with the object. */
export type KeyLookup = (kid: string) => VerificationKey | undefined

/** In the order they are checked. */
export type SignatureRefusal =
  | 'jws_malformed'
  | 'jws_type_mismatch'
  | 'jws_not_canonical'
  | 'schema_mismatch'
  | 'signing_key_unknown'
  | 'signing_key_purpose_mismatch'
  | 'signing_key_not_valid'
  | 'signature_invalid'

export interface Verified<Name extends SignedTypeName> {
  readonly object: SignedObject<Name>
  readonly kid: string
  /** SHA-256 of the payload: the name of the object by content. */
  readonly hash: Hash
}

const HEADER_MAX = 512

/** The bytes that are signed, as text: header and payload in base64url, with a point between. */
export function signingInput(type: SignedTypeName, payload: string, kid: string): string {
  const header = `{"alg":"EdDSA","kid":"${kid}","typ":"surety/${type}"}`
  return `${toBase64url(toUtf8(header))}.${toBase64url(toUtf8(payload))}`
}

/** Signs an object with a private seed. The type is the object's `schemaVersion`. */
export function signObject(
  object: { readonly schemaVersion: SignedTypeName },
  key: { readonly kid: string; readonly privateSeed: Uint8Array },
  crypto: Crypto,
): string {
  const input = signingInput(object.schemaVersion, canonicalize(object), key.kid)
  return `${input}.${toBase64url(crypto.sign(toUtf8(input), key.privateSeed))}`
}

interface Parts {
  readonly type: string
  readonly kid: string
  readonly payload: string
  readonly input: string
  readonly signature: Uint8Array
}

/** Takes a compact JWS apart; every segment must be the one encoding of its bytes. */
export function readJws(jws: string): Result<Parts, 'jws_malformed'> {
  const [head, body, tail, more] = jws.split('.', 4)
  if (head === undefined || body === undefined || tail === undefined || more !== undefined) {
    return err('jws_malformed', 'three segments are needed')
  }
  const header = head.length > HEADER_MAX ? undefined : textOf(head)
  const match =
    header === undefined
      ? null
      : /^\{"alg":"EdDSA","kid":"([A-Za-z0-9_-]{43})","typ":"surety\/([A-Za-z]+\.v[1-9]\d{0,2})"\}$/.exec(
          header,
        )
  const payload = textOf(body)
  const signature = fromBase64url(tail)
  if (match === null || payload === undefined || signature?.length !== 64) {
    return err(
      'jws_malformed',
      match === null ? 'the header is not the canonical one' : 'a segment',
    )
  }
  const [, kid, type] = match as unknown as readonly [string, string, string]
  return ok({ type, kid, payload, input: jws.slice(0, head.length + 1 + body.length), signature })
}

function textOf(segment: string): string | undefined {
  const bytes = fromBase64url(segment)
  return bytes === undefined ? undefined : fromUtf8(bytes)
}

/** A signed object whose form holds; whether its key and its signature do is still open. */
export interface Examined<Name extends SignedTypeName> extends Verified<Name> {
  readonly type: Name
  readonly signature: Uint8Array
  /** The bytes that were signed. */
  readonly message: Uint8Array
}

/** Checks what of a signed object needs no key: encoding, type, canonical form, shape. */
export function examineSigned<Name extends SignedTypeName>(
  types: readonly Name[],
  jws: string,
  crypto: Pick<Crypto, 'sha256'>,
): Result<Examined<Name>, SignatureRefusal> {
  const read = readJws(jws)
  if (!read.ok) return read
  const { kid, payload, signature, input } = read.value
  const type = types.find((name) => name === read.value.type)
  if (type === undefined) return err('jws_type_mismatch', `it is a ${read.value.type}`)
  const parsed = parseJson(payload)
  if (!parsed.ok || canonicalize(parsed.value) !== payload) return err('jws_not_canonical')
  const shaped = parseAs(SIGNED_TYPES[type].schema, parsed.value)
  if (!shaped.ok) return shaped
  const object = shaped.value as SignedObject<Name>
  const hash = crypto.sha256(payload)
  return ok({ type, object, kid, hash, signature, message: toUtf8(input) })
}

/**
 * Whether a key may have signed an examined object: it is trusted, for this purpose, at that time.
 *
 * @param at when the key must have been valid; the time the object states if absent
 */
export function admitKey(
  examined: Examined<SignedTypeName>,
  key: VerificationKey | undefined,
  at?: string,
): Result<VerificationKey, SignatureRefusal> {
  const { purpose, signedAt } = SIGNED_TYPES[examined.type]
  if (key === undefined) return err('signing_key_unknown', examined.kid)
  if (key.purpose !== purpose) {
    return err('signing_key_purpose_mismatch', `it is for ${key.purpose}`)
  }
  const stated = signedAt === null ? undefined : (examined.object as JsonObject)[signedAt]
  const when = at ?? stated
  if (typeof when === 'string' && !validAt(key, when)) return err('signing_key_not_valid', when)
  return ok(key)
}

/**
 * Verifies a signed object of one of the types given, with keys given from outside.
 *
 * @param at when the key must have been valid; the time the object states if absent
 */
export function verifySigned<Name extends SignedTypeName>(
  types: readonly Name[],
  jws: string,
  keys: KeyLookup,
  crypto: Crypto,
  at?: string,
): Result<Verified<Name>, SignatureRefusal> {
  const examined = examineSigned(types, jws, crypto)
  if (!examined.ok) return examined
  const { object, kid, hash, signature, message } = examined.value
  const key = admitKey(examined.value, keys(kid), at)
  if (!key.ok) return key
  if (!crypto.verify(signature, message, key.value.publicKey)) return err('signature_invalid')
  return ok({ object, kid, hash })
}

/** Instants of the wire form compare as text. Both ends are inclusive. */
function validAt(key: VerificationKey, at: string): boolean {
  return key.notBefore <= at && (key.notAfter === null || at <= key.notAfter)
}
