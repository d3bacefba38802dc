/**
 * The fenced blocks of the pages that people read: README.md and everything under docs/.
 *
 * The words after a fence say what becomes of a block. `sh` is run, in order, in one shell a page;
 * `sh background` is a server that keeps running, `sh stopped` comes after it was stopped, `sh ci`
 * is what continuous integration runs; `sh town` is run where there are a chain and a seller;
 * `ts file#region` is that region of an example.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  /** The rest of the words after the fence. */
  readonly mark: string
  readonly text: string
}

function pagesUnder(folder: string): readonly string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort()
}

export const rootPages: readonly string[] = readdirSync(ROOT)
  .filter((name) => name.endsWith('.md'))
  .sort()

export const pages: readonly string[] = ['README.md', ...pagesUnder('docs')]

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** Every fenced block of a page. A fence that is never closed is a fault. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { line: number; info: string; lines: string[] } | undefined
  for (const [i, line] of readPage(page).split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { line: i + 1, info: (fence[1] ?? '').trim(), lines: [] }
    else {
      const [language = '', ...marks] = open.info.split(/\s+/)
      const text = open.lines.join('\n')
      blocks.push({ page, line: open.line, language, mark: marks.join(' '), text })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${page}:${String(open.line)} is never closed`)
  return blocks
}

/** The blocks of all pages in one language; a fault if there are none: nothing would be tested. */
export function blocksIn(language: string): readonly Block[] {
  const found = pages.flatMap(blocksOf).filter((block) => block.language === language)
  if (found.length === 0) throw new Error(`no \`${language}\` block was found`)
  return found
}

export const whereIs = ({ page, line }: Block): string => `${page}:${String(line)}`
