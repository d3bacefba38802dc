/**
 * Whether a response body satisfies a JSON Schema of a profile.
 *
 * @module
 */
import type { JsonObject } from '@surety/protocol'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { SchemaCheck } from '../app/runtime.ts'

const SCHEMAS_MAX = 256

/** Compiles each schema once. A schema that does not compile is satisfied by nothing. */
export function jsonSchemaCheck(): SchemaCheck {
  const compiled = new Map<JsonObject, ValidateFunction | null>()
  return (schema, body) => {
    let check = compiled.get(schema)
    if (check === undefined) {
      check = compile(schema)
      if (compiled.size >= SCHEMAS_MAX) compiled.clear()
      compiled.set(schema, check)
    }
    return check?.(body) === true
  }
}

function compile(schema: JsonObject): ValidateFunction | null {
  // Its own instance each: two schemas may carry one $id.
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false })
  try {
    return ajv.compile(schema)
  } catch {
    return null
  }
}
