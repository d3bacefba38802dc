/**
 * What an agent asks to do: the fingerprint of one request, and the intent that binds it to money.
 *
 * Rules: spec/intent.md. Vectors: spec/vectors/intent/.
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
  TraceText,
  words,
} from '../schema.ts'

const HttpFingerprint = closed({
  schemaVersion: Type.Literal('RequestFingerprint.v1'),
  method: Type.String({ pattern: '^[A-Z]{1,16}$' }),
  url: Type.String({
    minLength: 8,
    maxLength: 2048,
    // INVARIANT(redaction): a user name or password in a URL would stand in receipts.
    pattern: "^https?://[a-z0-9._~!$&'()*+,;=:\\[\\]-]+/[\\x21\\x22\\x24-\\x7e]*$",
    description: 'as WHATWG URL serialises it, without fragment, user name and password',
  }),
  headers: Type.Array(
    closed({
      name: Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
      value: Type.String({ maxLength: 1024 }),
    }),
    { maxItems: 16, description: 'the headers the profile names, lower case, sorted by name' },
  ),
  bodyHash: HashText,
})

const ToolFingerprint = closed({
  schemaVersion: Type.Literal('RequestFingerprint.v1'),
  server: NameText,
  tool: NameText,
  argumentsHash: HashText,
})

export const RequestFingerprint = Type.Union([HttpFingerprint, ToolFingerprint], {
  $id: 'RequestFingerprint.v1',
  description: 'names one request exactly: an HTTP request, or a call of a tool',
})
export type RequestFingerprint = Static<typeof RequestFingerprint>

export const RiskClass = words(['read', 'compute', 'action', 'financial'])
export type RiskClass = Static<typeof RiskClass>

export const ExecutionIntent = document(
  'ExecutionIntent.v1',
  {
    intentId: idOf('int'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    agentId: idOf('prn'),
    requestFingerprint: RequestFingerprint,
    action: NameText,
    tool: Type.Optional(NameText),
    riskClass: RiskClass,
    sideEffecting: Type.Boolean(),
    amount: AmountText,
    asset: AssetText,
    payee: idOf('prn'),
    rail: NameText,
    network: NameText,
    grantHash: HashText,
    traceId: TraceText,
    nonce: NonceText,
    issuedAt: InstantText,
    expiresAt: InstantText,
  },
  'An immutable request of an agent to spend: signed by the agent, decided upon once.',
)
export type ExecutionIntent = Static<typeof ExecutionIntent>
