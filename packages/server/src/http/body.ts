/**
 * The body of a request: bytes, then strict JSON, then the shape the route takes.
 *
 * @module
 */
import type { TSchema } from '@sinclair/typebox'
import {
  err,
  fromUtf8,
  type JsonValue,
  ok,
  type ProblemCode,
  parseAs,
  parseJson,
  type Result,
} from '@surety/protocol'

/** Reads a body; none is an empty object, and routes without one take nothing else. */
export function readBody(
  bytes: unknown,
  schema: TSchema | null,
): Result<JsonValue | undefined, ProblemCode> {
  const empty = bytes === undefined || bytes === null || (bytes as Buffer).length === 0
  if (empty) {
    if (schema === null) return ok(undefined)
    return parseAs(schema, {}).ok ? ok({}) : err('json_invalid', 'the body is empty')
  }
  const text = fromUtf8(bytes as Buffer)
  if (text === undefined) return err('json_invalid', 'the body is not UTF-8')
  const parsed = parseJson(text)
  if (!parsed.ok) {
    return parsed.refusal === 'json_too_large' ? err('body_too_large') : err(parsed.refusal)
  }
  if (schema === null) {
    const nothing = JSON.stringify(parsed.value) === '{}'
    return nothing ? ok(undefined) : err('schema_mismatch', 'this route takes no body')
  }
  const shaped = parseAs(schema, parsed.value)
  return shaped.ok ? ok(parsed.value) : shaped
}
