/**
 * A profile: the policy document a tenant writes. Named by the hash of its canonical bytes.
 *
 * Rules: spec/profile.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox'
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
  Holdback,
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

export const Raise = words(
  ['challenge', 'escalate'],
  'asks the party whose money it is, or an operator',
)

/** A member with words for its page in the reference. */
function about<Schema extends TSchema>(description: string, schema: Schema): Schema {
  return { ...schema, description }
}

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
  holdback: Type.Optional(
    about('a share of what is released waits; not of what a rail has taken', Holdback),
  ),
})

export const Profile = document(
  'Profile.v1',
  {
    profileId: about('names the profile; stated in every decision', SlugText),
    version: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'counts up; what was applied under a version never changes',
    }),
    name: Type.String({ minLength: 1, maxLength: 120, description: 'for people' }),
    mode: about('denies; asks where it may; only watches', ProfileMode),
    modes: Type.Optional(about('the mode of single classes of rules', Modes)),
    rollout: Type.Optional(Rollout),
    challengeOnly: Type.Optional(about('asks a person about everything', ChallengeOnly)),
    allowlists: closed({
      assets: Type.Array(AssetText, {
        maxItems: 32,
        uniqueItems: true,
        description: 'what may be paid with; no other is',
      }),
      rails: about('what may carry the money; no other does', names),
      networks: about('over which networks; over no other', names),
      payees: Type.Optional(
        Type.Array(idOf('prn'), {
          maxItems: 1024,
          uniqueItems: true,
          description: 'who may be paid; absent: anybody registered',
        }),
      ),
      tools: Type.Optional(about('absent: any', names)),
      actions: Type.Optional(about('absent: any', names)),
    }),
    limits: closed({
      perRequest: about('the most of one payment; every asset needs one', limits),
      perDay: Type.Optional(about('the most of one payer in a UTC day', limits)),
      perMonth: Type.Optional(about('the most of one payer in a UTC month', limits)),
      total: Type.Optional(about('the most of one payer, ever', limits)),
      tenantPerDay: Type.Optional(about('of all payers together', limits)),
      tenantPerMonth: Type.Optional(about('of all payers together', limits)),
      tenantTotal: Type.Optional(about('of all payers together', limits)),
      units: Type.Optional(
        Type.Array(UnitLimit, { maxItems: 16, description: 'over all assets of a unit' }),
      ),
    }),
    approvalTiers: Type.Array(ApprovalTier, {
      maxItems: 512,
      description: 'above an amount somebody is asked; the highest counts',
    }),
    risk: Type.Array(
      closed({
        riskClass: RiskClass,
        outcome: words(['allow', 'challenge', 'escalate', 'deny']),
        approvers: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
        role: Type.Optional(NameText),
      }),
      { maxItems: 4, description: 'a risk class that is not listed is denied' },
    ),
    autonomy: Type.Optional(about('how much risk a level carries alone', AutonomyRules)),
    rates: Type.Optional(
      Type.Array(RateRule, { maxItems: 512, description: 'how often, in a sliding window' }),
    ),
    sequences: Type.Optional(
      Type.Array(SequenceRule, { maxItems: 512, description: 'what must not follow too soon' }),
    ),
    session: Type.Optional(
      about('by what is known of the conversation; nothing is yet', SessionRules),
    ),
    compliance: Type.Optional(about('what must be known before paying', Compliance)),
    conditions: Type.Optional(
      Type.Array(Condition, { maxItems: 128, description: 'anything else, in CEL' }),
    ),
    wallets: Type.Optional(about('which wallet pays', Wallets)),
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
    authorizationWithinMs: about('how long an allowance may be used', durationMs),
    approvalWithinMs: about('how long a gate waits for a person', durationMs),
    settlement: about('how evidence is judged', Settlement),
    disputes: Type.Optional(
      about('the terms of a dispute; stated, nothing acts on them in this version', Disputes),
    ),
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
