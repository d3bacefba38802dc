/**
 * Authority: a root grant of the person whose money it is, and the delegations below it.
 *
 * Rules: spec/grant.md. Vectors: spec/vectors/grant/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  document,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  NameText,
  NonceText,
} from '../schema.ts'
import { RiskClass } from './intent.ts'

export const Limit = closed({ asset: AssetText, max: AmountText })
export type Limit = Static<typeof Limit>

const names = Type.Array(NameText, { maxItems: 256, uniqueItems: true })
const limits = Type.Array(Limit, { maxItems: 32 })

/** From 0, observe, to 4, act as an economic actor of one's own. */
export const AutonomyLevel = Type.Integer({ minimum: 0, maximum: 4 })

/** How deep a chain of grants may go. */
export const GRANT_DEPTH_MAX = 16

/**
 * What a grant allows. An absent list or limit does not restrict; an empty list allows nothing and
 * a limit of zero means zero. A list of limits restricts its assets and allows no others.
 */
export const GrantBounds = closed({
  actions: Type.Optional(names),
  tools: Type.Optional(names),
  payees: Type.Optional(Type.Array(idOf('prn'), { maxItems: 256, uniqueItems: true })),
  rails: Type.Optional(names),
  networks: Type.Optional(names),
  assets: Type.Optional(Type.Array(AssetText, { maxItems: 32, uniqueItems: true })),
  riskClasses: Type.Optional(Type.Array(RiskClass, { maxItems: 4, uniqueItems: true })),
  perCall: Type.Optional(limits),
  perDay: Type.Optional(limits),
  total: Type.Optional(limits),
  count: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  autonomy: Type.Optional(AutonomyLevel),
  maxDepth: Type.Integer({ minimum: 0, maximum: GRANT_DEPTH_MAX }),
})
export type GrantBounds = Static<typeof GrantBounds>

const shared = {
  grantId: idOf('grt'),
  tenantId: idOf('ten'),
  environment: EnvironmentWord,
  grantorId: idOf('prn'),
  granteeId: idOf('prn'),
  payerId: idOf('prn', 'whose money the chain may spend; the grantor of the root'),
  bounds: GrantBounds,
  notBefore: InstantText,
  expiresAt: InstantText,
  nonce: NonceText,
}

export const AuthorityGrant = document(
  'AuthorityGrant.v1',
  { ...shared, depth: Type.Literal(0) },
  'A root grant: the consent of the person or organisation whose money it is. Signed by them.',
)
export type AuthorityGrant = Static<typeof AuthorityGrant>

export const DelegationGrant = document(
  'DelegationGrant.v1',
  {
    ...shared,
    depth: Type.Integer({ minimum: 1, maximum: GRANT_DEPTH_MAX }),
    rootGrantHash: HashText,
    parentGrantHash: HashText,
  },
  'A child grant: never wider than its parent on any dimension. Signed by the grantee of the parent.',
)
export type DelegationGrant = Static<typeof DelegationGrant>

export type Grant = AuthorityGrant | DelegationGrant
