/**
 * What the HTTP door describes of itself: spec/openapi.json, and the types of the SDK.
 *
 * @module
 */
import { describeApi } from '@surety/server'
import type { Generated } from '../generate.ts'

type Json = { readonly [name: string]: unknown }

/** The description, and the SDK's view of it. */
export function apiFiles(): Generated {
  const api = describeApi()
  return {
    'spec/openapi.json': `${JSON.stringify(api, null, 2)}\n`,
    'packages/sdk/src/api.gen.ts': sdkTypes(api),
  }
}

function sdkTypes(api: Json): string {
  const { schemas } = api.components as { schemas: Record<string, Json> }
  const named = Object.keys(schemas).sort()
  const types = named.map((name) => {
    const schema = schemas[name] as Json
    return `/** ${describe(schema, name)} */\nexport type ${identifier(name)} = ${typeOf(schema, 0)}\n`
  })
  return [
    '/** Generated from spec/openapi.json by `npm run generate`. */',
    ...types,
    operations(calledIn(api.paths as Paths)),
  ].join('\n')
}

function describe(schema: Json, name: string): string {
  return typeof schema.description === 'string' ? schema.description : name
}

type Paths = Readonly<Record<string, Record<string, Json>>>

/** What is called with JSON; the proxy speaks for somebody else. */
function calledIn(paths: Paths): Record<string, Record<string, Json>> {
  return Object.fromEntries(Object.entries(paths).filter(([path]) => !path.startsWith('/proxy/')))
}

/** `Profile.v1` is `ProfileV1`. */
function identifier(name: string): string {
  return name.replaceAll(/\.v(\d+)$/g, 'V$1').replaceAll(/[^A-Za-z0-9]/g, '')
}

function typeOf(schema: Json, depth: number): string {
  const reference = schema.$ref
  if (typeof reference === 'string') return identifier(reference.split('/').at(-1) ?? '')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (Array.isArray(schema.enum)) return schema.enum.map((word) => `'${word}'`).join(' | ')
  if (Array.isArray(schema.anyOf)) return union(schema.anyOf as Json[], depth)
  if (schema.not !== undefined) return 'never'
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return `readonly (${typeOf(schema.items as Json, depth)})[]`
    default:
      return objectType(schema, depth)
  }
}

function union(members: readonly Json[], depth: number): string {
  return members.map((member) => typeOf(member, depth)).join(' | ')
}

function objectType(schema: Json, depth: number): string {
  const properties = (schema.properties ?? {}) as Record<string, Json>
  const required = new Set((schema.required ?? []) as string[])
  if (Object.keys(properties).length === 0) return '{ readonly [name: string]: unknown }'
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(properties).map(
    ([name, member]) =>
      `${indent}readonly ${name}${required.has(name) ? '' : '?'}: ${typeOf(member, depth + 1)}`,
  )
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`
}

function operations(paths: Record<string, Record<string, Json>>): string {
  const types: string[] = []
  const table: string[] = []
  const streams: string[] = []
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const id = String(operation.operationId)
      if (isStream(operation)) {
        streams.push(`  ${id}: { path: '${path}' },`)
        continue
      }
      types.push(`  readonly ${id}: ${operationType(operation)}`)
      table.push(`  ${id}: { method: '${method.toUpperCase()}', path: '${path}' },`)
    }
  }
  return [
    '/** Each operation: what it takes and what it answers. */',
    `export interface Operations {\n${types.join('\n')}\n}\n`,
    '/** Where each operation is served. */',
    `export const OPERATIONS = {\n${table.join('\n')}\n} as const\n`,
    '/** What is read as it is made: text, not JSON. */',
    `export const STREAMS = {\n${streams.join('\n')}\n} as const\n`,
  ].join('\n')
}

/** Whether the answer is text that is made while it is sent. */
function isStream(operation: Json): boolean {
  const responses = Object.entries(operation.responses as Record<string, Json>)
  const [success] = responses.filter(([status]) => status.startsWith('2'))
  const content = (success?.[1].content ?? {}) as Json
  return content['application/json'] === undefined
}

function operationType(operation: Json): string {
  const parameters = (operation.parameters ?? []) as Json[]
  const group = (place: string): string => {
    const members = parameters
      .filter((parameter) => parameter.in === place)
      .map((each) => `${String(each.name)}${each.required === true ? '' : '?'}: string`)
    return members.length === 0 ? 'undefined' : `{ ${members.join('; ')} }`
  }
  const body = operation.requestBody as Json | undefined
  const responses = operation.responses as Record<string, Json>
  const [success] = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  return [
    '{',
    `    readonly params: ${group('path')}`,
    `    readonly query: ${group('query')}`,
    `    readonly body: ${body === undefined ? 'undefined' : typeOf(jsonSchemaOf(body), 2)}`,
    `    readonly answer: ${typeOf(jsonSchemaOf(success?.[1] as Json), 2)}`,
    '  }',
  ].join('\n')
}

function jsonSchemaOf(holder: Json): Json {
  const content = holder.content as Record<string, Json>
  return content['application/json']?.schema as Json
}
