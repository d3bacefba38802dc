/**
 * A profile: the policy document a tenant writes. Named by the hash of its canonical bytes.
 *
 * Rules: spec/profile.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  document,
  idOf,
  NameText,
  SlugText,
  words,
} from '../schema.ts'
import { RiskClass } from './intent.ts'
import {
  AutonomyRules,
  ChallengeOnly,
  Compliance,
  Condition,
  Disputes,
  durationMs,
  limits,
  Modes,
  names,
  ProfileMode,
  RateRule,
  Rollout,
  SequenceRule,
  SessionRules,
  UnitLimit,
  Wallets,
} from './profile-rules.ts'
import { X402Rules } from './x402-rules.ts'

export const Raise = words(['challenge', 'escalate'])

const ApprovalTier = closed({
  asset: AssetText,
  above: AmountText,
  approvers: Type.Integer({ minimum: 1, maximum: 16 }),
  role: NameText,
  raise: Raise,
})

/** The registered verifiers; each gives a colour, and the worst colour counts. */
const Verifier = Type.Union([
  closed({ verifier: Type.Literal('status') }),
  closed({ verifier: Type.Literal('hash') }),
  closed({
    verifier: Type.Literal('schema'),
    schema: Type.Unsafe<{ readonly [name: string]: unknown }>(
      Type.Object({}, { description: 'a JSON Schema (draft 2020-12) for the response body' }),
    ),
  }),
  closed({ verifier: Type.Literal('latency'), greenMs: durationMs, amberMs: durationMs }),
])
export type Verifier = Static<typeof Verifier>

const Settlement = closed({
  mode: words(['automatic', 'manual']),
  verifiers: Type.Array(Verifier, { minItems: 1, maxItems: 4 }),
  onSilence: words(['release', 'refund', 'review']),
  evidenceWithinMs: durationMs,
  autoReleaseMax: Type.Optional(limits),
})

export const Profile = document(
  'Profile.v1',
  {
    profileId: SlugText,
    version: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    name: Type.String({ minLength: 1, maxLength: 120 }),
    mode: ProfileMode,
    modes: Type.Optional(Modes),
    rollout: Type.Optional(Rollout),
    challengeOnly: Type.Optional(ChallengeOnly),
    allowlists: closed({
      assets: Type.Array(AssetText, { maxItems: 32, uniqueItems: true }),
      rails: names,
      networks: names,
      payees: Type.Optional(Type.Array(idOf('prn'), { maxItems: 1024, uniqueItems: true })),
      tools: Type.Optional(names),
      actions: Type.Optional(names),
    }),
    limits: closed({
      perRequest: limits,
      perDay: Type.Optional(limits),
      perMonth: Type.Optional(limits),
      total: Type.Optional(limits),
      tenantPerDay: Type.Optional(limits),
      tenantPerMonth: Type.Optional(limits),
      tenantTotal: Type.Optional(limits),
      units: Type.Optional(Type.Array(UnitLimit, { maxItems: 16 })),
    }),
    approvalTiers: Type.Array(ApprovalTier, { maxItems: 512 }),
    risk: Type.Array(
      closed({
        riskClass: RiskClass,
        outcome: words(['allow', 'challenge', 'escalate', 'deny']),
        approvers: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
        role: Type.Optional(NameText),
      }),
      { maxItems: 4, description: 'a risk class that is not listed is denied' },
    ),
    autonomy: Type.Optional(AutonomyRules),
    rates: Type.Optional(Type.Array(RateRule, { maxItems: 512 })),
    sequences: Type.Optional(Type.Array(SequenceRule, { maxItems: 512 })),
    session: Type.Optional(SessionRules),
    compliance: Type.Optional(Compliance),
    conditions: Type.Optional(Type.Array(Condition, { maxItems: 128 })),
    wallets: Type.Optional(Wallets),
    strictBinding: Type.Boolean({
      description: 'the executor must present every bound member of the authorization',
    }),
    irrevocable: Type.Optional(
      closed({
        payees: Type.Array(idOf('prn'), { maxItems: 1024, uniqueItems: true }),
        max: limits,
      }),
    ),
    x402: Type.Optional(X402Rules),
    authorizationWithinMs: durationMs,
    approvalWithinMs: durationMs,
    settlement: Settlement,
    disputes: Type.Optional(Disputes),
  },
  'A policy document: what agents of a tenant may pay for, when a person must be asked, how work is settled.',
)
export type Profile = Static<typeof Profile>

export type {
  AutonomyRules,
  Modes,
  ProfileMode,
  RateRule,
  SequenceRule,
  Wallets,
} from './profile-rules.ts'
