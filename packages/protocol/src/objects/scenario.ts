/**
 * A scenario: a few requests in a row, what is so before them, and what should be decided.
 *
 * Run by `surety profile simulate` with the one evaluator. Rules: spec/profile.md.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import {
  AmountText,
  AssetText,
  closed,
  DecisionOutcome,
  document,
  EnvironmentWord,
  InstantText,
  idOf,
  NameText,
} from '../schema.ts'
import { SessionFacts } from './decision.ts'
import { GrantBounds, Limit } from './grant.ts'
import { RiskClass } from './intent.ts'

const DurationMs = Type.Integer({ minimum: 0, maximum: 31_536_000_000 })
const Url = Type.String({ pattern: '^https?://[^\\s]{1,2000}$' })
const Method = Type.String({ pattern: '^[A-Z]{1,16}$' })

const Request = closed({
  amount: AmountText,
  riskClass: RiskClass,
  asset: Type.Optional(AssetText),
  action: Type.Optional(NameText),
  tool: Type.Optional(NameText),
  payee: Type.Optional(idOf('prn')),
  rail: Type.Optional(NameText),
  network: Type.Optional(NameText),
  sideEffecting: Type.Optional(Type.Boolean()),
  method: Type.Optional(Method),
  url: Type.Optional(Url),
})

const Step = closed({
  name: Type.Optional(Type.String({ maxLength: 200 })),
  afterMs: Type.Optional(DurationMs),
  request: Request,
  session: Type.Optional(Type.Omit(SessionFacts, ['sessionId'], { additionalProperties: false })),
  toolVersionKnown: Type.Optional(Type.Boolean()),
  toolManifestKnown: Type.Optional(Type.Boolean()),
  expect: Type.Optional(
    closed({
      decision: DecisionOutcome,
      reasonCodes: Type.Optional(Type.Array(NameText, { minItems: 1, maxItems: 96 })),
    }),
  ),
})

const Spent = closed({
  asset: AssetText,
  day: Type.Optional(AmountText),
  month: Type.Optional(AmountText),
  total: Type.Optional(AmountText),
})

export const ProfileScenario = document(
  'ProfileScenario.v1',
  {
    name: Type.String({ minLength: 1, maxLength: 200 }),
    given: Type.Optional(
      closed({
        at: Type.Optional(InstantText),
        environment: Type.Optional(EnvironmentWord),
        bounds: Type.Optional(GrantBounds),
        depth: Type.Optional(Type.Integer({ minimum: 0, maximum: 16 })),
        funds: Type.Optional(Type.Array(Limit, { maxItems: 32 })),
        spent: Type.Optional(Type.Array(Spent, { maxItems: 32 })),
      }),
    ),
    steps: Type.Array(Step, { minItems: 1, maxItems: 256 }),
  },
  'Requests in a row, what is so before them, and what a profile should decide about each.',
)
export type ProfileScenario = Static<typeof ProfileScenario>
