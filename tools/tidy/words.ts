/**
 * Words that may not stand in code, comments or any text. Strings and regex contents do not count
 * as code.
 *
 * @module
 */
import { type Finding, finding, isCode, isTest, lineOf, type SourceFile } from './source.ts'

interface WordRule {
  readonly name: string
  readonly pattern: RegExp
  readonly view: 'code' | 'comments' | 'text'
  readonly isWatched: (path: string) => boolean
  readonly message: string
}

const invariants = (
  'decision-first default-deny binding budget books partition unknown one-truth delivery once ' +
  'terminal receipts journal approval control tenancy redaction determinism no-forgery'
).split(' ')

const isTool = (path: string): boolean => /^(?:tools|scripts)\//.test(path)
const isExact = (path: string): boolean =>
  /^packages\/(?:protocol|domain|server)\//.test(path) && !isTest(path)
const isQuiet = (path: string): boolean =>
  !isTool(path) && !isTest(path) && !path.startsWith('packages/cli/')
const isUnconfigured = (path: string): boolean =>
  isQuiet(path) && path !== 'packages/server/src/config.ts'
/** The one place of each floor that turns text into an `unknown` value. */
const jsonParsers = /^packages\/(?:protocol\/src\/(?:json|parse-json|canonical-json))\.ts$/
const parsesJson = (path: string): boolean =>
  !jsonParsers.test(path) && !isTest(path) && !isTool(path)

const hosts = [
  'registry\\.npmjs',
  'registry\\.yarnpkg',
  'npm\\.pkg\\.github',
  'registry\\.npmmirror',
]
const roots = ['work/', 'root/', 'home/[a-z]', 'Users/[A-Za-z]']

const rule = (
  name: string,
  pattern: RegExp,
  message: string,
  where: Partial<Pick<WordRule, 'view' | 'isWatched'>> = {},
): WordRule => ({ name, pattern, message, view: 'code', isWatched: isCode, ...where })

const exact = { isWatched: isExact }
const comments = { view: 'comments' } as const
const anywhere = { view: 'text', isWatched: () => true } as const

export const wordRules: readonly WordRule[] = [
  rule('todo', /\bTODO\b(?!\(#\d+\))/g, 'a TODO names its issue: TODO(#n)', comments),
  rule('fixme', /\bFIXME\b/g, 'mend it or open an issue', comments),
  rule(
    'ts-ignore',
    /@ts-(?:ignore|nocheck)\b/g,
    'the compiler is right or wrong, say which',
    comments,
  ),
  rule('test-left-out', /\.(?:skip|only)\(/g, 'every test runs'),
  rule('any', /\bas any\b|:\s*any\b|<any\b/g, 'unknown, then parse'),
  rule('json-parse', /\bJSON\.parse\(/g, 'parse strictly, to unknown', { isWatched: parsesJson }),
  rule('float', /\bparseFloat\b|\.toFixed\(/g, 'amounts are whole minor units', exact),
  rule('random', /\bMath\.random\b/g, 'randomness is a port', exact),
  rule('locale', /\btoLocale\w*|\blocaleCompare\b/g, 'the result differs by machine', exact),
  rule('console', /\bconsole\./g, 'only cli and tools speak', { isWatched: isQuiet }),
  rule('environment', /\bprocess\.env\b/g, 'config.ts reads it once', {
    isWatched: isUnconfigured,
  }),
  rule('registry-host', new RegExp(hosts.join('|'), 'g'), 'no registry is named', anywhere),
  rule(
    'machine-path',
    new RegExp(`(?<![\\w.~/})*-])/(?:${roots.join('|')})`, 'g'),
    'no path of one machine',
    anywhere,
  ),
]

export function words(files: readonly SourceFile[]): Finding[] {
  return wordRules.flatMap(({ name, pattern, view, isWatched, message }) =>
    files
      .filter((file) => isWatched(file.path))
      .flatMap((file) =>
        [...file[view].matchAll(pattern)].map((found) => {
          const at = { path: file.path, line: lineOf(file.text, found.index) }
          return finding(name, at, `\`${found[0].trim()}\`: ${message}`)
        }),
      ),
  )
}

/** A catch that holds neither code nor a sentence saying why. */
export function emptyCatches(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) =>
    [...file.code.matchAll(/\bcatch\s*(?:\([^)]*\))?\s*\{\s*\}/g)].flatMap((found) => {
      const said = file.comments.slice(found.index, found.index + found[0].length)
      if (said.trim() !== '') return []
      const at = { path: file.path, line: lineOf(file.text, found.index) }
      return [finding('empty-catch', at, 'an error vanishes here')]
    }),
  )
}

export function invariantNames(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) =>
    [...file.comments.matchAll(/\bINVARIANT\b(?:\(([^)]*)\))?/g)].flatMap((found) => {
      const name = found[1]
      if (name !== undefined && invariants.includes(name)) return []
      const at = { path: file.path, line: lineOf(file.text, found.index) }
      const message = `\`${found[0]}\` names none of: ${invariants.join(' ')}`
      return [finding('invariant-name', at, message)]
    }),
  )
}
