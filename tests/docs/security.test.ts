import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT, readPage } from './blocks.ts'

const PROMISES = (
  'decision-first default-deny binding budget books partition unknown one-truth delivery once ' +
  'terminal receipts journal approval control tenancy redaction determinism no-forgery'
).split(' ')

const page = readPage('SECURITY.md')

/** What stands under each third-level heading. */
const sections = new Map(
  page.split(/^### /m).flatMap((text) => {
    const [heading = '', ...lines] = text.split('\n')
    const name = /^`([a-z-]+)`$/.exec(heading)?.[1]
    const own = lines.join('\n').split(/^## /m, 1)[0] ?? ''
    return name === undefined ? [] : [[name, own] as const]
  }),
)

const cited = [...page.matchAll(/^- `([^`]+\.test\.ts)`: (.+)$/gm)].map(
  ([, file = '', name = '']) => ({ file, name }),
)

test('every promise is stated, in the order of the blueprint, and no other', () => {
  assert.deepEqual([...sections.keys()], PROMISES)
})

test('every promise has a test that pins it, or is not yet', () => {
  for (const [name, text] of sections) {
    const isPinned = /^- `[^`]+\.test\.ts`: /m.test(text)
    assert.ok(isPinned || text.trimStart().startsWith('Not yet: '), name)
  }
})

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

test('every cited test exists: the file, and in it the name', (t) => {
  for (const { file, name } of cited) {
    assert.ok(existsSync(join(ROOT, file)), file)
    const text = readFileSync(join(ROOT, file), 'utf8')
    // An ellipsis stands for what a table of cases fills in.
    const parts = name.split('…').map(escaped)
    const pattern = new RegExp(`test\\(\\s*(['\`])${parts.join('\\$\\{[^}]+\\}')}\\1`)
    assert.match(text, pattern, `${file}: ${name}`)
  }
  assert.ok(cited.length >= PROMISES.length)
  t.diagnostic(`${String(cited.length)} tests are cited`)
})

test('every file in the table of threats exists', () => {
  const files = [...page.matchAll(/`((?:tests|packages)\/[^`]+\.ts)`/g)].map(
    ([, file = '']) => file,
  )
  for (const file of files) assert.ok(existsSync(join(ROOT, file)), file)
  assert.ok(files.length > cited.length)
})
