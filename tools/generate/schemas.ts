/**
 * spec/schema: one JSON Schema for each document that protocol exports, complete in itself.
 *
 * @module
 */
import * as protocol from '@surety/protocol'
import type { Generated } from '../generate.ts'

export function schemaFiles(): Generated {
  const documents = Object.values(protocol)
    .map((value): readonly [string | undefined, unknown] => [nameOf(value), value])
    .filter((entry): entry is readonly [string, unknown] => entry[0] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    documents.map(([name, schema]) => [`spec/schema/${name}.json`, render(name, schema)]),
  )
}

function nameOf(value: unknown): string | undefined {
  const id = typeof value === 'object' && value !== null ? Reflect.get(value, '$id') : undefined
  return typeof id === 'string' ? id : undefined
}

/** A document that stands inside another has no name of its own there. */
function render(name: string, schema: unknown): string {
  const unnamed = JSON.stringify(schema, (key, value: unknown) =>
    key === '$id' ? undefined : value,
  )
  const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: name }
  return `${JSON.stringify({ ...head, ...(JSON.parse(unnamed) as object) }, null, 2)}\n`
}
