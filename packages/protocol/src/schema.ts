/**
 * The parts every schema is made of, and the one way an unknown value becomes a typed one.
 *
 * A schema is JSON Schema: the same object checks at run time, gives the type, and is published
 * under spec/schema/. Every object is closed: an unknown member is refused.
 *
 * @module
 */
import { FormatRegistry, type Static, type TObject, type TSchema, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { Value } from '@sinclair/typebox/value'
import { ID_BODY, type Id, type IdPrefix } from './id.ts'
import { parseInstant } from './instant.ts'
import { err, ok, type Result } from './result.ts'

FormatRegistry.Set('date-time', (text) => parseInstant(text).ok)

/** A closed object. */
export function closed<Members extends Parameters<typeof Type.Object>[0]>(
  members: Members,
  options: { readonly $id?: string; readonly description?: string } = {},
): TObject<Members> {
  return Type.Object(members, { ...options, additionalProperties: false })
}

/** An object that is hashed or signed: its `schemaVersion` names its type. */
export function document<Name extends string, Members extends Parameters<typeof Type.Object>[0]>(
  name: Name,
  members: Members,
  description: string,
): TObject<Members & { schemaVersion: ReturnType<typeof Type.Literal<Name>> }> {
  return Type.Object(
    { schemaVersion: Type.Literal(name), ...members },
    { $id: name, description, additionalProperties: false },
  ) as never
}

/** One of a few words. */
export function words<const Words extends readonly string[]>(list: Words, description?: string) {
  return Type.Unsafe<Words[number]>(
    Type.String({
      enum: [...list],
      pattern: `^(?:${list.join('|')})$`,
      ...(description === undefined ? {} : { description }),
    }),
  )
}

export function idOf<Prefix extends IdPrefix>(prefix: Prefix, description?: string) {
  return Type.Unsafe<Id<Prefix>>(
    Type.String({
      pattern: `^${prefix}_${ID_BODY}$`,
      ...(description === undefined ? {} : { description }),
    }),
  )
}

export const HashText = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256, lowercase hexadecimal',
})
export const AmountText = Type.String({
  pattern: '^(?:0|[1-9][0-9]{0,17})$',
  description: 'integer minor units as decimal digits',
})
export const InstantText = Type.String({
  format: 'date-time',
  pattern:
    '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z$',
  minLength: 24,
  maxLength: 24,
  description: 'RFC 3339, UTC, three digits: 2026-11-20T09:30:00.000Z',
})
export const AssetText = Type.String({
  pattern:
    '^(?:[A-Z][A-Z0-9]{1,11}/(?:[0-9]|1[0-8])|[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128})$',
  maxLength: 180,
  description: 'an asset with its scale (USD/2), or a CAIP-19 id',
})
/** A place in a stream, from 1; an integer that every JSON reader keeps. */
export const SeqNumber = Type.Integer({ minimum: 1, maximum: 9_007_199_254_740_991 })
/** A name a person gives: actions, tools, rails, networks, roles, references. */
export const NameText = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$',
  description: 'up to 128 letters, digits and . _ : / -',
})
export const SlugText = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$' })
export const NonceText = Type.String({
  pattern: '^[A-Za-z0-9_-]{16,64}$',
  description: '16 to 64 characters of base64url, never used twice',
})
export const TraceText = Type.String({
  pattern: '^[0-9a-f]{32}$',
  description: 'W3C trace id',
})
export const KidText = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'RFC 7638 thumbprint',
})
export const EnvironmentWord = words(
  ['sandbox', 'production'],
  'sandbox never moves real money; production refuses synthetic adapters',
)
export type Environment = Static<typeof EnvironmentWord>

/** The four ways a decision comes out. */
export const DecisionOutcome = words(['allow', 'challenge', 'escalate', 'deny'])
export type DecisionOutcome = Static<typeof DecisionOutcome>

/** A compact JWS of one of our types. */
export const JwsText = Type.String({
  pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{86}$',
  maxLength: 65_536,
  description: 'compact JWS, EdDSA',
})

export const PublicJwkObject = closed({
  kty: Type.Literal('OKP'),
  crv: Type.Literal('Ed25519'),
  x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
})

/** Takes a value that has the shape of the schema, or says where it first does not. */
export function parseAs<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
): Result<Static<Schema>, 'schema_mismatch'> {
  if (checkOf(schema)(value)) return ok(value as Static<Schema>)
  const first = Value.Errors(schema, value).First()
  return err('schema_mismatch', first === undefined ? '' : `${first.path || '/'}: ${first.message}`)
}

const checks = new WeakMap<TSchema, (value: unknown) => boolean>()

/** Compiled once a schema; interpreted where the host forbids code made from text. */
function checkOf(schema: TSchema): (value: unknown) => boolean {
  let check = checks.get(schema)
  if (check === undefined) {
    check = compile(schema)
    checks.set(schema, check)
  }
  return check
}

function compile(schema: TSchema): (value: unknown) => boolean {
  try {
    const compiled = TypeCompiler.Compile(schema)
    return (value) => compiled.Check(value)
  } catch (fault) {
    if (fault instanceof EvalError) return (value) => Value.Check(schema, value)
    throw fault
  }
}
