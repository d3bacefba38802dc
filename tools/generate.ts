/**
 * Writes every generated file of the repository, and says which it changed. Same sources, same
 * bytes. A new kind of file is one more function here: it gives paths and texts, writes nothing.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diagrams } from './gen-diagrams.ts'
import { apiFiles } from './generate/api.ts'
import { profilePage } from './generate/profile.ts'
import { problemsPage, reasonCodesPage } from './generate/registries.ts'
import { schemaFiles } from './generate/schemas.ts'

/** Paths from the root of the repository, and what stands there. */
export type Generated = Readonly<Record<string, string>>

const generators: readonly (() => Generated)[] = [
  schemaFiles,
  problemsPage,
  reasonCodesPage,
  profilePage,
  apiFiles,
  () => Object.fromEntries(diagrams()),
]
/** Folders that hold generated files alone; what no generator gives is removed from them. */
const ownFolders = ['spec/schema']

export function generateAll(): Generated {
  return Object.assign({}, ...generators.map((generate) => generate()))
}

function write(root: string, path: string, text: string): boolean {
  const file = join(root, path)
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return false
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return true
}

function removeOrphans(root: string, kept: Generated): readonly string[] {
  const orphans = ownFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((path) => kept[path] === undefined)
  for (const path of orphans) rmSync(join(root, path))
  return orphans
}

function main(root: string): void {
  const files = generateAll()
  const changed = Object.entries(files).filter(([path, text]) => write(root, path, text))
  const removed = removeOrphans(root, files)
  for (const [path] of changed) console.log(`wrote    ${path}`)
  for (const path of removed) console.log(`removed  ${path}`)
  const count = Object.keys(files).length
  console.log(`generate: ${count} files, ${changed.length} written, ${removed.length} removed`)
}

if (import.meta.main) main(fileURLToPath(new URL('..', import.meta.url)))
