/**
 * The optional rules of a profile, beyond lists and limits of assets.
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
  DecisionOutcome,
  EnvironmentWord,
  idOf,
  NameText,
  words,
} from '../schema.ts'
import { AutonomyLevel, Limit } from './grant.ts'
import { RiskClass } from './intent.ts'

export const limits = Type.Array(Limit, { maxItems: 32 })
export const names = Type.Array(NameText, { maxItems: 1024, uniqueItems: true })
const someNames = Type.Array(NameText, { minItems: 1, maxItems: 256, uniqueItems: true })
const somePrincipals = Type.Array(idOf('prn'), { minItems: 1, maxItems: 256, uniqueItems: true })
const someRiskClasses = Type.Array(RiskClass, { minItems: 1, maxItems: 4, uniqueItems: true })
const someEnvironments = Type.Array(EnvironmentWord, {
  minItems: 1,
  maxItems: 2,
  uniqueItems: true,
})
const someTenants = Type.Array(idOf('ten'), { minItems: 1, maxItems: 256, uniqueItems: true })
export const durationMs = Type.Integer({ minimum: 1, maximum: 31_536_000_000 })
const windowMs = Type.Integer({
  minimum: 10_000,
  maximum: 2_678_400_000,
  multipleOf: 1_000,
  description: 'ten seconds to 31 days, in whole seconds',
})

/** The name of a rule; counts are kept under it, so that an edit of the rule resets nothing. */
const RuleId = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,31}$',
  description: 'up to 32 lower-case letters, digits and -',
})

/** What a failed rule leads to, and who is then asked. */
const consequence = {
  outcome: words(['challenge', 'escalate', 'deny']),
  approvers: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
  role: Type.Optional(NameText),
}

/** A request matches if every list that is present names the intent's member. */
const Match = closed({
  actions: Type.Optional(someNames),
  tools: Type.Optional(someNames),
  payees: Type.Optional(somePrincipals),
  riskClasses: Type.Optional(someRiskClasses),
})

export const UnitLimit = closed({
  unit: Type.String({ pattern: '^[A-Z]{3,12}$', description: 'a unit of the registry: USD' }),
  assets: Type.Array(AssetText, {
    minItems: 1,
    maxItems: 8,
    uniqueItems: true,
    description: 'whose amounts are added up; all of them are assets of the unit',
  }),
  perRequest: Type.Optional(AmountText),
  perDay: Type.Optional(AmountText),
  perMonth: Type.Optional(AmountText),
  total: Type.Optional(AmountText),
  tenantPerDay: Type.Optional(AmountText),
  tenantPerMonth: Type.Optional(AmountText),
  tenantTotal: Type.Optional(AmountText),
})

const per = words(['agent', 'payer', 'payee', 'tenant'], 'whose requests are counted together')

export const RateRule = closed({
  id: RuleId,
  per,
  match: Type.Optional(Match),
  max: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  windowMs,
  ...consequence,
})
export type RateRule = Static<typeof RateRule>

export const SequenceRule = closed({
  id: RuleId,
  per,
  first: Match,
  next: Match,
  windowMs,
  ...consequence,
})
export type SequenceRule = Static<typeof SequenceRule>

export const Condition = closed({
  id: RuleId,
  when: Type.String({
    minLength: 1,
    maxLength: 1_024,
    description: 'a CEL expression on the facts; the rule fails when it is true',
  }),
  ...consequence,
})

const MatrixRow = closed({
  level: AutonomyLevel,
  low: DecisionOutcome,
  medium: DecisionOutcome,
  high: DecisionOutcome,
  critical: DecisionOutcome,
  approvers: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
  role: Type.Optional(NameText),
})

const Band = closed({
  band: words(['medium', 'high', 'critical']),
  riskClasses: Type.Optional(someRiskClasses),
  sideEffecting: Type.Optional(Type.Boolean()),
  irrevocable: Type.Optional(Type.Boolean()),
  above: Type.Optional(limits),
})

export const AutonomyRules = closed({
  unstated: AutonomyLevel,
  bands: Type.Array(Band, {
    maxItems: 64,
    description: 'the gravest whose every member holds; if none does, the band is low',
  }),
  matrix: Type.Array(MatrixRow, {
    maxItems: 5,
    description: 'a level that has no row is denied everything',
  }),
})
export type AutonomyRules = Static<typeof AutonomyRules>

export const SessionRules = closed({
  unknown: DecisionOutcome,
  tainted: DecisionOutcome,
  promptContagion: DecisionOutcome,
  badActor: DecisionOutcome,
  escalateAbove: Type.Optional(limits),
  approvers: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
  role: Type.Optional(NameText),
})

export const Compliance = closed({
  toolManifestHash: Type.Optional(Type.Boolean()),
  knownToolVersion: Type.Optional(Type.Boolean()),
  quote: Type.Optional(Type.Boolean()),
  receiptSignature: Type.Optional(Type.Boolean()),
})

const WalletAssignment = closed({
  walletId: idOf('wlt'),
  policyVersion: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  kind: words(['dedicated', 'pooled']),
  tenants: Type.Optional(someTenants),
  environments: Type.Optional(someEnvironments),
  riskClasses: Type.Optional(someRiskClasses),
  depthMax: Type.Optional(Type.Integer({ minimum: 0, maximum: 16 })),
  perRequest: Type.Optional(limits),
  childBasisPoints: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000,
      description: 'what each level of delegation leaves of the cap',
    }),
  ),
})

export const Wallets = closed({
  rails: someNames,
  assignments: Type.Array(WalletAssignment, {
    maxItems: 64,
    description: 'the first that matches assigns the wallet',
  }),
})
export type Wallets = Static<typeof Wallets>

export const Disputes = closed({
  windowMs: durationMs,
  responseWithinMs: durationMs,
  openIfReceiptMissing: Type.Boolean(),
  evidence: Type.Array(NameText, { maxItems: 32, uniqueItems: true }),
})

export const Holdback = closed({
  basisPoints: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    description: 'how much of what is released stays held, rounded down',
  }),
  windowMs: Type.Integer({
    minimum: 1,
    maximum: 31_536_000_000,
    description: 'for how long the paying side may contest it; then it goes to the payee',
  }),
})

export const ProfileMode = words(['enforce', 'soft', 'shadow'])
export type ProfileMode = Static<typeof ProfileMode>

export const Modes = closed({
  limit: Type.Optional(words(['enforce', 'soft'])),
  autonomy: Type.Optional(words(['enforce', 'soft'])),
  rate: Type.Optional(ProfileMode),
  sequence: Type.Optional(ProfileMode),
  session: Type.Optional(ProfileMode),
  compliance: Type.Optional(ProfileMode),
  condition: Type.Optional(ProfileMode),
})
export type Modes = Static<typeof Modes>

export const Rollout = Type.Array(
  closed({
    tenants: Type.Optional(someTenants),
    environments: Type.Optional(someEnvironments),
    mode: words(['enforce', 'soft', 'shadow', 'off']),
  }),
  { maxItems: 32, description: 'the first entry that matches gives the mode' },
)

export const ChallengeOnly = closed({
  riskClasses: Type.Optional(someRiskClasses),
  raise: words(['challenge', 'escalate']),
  approvers: Type.Integer({ minimum: 1, maximum: 16 }),
  role: NameText,
})
