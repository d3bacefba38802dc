/**
 * Holds the repository to STYLE.md where compiler and linter do not look: sizes, words, layers,
 * names, dependencies. Prints what it examined; exits 1 on a finding, or if it examined nothing.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cliServer, domainModules, serverLayers } from './tidy/imports.ts'
import { applyRatchet, parseRatchet, type Ratchet } from './tidy/ratchet.ts'
import { dependencies, names } from './tidy/repository.ts'
import { fileSizes, folderSizes, functionSizes, lineLengths, trustPathSize } from './tidy/size.ts'
import { type Finding, type SourceFile, sourceFile } from './tidy/source.ts'
import { emptyCatches, invariantNames, wordRules, words } from './tidy/words.ts'

const rules = [
  fileSizes,
  functionSizes,
  lineLengths,
  folderSizes,
  trustPathSize,
  words,
  emptyCatches,
  invariantNames,
  domainModules,
  serverLayers,
  cliServer,
  names,
  dependencies,
]
/** `words` is one function of many rules. */
const ruleCount = rules.length - 1 + wordRules.length
const ratchetPath = 'tools/ratchet.json'

export function examine(files: readonly SourceFile[]): Finding[] {
  return rules.flatMap((rule) => rule(files))
}

function readFiles(root: string): SourceFile[] {
  const listed = git(root, ['ls-files', '-co', '--exclude-standard', '-z']).split('\0')
  return listed
    .filter((path) => path !== '' && existsSync(join(root, path)))
    .map((path) => ({ path, bytes: readFileSync(join(root, path)) }))
    .filter(({ bytes }) => !bytes.includes(0))
    .map(({ path, bytes }) => sourceFile(path, bytes.toString('utf8')))
}

function git(root: string, args: readonly string[]): string {
  const maxBuffer = 64 * 1024 * 1024
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

function committedRatchet(root: string): Ratchet {
  try {
    return parseRatchet(git(root, ['show', `HEAD:${ratchetPath}`]))
  } catch {
    // Before the first commit there is nothing to compare with.
    return {}
  }
}

function main(root: string): void {
  const files = readFiles(root)
  const lines = files.reduce((sum, { text }) => sum + text.split('\n').length, 0)
  const now = parseRatchet(readFileSync(join(root, ratchetPath), 'utf8'))
  const { left, complaints } = applyRatchet(examine(files), now, committedRatchet(root))
  for (const { path, line, rule, message } of left) {
    console.log(`${path}:${line}  ${rule}  ${message}`)
  }
  for (const complaint of complaints) console.log(`${ratchetPath}  ${complaint}`)
  const wrong = left.length + complaints.length
  console.log(`tidy: ${files.length} files, ${lines} lines, ${ruleCount} rules, ${wrong} findings`)
  if (files.length === 0) console.log('tidy: nothing was examined')
  process.exitCode = wrong > 0 || files.length === 0 ? 1 : 0
}

if (import.meta.main) main(fileURLToPath(new URL('..', import.meta.url)))
