/**
 * How large files, functions, lines, folders and the trust path may grow. Limits: STYLE.md.
 *
 * @module
 */
import { type Finding, finding, isCode, isGenerated, isTest, type SourceFile } from './source.ts'

const fileLinesMax = 400
const testFileLinesMax = 600
const functionLinesMax = 70
const lineLengthMax = 100
const folderEntriesMax = 15
const protocolLinesMax = 4000
const exemptFolders = [/^\.$/, /^spec\/vectors(\/|$)/, /^docs\/adr(\/|$)/, /^spec(\/schema)?$/]

const countLines = (text: string): number => text.replace(/\n$/, '').split('\n').length
const isMeasured = (file: SourceFile): boolean => isCode(file.path) && !isGenerated(file.path)

export function fileSizes(files: readonly SourceFile[]): Finding[] {
  return files.filter(isMeasured).flatMap((file) => {
    const limit = isTest(file.path) ? testFileLinesMax : fileLinesMax
    const size = countLines(file.text)
    if (size <= limit) return []
    return [
      finding('file-size', { path: file.path, line: 1 }, `${size} lines, limit ${limit}`, size),
    ]
  })
}

/**
 * Relies on the formatter: a body ends at the first line of its opening's indentation that starts
 * with `}` and opens nothing more.
 */
export function functionSizes(files: readonly SourceFile[]): Finding[] {
  const opening =
    /=> \{$|\bfunction\b|^\s+(?:static |async |get |set |override |\*)*[#\w]+(?:<.*>)?\((?:.*\{)?$/
  const control = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|return|await|with|throw)\b/
  return files.filter(isMeasured).flatMap((file) => {
    const lines = file.code.split('\n')
    return lines.flatMap((line, index) => {
      const isSuite = isTest(file.path) && /\b(?:describe|suite)\(/.test(line)
      if (!opening.test(line) || control.test(line) || isSuite) return []
      const indent = line.length - line.trimStart().length
      const end = lines.findIndex(
        (each, at) =>
          at > index && each.startsWith(`${' '.repeat(indent)}}`) && !each.trimEnd().endsWith('{'),
      )
      const size = end - index + 1
      if (end < 0 || size <= functionLinesMax) return []
      const message = `function of ${size} lines, limit ${functionLinesMax}`
      return [finding('function-size', { path: file.path, line: index + 1 }, message, size)]
    })
  })
}

/** Strings, regexes, addresses, imports and template text may be longer. */
export function lineLengths(files: readonly SourceFile[]): Finding[] {
  return files.filter(isMeasured).flatMap((file) => {
    const code = file.code.split('\n')
    const comments = file.comments.split('\n')
    return file.text.split('\n').flatMap((line, index) => {
      if (line.length <= lineLengthMax) return []
      const inCode = code[index] ?? ''
      const isTemplateText = inCode.trim() === '' && comments[index]?.trim() === ''
      const isExempt =
        /['"`]|\/ {9,}/.test(inCode) || /:\/\/|^\s*import\b/.test(line) || isTemplateText
      if (isExempt) return []
      const at = { path: file.path, line: index + 1 }
      const message = `${line.length} characters, limit ${lineLengthMax}`
      return [finding('line-length', at, message, line.length)]
    })
  })
}

export function folderSizes(files: readonly SourceFile[]): Finding[] {
  const entries = new Map<string, Set<string>>()
  for (const { path } of files) {
    if (path.endsWith('.test.ts')) continue
    const parts = path.split('/')
    parts.forEach((part, depth) => {
      const folder = parts.slice(0, depth).join('/') || '.'
      entries.set(folder, (entries.get(folder) ?? new Set()).add(part))
    })
  }
  return [...entries].flatMap(([folder, names]) => {
    if (names.size <= folderEntriesMax || exemptFolders.some((each) => each.test(folder))) return []
    const message = `${names.size} entries, limit ${folderEntriesMax}`
    return [finding('folder-size', { path: folder, line: 1 }, message, names.size)]
  })
}

export function trustPathSize(files: readonly SourceFile[]): Finding[] {
  const path = 'packages/protocol/src'
  const size = files
    .filter((file) => file.path.startsWith(`${path}/`) && isMeasured(file) && !isTest(file.path))
    // Tables of codes and words are looked up, not read through.
    .filter((file) => !file.path.startsWith(`${path}/registry/`))
    .reduce((sum, file) => sum + countLines(file.text), 0)
  if (size <= protocolLinesMax) return []
  const message = `${size} lines, limit ${protocolLinesMax}: an auditor reads it in a day`
  return [finding('trust-path-size', { path, line: 1 }, message, size)]
}
