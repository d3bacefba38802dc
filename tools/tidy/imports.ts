/**
 * Which folder may import which: the modules of domain, the layers of server, and the cli's way to
 * the server. Between packages the linter decides.
 *
 * @module
 */
import { posix } from 'node:path'
import { type Finding, finding, isTest, lineOf, type SourceFile } from './source.ts'

interface Import {
  readonly isType: boolean
  readonly isDynamic: boolean
  readonly specifier: string
  /** Path in the repository, for a relative specifier. */
  readonly target: string
  readonly line: number
}

const statement =
  /(?:^|[;\n])\s*(?:import|export)\b(\s+type\b(?!\s+from\b|\s*,))?(?:[\w\s{},*$]*?\bfrom)?\s*(['"])( *)\2/g
const dynamic = /\bimport\(\s*(['"])( *)\1/g

export function importsOf(file: SourceFile): Import[] {
  const read = (found: RegExpExecArray, isDynamic: boolean): Import => {
    const quote = isDynamic ? found[1] : found[2]
    const end = found.index + found[0].length - 1
    const start = file.code.lastIndexOf(quote ?? "'", end - 1) + 1
    const specifier = file.text.slice(start, end)
    return {
      isType: !isDynamic && found[1] !== undefined,
      isDynamic,
      specifier,
      target: specifier.startsWith('.')
        ? posix.join(posix.dirname(file.path), specifier)
        : specifier,
      line: lineOf(file.text, start),
    }
  }
  return [
    ...[...file.code.matchAll(statement)].map((found) => read(found, false)),
    ...[...file.code.matchAll(dynamic)].map((found) => read(found, true)),
  ]
}

type Judge = (path: string, each: Import) => string | undefined

function judged(rule: string, judge: Judge): (files: readonly SourceFile[]) => Finding[] {
  return (files) =>
    files
      .filter((file) => file.path.startsWith('packages/') && !isTest(file.path))
      .flatMap((file) =>
        importsOf(file).flatMap((each) => {
          const message = judge(file.path, each)
          if (message === undefined) return []
          return [finding(rule, { path: file.path, line: each.line }, message)]
        }),
      )
}

const inside = (path: string, root: string): string[] | undefined =>
  path.startsWith(`${root}/`) ? path.slice(root.length + 1).split('/') : undefined

/** Modules meet in types; only `bundle` composes them, because checking one needs them all. */
export const domainModules = judged('domain-modules', (path, each) => {
  const from = inside(path, 'packages/domain/src')
  const to = inside(each.target, 'packages/domain/src')
  if (from === undefined || to === undefined || from.length < 2 || to.length < 2) return undefined
  if (from[0] === to[0] || from[0] === 'bundle' || each.isType) return undefined
  return `\`${from[0]}\` meets \`${to[0]}\` in types only: import type`
})

const adapters = ['store', 'rails', 'keys', 'web']
const closed: Readonly<Record<string, readonly string[]>> = {
  http: [...adapters, 'workers', 'main.ts'],
  workers: [...adapters, 'http', 'main.ts'],
  app: [...adapters, 'http', 'workers', 'main.ts'],
  store: ['rails', 'keys', 'web', 'app', 'http', 'workers', 'main.ts'],
  rails: ['store', 'keys', 'web', 'app', 'http', 'workers', 'main.ts'],
  keys: ['store', 'rails', 'web', 'app', 'http', 'workers', 'main.ts'],
  web: ['store', 'rails', 'keys', 'app', 'http', 'workers', 'main.ts'],
}

export const serverLayers = judged('server-layers', (path, each) => {
  const from = inside(path, 'packages/server/src')
  const to = inside(each.target, 'packages/server/src')
  const layer = from?.[0]
  const target = to?.[0]
  if (from === undefined || to === undefined || layer === undefined || target === undefined) {
    return undefined
  }
  if (closed[layer]?.includes(target) === true) return `\`${layer}\` may not import \`${target}\``
  const isOutside = !(layer in closed) && layer !== 'main.ts'
  if (isOutside && adapters.includes(target)) return 'only main.ts imports an adapter'
  const isOther = layer === target && from.length > 2 && to.length > 2 && from[1] !== to[1]
  if (isOther && adapters.includes(layer)) {
    return `\`${layer}/${from[1]}\` may not import \`${layer}/${to[1]}\``
  }
  return undefined
})

export const cliServer = judged('cli-server', (path, each) => {
  const isServer = /^@surety\/server(?:\/|$)/.test(each.specifier)
  if (!path.startsWith('packages/cli/src/') || !isServer || each.isType) return undefined
  return each.isDynamic ? undefined : 'the server is imported when a command needs it: import()'
})
