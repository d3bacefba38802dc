/**
 * A document as a person writes it: YAML or JSON, with the line and column of each of its parts.
 *
 * @module
 */
import { fromUtf8, parseAs, parseJson } from '@surety/protocol'
import { isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import { CliError, EXIT, localError } from '../exit.ts'
import { readBytes } from './files.ts'

const BYTES_MAX = 1_048_576

export interface Place {
  readonly line: number
  readonly column: number
}

export type Path = readonly (string | number)[]

/** What a file says, and where it says it. */
export interface Written {
  readonly value: unknown
  readonly text: string
  /** Where a part stands; of one that is missing, where it should. `offset` counts in a text. */
  placeOf(path: Path, offset?: number): Place
}

/** What the file is for: names the refusal. */
export interface Kind {
  readonly code: string
  readonly noun: string
}

/** Reads a file. Text that is neither YAML nor JSON is refused. */
export function readWritten(path: string, kind: Kind): Written {
  const text = fromUtf8(readBytes(path, BYTES_MAX))
  if (text === undefined)
    throw localError('file_not_text', `\`${path}\` is not UTF-8`, 'save it so')
  if (path.endsWith('.json')) {
    const parsed = parseJson(text)
    if (!parsed.ok) throw invalid(kind, path, parsed.detail ?? parsed.refusal, 'correct the JSON')
  }
  return readYaml(path, text, kind)
}

/** YAML 1.2 with its core schema, of which JSON is a part; an alias may not multiply. */
function readYaml(path: string, text: string, kind: Kind): Written {
  const lineCounter = new LineCounter()
  const options = { schema: 'core', uniqueKeys: true, merge: false, lineCounter } as const
  const document = parseDocument(text, options)
  const [error] = document.errors
  if (error !== undefined) {
    const [{ line, col } = { line: 1, col: 1 }] = error.linePos ?? []
    const message = error.message.split(/ at line |\n/, 1)[0] ?? 'not YAML'
    throw invalid(kind, placed(path, { line, column: col }), message, 'correct the YAML')
  }
  const nodeAt = (steps: Path): Node | undefined => {
    for (let length = steps.length; length >= 0; length -= 1) {
      const node = document.getIn(steps.slice(0, length), true) as Node | undefined
      if (node?.range != null) return node
    }
    return undefined
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 64 })
    return {
      value,
      text,
      placeOf: (steps, offset = 0) => {
        const node = nodeAt(steps)
        const quote = isScalar(node) && text[node.range?.[0] ?? 0] !== node.source?.[0] ? 1 : 0
        const at = (node?.range?.[0] ?? 0) + (offset === 0 ? 0 : offset + quote)
        const { line, col } = lineCounter.linePos(at)
        return { line: Math.max(line, 1), column: Math.max(col, 1) }
      },
    }
  } catch (fault) {
    const message = fault instanceof Error ? fault.message : 'not YAML'
    throw invalid(kind, path, message, 'write it without aliases')
  }
}

/** `file:line:column`. */
export function placed(path: string, { line, column }: Place): string {
  return `${path}:${String(line)}:${String(column)}`
}

export function invalid(kind: Kind, where: string, what: string, remedy: string): CliError {
  return new CliError(EXIT.no, kind.code, {
    what: `the ${kind.noun} is invalid: ${where}: ${what}`,
    remedy,
  })
}

/** Holds what was read against a schema; what is wrong is named by its path and its place. */
export function ensureShape<Schema extends Parameters<typeof parseAs>[0]>(
  schema: Schema,
  path: string,
  written: Written,
  kind: Kind,
) {
  const parsed = parseAs(schema, written.value)
  if (parsed.ok) return parsed.value
  const detail = parsed.detail ?? parsed.refusal
  const steps = (/^\/[^:]*/.exec(detail)?.[0] ?? '/').split('/').slice(1).map(stepOf)
  const isAmount = /\/(?:max|above|amount|per\w+|total|tenant\w+): Expected string/.test(detail)
  const remedy = isAmount ? 'write amounts in quotes: max: "250"' : 'correct it and check again'
  throw invalid(kind, placed(path, written.placeOf(steps)), detail, remedy)
}

/** RFC 6901 §4: `~1` is a slash and `~0` a tilde. */
function stepOf(step: string): string | number {
  if (/^\d+$/.test(step)) return Number(step)
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
