/**
 * Who acts: the passport that says which keys a principal has, and which roles a person holds.
 *
 * Rules: spec/principal.md. Vectors: spec/vectors/principal/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  closed,
  document,
  EnvironmentWord,
  InstantText,
  idOf,
  KidText,
  PublicJwkObject,
  SeqNumber,
  words,
} from '../schema.ts'
import { Lifecycle, PrincipalKind } from './decision.ts'
import { RoleHeld } from './people/role.ts'

/** What a party's key may sign. One key, one purpose. */
export const PartyPurpose = words(['intent', 'grant', 'response', 'action'])
export type PartyPurpose = Static<typeof PartyPurpose>

export const PartyKey = closed({
  kid: KidText,
  publicKey: PublicJwkObject,
  purpose: PartyPurpose,
  notBefore: InstantText,
  notAfter: Type.Union([InstantText, Type.Null()]),
})
export type PartyKey = Static<typeof PartyKey>

export const AgentPassport = document(
  'AgentPassport.v1',
  {
    principalId: idOf('prn'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    kind: PrincipalKind,
    name: Type.String({ minLength: 1, maxLength: 120 }),
    lifecycle: Lifecycle,
    keys: Type.Array(PartyKey, { maxItems: 32 }),
    roles: Type.Optional(Type.Array(RoleHeld, { minItems: 1, maxItems: 64 })),
    seq: SeqNumber,
    issuedAt: InstantText,
  },
  'Which keys a principal has, for what and from when to when, and which roles; signed by Surety. The only way a key of a party comes to be trusted.',
)
export type AgentPassport = Static<typeof AgentPassport>
