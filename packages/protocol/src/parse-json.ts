/**
 * The one reader of JSON that comes from outside: strict, bounded, without surprises.
 *
 * Refuses duplicate names, lone surrogates, numbers out of range, depth and size past the limits;
 * `__proto__` is an ordinary name. Rules: spec/canonical-json.md. Vectors:
 * spec/vectors/parse-json/.
 *
 * @module
 */
import type { JsonValue } from './canonical-json.ts'
import { err, ok, type Result } from './result.ts'

export interface JsonLimits {
  /** The longest text, in UTF-16 code units. */
  readonly lengthMax: number
  /** How deep arrays and objects may nest; a scalar has depth 0. */
  readonly depthMax: number
}

export const JSON_LIMITS: JsonLimits = { lengthMax: 1_048_576, depthMax: 32 }

export type JsonRefusal =
  | 'json_too_large'
  | 'json_too_deep'
  | 'json_invalid'
  | 'json_duplicate_name'
  | 'json_lone_surrogate'

/**
 * Reads a text. Checked in this order: too large, too deep, not JSON, a number that overflows (not
 * JSON either), a name twice, a lone surrogate.
 */
export function parseJson(
  text: string,
  limits: JsonLimits = JSON_LIMITS,
): Result<JsonValue, JsonRefusal> {
  if (text.length > limits.lengthMax) return err('json_too_large')
  const scanned = scan(text, limits.depthMax)
  if (scanned === 'too_deep') return err('json_too_deep')
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    return err('json_invalid')
  }
  // nodejs/node#63785: for a name with an escape V8 may answer with a name of an earlier text.
  if (scanned.hasEscapedNames) value = readValue(text, { at: 0 })
  // A name that stands twice leaves fewer members than the text has.
  const census: Census = { members: 0, finite: true, wellFormed: true }
  count(value, census)
  if (!census.finite) return err('json_invalid', 'a number is too large')
  if (census.members !== scanned.members) return err('json_duplicate_name')
  return census.wellFormed ? ok(value) : err('json_lone_surrogate')
}

interface Scan {
  members: number
  hasEscapedNames: boolean
}

/** Counts the colons outside strings, which in valid JSON is the number of members. */
function scan(text: string, depthMax: number): Scan | 'too_deep' {
  const found: Scan = { members: 0, hasEscapedNames: false }
  let depth = 0
  let nameFrom = 0
  let nameTo = 0
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case 0x22:
        nameFrom = i + 1
        nameTo = endOfString(text, nameFrom)
        i = nameTo
        break
      case 0x3a:
        found.members += 1
        if (text.slice(nameFrom, nameTo).includes('\\')) found.hasEscapedNames = true
        // Attacker-controlled: in what is not JSON many colons may follow one long string.
        nameTo = nameFrom
        break
      case 0x5b:
      case 0x7b:
        depth += 1
        if (depth > depthMax) return 'too_deep'
        break
      case 0x5d:
      case 0x7d:
        depth -= 1
        break
      default:
    }
  }
  return found
}

function endOfString(text: string, from: number): number {
  let i = from
  for (;;) {
    const end = text.indexOf('"', i)
    if (end === -1) return text.length
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c && end - 1 - backslashes >= from) {
      backslashes += 1
    }
    if (backslashes % 2 === 0) return end
    i = end + 1
  }
}

interface Census {
  members: number
  finite: boolean
  wellFormed: boolean
}

function count(value: JsonValue, census: Census): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) census.wellFormed = false
    return
  }
  // Attacker-controlled: 1e400 is a JSON number, and no double.
  if (typeof value === 'number' && !Number.isFinite(value)) census.finite = false
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) count(item, census)
    return
  }
  const members = value as { readonly [name: string]: JsonValue }
  for (const name of Object.keys(members)) {
    census.members += 1
    if (!name.isWellFormed()) census.wellFormed = false
    count(members[name] as JsonValue, census)
  }
}

interface Cursor {
  at: number
}

/** Reads a text that is known to be JSON, and gives the engine one scalar at a time. */
function readValue(text: string, cursor: Cursor): JsonValue {
  switch (next(text, cursor)) {
    case '[':
      return readItems(text, cursor, ']', () => readValue(text, cursor))
    case '{':
      return Object.fromEntries(
        readItems(text, cursor, '}', () => {
          const name = readScalar(text, cursor) as string
          next(text, cursor)
          cursor.at += 1
          return [name, readValue(text, cursor)] as const
        }),
      )
    default:
      return readScalar(text, cursor)
  }
}

function readItems<Item>(text: string, cursor: Cursor, end: string, read: () => Item): Item[] {
  const items: Item[] = []
  cursor.at += 1
  while (next(text, cursor) !== end) {
    if (next(text, cursor) === ',') cursor.at += 1
    items.push(read())
  }
  cursor.at += 1
  return items
}

function readScalar(text: string, cursor: Cursor): JsonValue {
  const isString = next(text, cursor) === '"'
  const from = cursor.at
  let to = from + 1
  if (isString) to = endOfString(text, to) + 1
  else while (/[^\s,\]}]/.test(text.charAt(to))) to += 1
  cursor.at = to
  return JSON.parse(text.slice(from, to)) as JsonValue
}

/** The next character that is no white space; the cursor stands on it. */
function next(text: string, cursor: Cursor): string {
  while (/\s/.test(text.charAt(cursor.at))) cursor.at += 1
  return text.charAt(cursor.at)
}

/**
 * Reads JSON that its own writer wrote with `JSON.stringify` or canonically, without limits and
 * without looking for duplicates. Throws a fault on anything else.
 */
export function parseOwnJson(text: string): JsonValue {
  // Names with escapes go the slow way, for the reason given above.
  if (!text.includes('\\')) return JSON.parse(text) as JsonValue
  const parsed = parseJson(text, { lengthMax: Number.MAX_SAFE_INTEGER, depthMax: 256 })
  if (!parsed.ok) throw new Error(`not JSON of our own: ${parsed.refusal}`)
  return parsed.value
}
