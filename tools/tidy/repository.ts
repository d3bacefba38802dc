/**
 * What no single file shows: the names of files and folders, and the dependencies explained.
 *
 * @module
 */
import { type Finding, finding, type SourceFile } from './source.ts'

const emptyNames = ['util', 'utils', 'helper', 'helpers', 'common', 'core', 'manager', 'misc']
const explained = 'docs/reference/dependencies.md'

export function names(files: readonly SourceFile[]): Finding[] {
  return files.flatMap(({ path }) => {
    const found = path.split(/[/.-]/).find((word) => emptyNames.includes(word.toLowerCase()))
    if (found === undefined) return []
    return [finding('name', { path, line: 1 }, `\`${found}\` says nothing: name what it holds`)]
  })
}

/** Every dependency of every manifest has its row, and every row its dependency. */
export function dependencies(files: readonly SourceFile[]): Finding[] {
  const declared = new Map<string, string>()
  for (const { path, text } of files) {
    if (!/^(?:packages\/[^/]+\/)?package\.json$/.test(path)) continue
    for (const name of dependencyNames(JSON.parse(text))) declared.set(name, path)
  }
  const page = files.find((file) => file.path === explained)
  const rows = new Set(
    [...(page?.text ?? '').matchAll(/^\| *(`[^|]*`) *\|/gm)].flatMap((row) =>
      [...(row[1] ?? '').matchAll(/`([^`]+)`/g)].map((name) => name[1] ?? ''),
    ),
  )
  const at = { path: explained, line: 1 }
  const unexplained = [...declared].filter(([name]) => !rows.has(name))
  const unused = [...rows].filter((name) => !declared.has(name))
  return [
    ...unexplained.map(([name, path]) =>
      finding('dependency', at, `\`${name}\` of ${path} has no row`),
    ),
    ...unused.map((name) => finding('dependency', at, `\`${name}\` stands in no manifest`)),
  ]
}

function dependencyNames(manifest: unknown): string[] {
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']
  const entries = Object.entries(manifest ?? {}).filter(([key]) => kinds.includes(key))
  return entries
    .flatMap(([, versions]) => Object.keys(versions ?? {}))
    .filter((name) => !name.startsWith('@surety/'))
}
