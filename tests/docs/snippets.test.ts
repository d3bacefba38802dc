import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { parseJson } from '@surety/protocol'
import { readProfile } from '../../packages/cli/src/local/profile-file.ts'
import { blocksIn, blocksOf, pages, ROOT, readPage, rootPages, whereIs } from './blocks.ts'

/** The lines of an example between `// #region name` and the next `// #endregion`. */
function regionOf(place: string): string {
  const [file = '', name = ''] = place.split('#')
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n')
  const start = lines.indexOf(`// #region ${name}`)
  const end = lines.indexOf('// #endregion', start)
  assert.ok(start >= 0 && end > start, `${file} has no region ${name}`)
  return lines.slice(start + 1, end).join('\n')
}

test('every ts block is a region of an example, to the byte', (t) => {
  const runner = readFileSync(join(ROOT, 'tests', 'docs', 'examples.test.ts'), 'utf8')
  const blocks = blocksIn('ts')
  for (const block of blocks) {
    assert.match(block.mark, /^examples\/[a-z-]+\.ts#[a-z-]+$/, whereIs(block))
    assert.equal(block.text, regionOf(block.mark), whereIs(block))
    const file = block.mark.split('#', 1)[0] ?? ''
    assert.ok(runner.includes(`../../${file}'`), `${file} is run by no test`)
  }
  t.diagnostic(`${String(blocks.length)} ts blocks were compared`)
})

test('every json and yaml block is well formed, and every profile in one is valid', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-docs-'))
  let profiles = 0
  const blocks = [...blocksIn('json'), ...blocksIn('yaml')]
  try {
    for (const block of blocks) {
      const { language, text } = block
      if (language === 'json') assert.ok(parseJson(text).ok, whereIs(block))
      if (!text.includes('Profile.v1')) continue
      const file = join(folder, `profile.${language}`)
      writeFileSync(file, text)
      assert.ok(readProfile(file).policyHash, whereIs(block))
      profiles += 1
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  assert.ok(profiles > 0)
  t.diagnostic(`${String(blocks.length)} blocks, ${String(profiles)} profiles`)
})

test('no block is in a language that nobody looks at', () => {
  const known = ['sh', 'ts', 'json', 'yaml', 'text', 'mermaid']
  for (const block of pages.flatMap(blocksOf)) {
    assert.ok(known.includes(block.language), `${whereIs(block)}: \`${block.language}\``)
  }
})

const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-')

function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...readPage(page).matchAll(/^#{1,6} (.+)$/gm)]
  return new Set(headings.map((found) => slugOf(found[1] ?? '')))
}

test('every link between pages leads somewhere', (t) => {
  let examined = 0
  for (const page of new Set([...rootPages, ...pages])) {
    const prose = readPage(page).replaceAll(/^```[\s\S]*?^```/gm, '')
    for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', anchor] = target.split('#', 2)
      const file = path === '' ? page : join(dirname(page), path)
      assert.ok(existsSync(join(ROOT, file)), `${page} links to ${target}`)
      if (anchor !== undefined) assert.ok(anchorsOf(file).has(anchor), `${page}: ${target}`)
      examined += 1
    }
  }
  assert.ok(examined > 0)
  t.diagnostic(`${String(examined)} links were followed`)
})

test('every path that a page names exists', (t) => {
  const named = /`((?:packages|tests|tools|spec|docs|examples|scripts)\/[A-Za-z0-9._/-]*)`/g
  let examined = 0
  for (const page of new Set([...rootPages, ...pages])) {
    for (const [, path = ''] of readPage(page).matchAll(named)) {
      assert.ok(existsSync(join(ROOT, path)), `${page} names ${path}`)
      examined += 1
    }
  }
  assert.ok(examined > 0)
  t.diagnostic(`${String(examined)} paths were looked up`)
})

test('no line of prose is longer than 120 characters', () => {
  for (const page of new Set([...rootPages, ...pages])) {
    for (const [i, line] of readPage(page).split('\n').entries()) {
      const isFree = /^(?:\| |- `)/.test(line) || line.includes('](')
      assert.ok(isFree || [...line].length <= 120, `${page}:${String(i + 1)}`)
    }
  }
})
