/**
 * Canonical JSON: RFC 8785, the one text that is hashed and signed.
 *
 * Rules: spec/canonical-json.md. Vectors: spec/vectors/canonical-json/ and spec/vectors/jcs/.
 *
 * @module
 */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

export type JsonObject = { readonly [name: string]: JsonValue }

/**
 * Writes a value as RFC 8785 prescribes. Throws a fault on what JSON cannot say: a number that is
 * not finite, a lone surrogate, `undefined`, a function, a bigint, an instance of a class.
 *
 * Cost: linear in the text, plus the sorting of each object's names.
 */
export function canonicalize(value: unknown): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
      // RFC 8785 §3.2.2.3: the ECMAScript form; minus zero is written as zero.
      if (!Number.isFinite(value)) throw new TypeError('a number that is not finite')
      return String(value === 0 ? 0 : value)
    case 'object':
      return Array.isArray(value) ? array(value) : object(value as Record<string, unknown>)
    default:
      throw new TypeError(`canonical JSON has no ${typeof value}`)
  }
}

const recordTexts = new WeakMap<object, string>()

/**
 * The same text of an object that has just been made and never changes again. It is remembered as
 * long as the object is: what is hashed by itself is then written as a part of others, and signed.
 */
export function canonicalizeRecord(record: object): string {
  const text = canonicalize(record)
  recordTexts.set(record, text)
  return text
}

function array(items: readonly unknown[]): string {
  let text = '['
  for (let i = 0; i < items.length; i += 1) {
    text += i === 0 ? canonicalize(items[i]) : `,${canonicalize(items[i])}`
  }
  return `${text}]`
}

function object(members: Record<string, unknown>): string {
  const known = recordTexts.get(members)
  if (known !== undefined) return known
  if (!isPlain(members)) throw new TypeError('canonical JSON has no instances of classes')
  // RFC 8785 §3.2.3: by UTF-16 code units, which is what sort() compares.
  const names = Object.keys(members)
  if (!isOrdered(names)) names.sort()
  let text = '{'
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i] as string
    if (i > 0) text += ','
    text += `${quotedName(name)}:${canonicalize(members[name])}`
  }
  return `${text}}`
}

/** What was read from canonical text is in order already, which is cheaper to see than to make. */
function isOrdered(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i += 1) {
    if ((names[i - 1] as string) > (names[i] as string)) return false
  }
  return true
}

/** Whether nothing but the root of prototypes stands above it; so a map or a date is none. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const NAMES_MAX = 1_024
const quotedNames = new Map<string, string>()

/** The names of our schemas come again and again; the first thousand are quoted once. */
function quotedName(name: string): string {
  let quoted = quotedNames.get(name)
  if (quoted === undefined) {
    quoted = quote(name)
    if (quotedNames.size < NAMES_MAX && name.length <= 64) quotedNames.set(name, quoted)
  }
  return quoted
}

/** Printable ASCII without the quotation mark and the backslash: what stands for itself. */
const PLAIN = /^[ !#-[\]-~]*$/

function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  // RFC 8785 §3.2.2.2: what has no UTF-8 form ends the serialization.
  if (!text.isWellFormed()) throw new TypeError('a lone surrogate')
  return JSON.stringify(text)
}
