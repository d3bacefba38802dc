import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importsOf } from './tidy/imports.ts'
import { applyRatchet, parseRatchet } from './tidy/ratchet.ts'
import { finding, sourceFile } from './tidy/source.ts'
import { examine } from './tidy.ts'

/** The rules that a lone file breaks, besides the page it cannot contain. */
function broken(path: string, text: string): string[] {
  const found = examine([sourceFile(path, text)]).map(({ rule }) => rule)
  return [...new Set(found)].filter((rule) => rule !== 'dependency')
}

const lines = (count: number, line = 'x'): string => `${line}\n`.repeat(count)

test('code is seen without comments, strings, templates and regex contents', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the template is the text examined
  const text = "a // b\nconst c = 'd' + `e ${f({ g: 'h' })} i` + /j'/.test(k) /* l */\nm / n / o"
  const file = sourceFile('packages/x/a.ts', text)
  assert.equal(file.code.replace(/[^a-o]/g, ''), 'aconcfgekmno')
  assert.equal(file.comments.replace(/\s/g, ''), '//b/*l*/')
  assert.equal(file.code.length, text.length)
})

test('a file has at most 400 lines, a test 600, generated code any number', () => {
  assert.deepEqual(broken('packages/sdk/src/a.ts', lines(400)), [])
  assert.deepEqual(broken('packages/sdk/src/a.ts', lines(401)), ['file-size'])
  assert.deepEqual(broken('packages/sdk/src/a.test.ts', lines(600)), [])
  assert.deepEqual(broken('packages/sdk/src/a.test.ts', lines(601)), ['file-size'])
  assert.deepEqual(broken('packages/sdk/src/a.gen.ts', lines(5000)), [])
})

test('a function has at most 70 lines, however it is written', () => {
  for (const [open, close] of [
    ['function f(): void {', '}'],
    ['const f = () => {', '}'],
    ['export async function f({\n  a,\n}: A): B {', '}'],
    ['class A {\n  f(): void {', '  }\n}'],
  ]) {
    const body = (count: number): string => `${open}\n${lines(count, '    x()')}${close}\n`
    assert.deepEqual(broken('packages/sdk/src/a.ts', body(66)), [], open)
    assert.deepEqual(broken('packages/sdk/src/a.ts', body(69)), ['function-size'], open)
  }
})

test('a line has at most 100 characters unless a string makes it longer', () => {
  const long = 'x'.repeat(100)
  assert.deepEqual(broken('tools/a.ts', `${long}\n`), [])
  assert.deepEqual(broken('tools/a.ts', `${long}y\n`), ['line-length'])
  assert.deepEqual(broken('tools/a.ts', `// ${long}\n`), ['line-length'])
  assert.deepEqual(broken('tools/a.ts', `a = '${long}'\n`), [])
  assert.deepEqual(broken('tools/a.ts', `a = \`\n${long}y\n\`\n`), [])
  assert.deepEqual(broken('tools/a.ts', `// https://example.test/${long}\n`), [])
})

test('a folder has at most fifteen entries, tests not counted', () => {
  const folder = (count: number, end: string) =>
    examine(
      Array.from({ length: count }, (_, at) => sourceFile(`packages/sdk/src/f${at}${end}`, '')),
    )
  assert.deepEqual(folder(15, '.ts'), [])
  assert.deepEqual(folder(16, '.test.ts'), [])
  assert.equal(folder(16, '.ts')[0]?.rule, 'folder-size')
})

test('protocol has at most 4,000 lines', () => {
  const parts = (count: number) =>
    examine(
      Array.from({ length: 10 }, (_, at) =>
        sourceFile(`packages/protocol/src/f${at}.ts`, lines(at === 0 ? count : 400)),
      ),
    )
  assert.deepEqual(parts(400), [])
  assert.ok(parts(401).some(({ rule }) => rule === 'trust-path-size'))
  const table = sourceFile('packages/protocol/src/registry/table.ts', lines(400))
  const rest = Array.from({ length: 10 }, (_, at) =>
    sourceFile(`packages/protocol/src/f${at}.ts`, lines(400)),
  )
  assert.deepEqual(examine([...rest, table]), [])
})

test('each banned word is found where it is banned, and nowhere else', () => {
  const work = ['', 'work', 'x'].join('/')
  const host = ['registry', 'npmjs', 'org'].join('.')
  const cases: readonly (readonly [path: string, text: string, rule: string | undefined])[] = [
    ['packages/sdk/src/a.ts', '// TODO later', 'todo'],
    ['packages/sdk/src/a.ts', '// TODO(#12) later', undefined],
    ['packages/sdk/src/a.ts', '// FIXME', 'fixme'],
    ['packages/sdk/src/a.ts', '// @ts-ignore', 'ts-ignore'],
    ['packages/sdk/src/a.test.ts', "test.skip('a')", 'test-left-out'],
    ['packages/sdk/src/a.test.ts', "test.only('a')", 'test-left-out'],
    ['packages/sdk/src/a.ts', 'b as any', 'any'],
    ['packages/sdk/src/a.ts', 'let b: any', 'any'],
    ['packages/sdk/src/a.ts', "let b = 'as any'", undefined],
    ['packages/sdk/src/a.ts', 'JSON.parse(b)', 'json-parse'],
    ['packages/protocol/src/json.ts', 'JSON.parse(b)', undefined],
    ['packages/sdk/src/a.test.ts', 'JSON.parse(b)', undefined],
    ['packages/domain/src/a.ts', 'parseFloat(b)', 'float'],
    ['packages/domain/src/a.ts', 'b.toFixed(2)', 'float'],
    ['packages/cli/src/a.ts', 'b.toFixed(2)', undefined],
    ['packages/server/src/a.ts', 'Math.random()', 'random'],
    ['packages/server/src/a.ts', 'b.toLocaleString()', 'locale'],
    ['packages/protocol/src/a.ts', 'b.localeCompare(c)', 'locale'],
    ['packages/server/src/a.ts', 'console.log(b)', 'console'],
    ['packages/cli/src/a.ts', 'console.log(b)', undefined],
    ['packages/server/src/a.ts', 'process.env.B', 'environment'],
    ['packages/server/src/config.ts', 'process.env.B', undefined],
    ['packages/sdk/src/a.ts', 'try { b() } catch {}', 'empty-catch'],
    ['packages/sdk/src/a.ts', 'try { b() } catch (e) {\n}', 'empty-catch'],
    ['packages/sdk/src/a.ts', 'try { b() } catch { /* gone already */ }', undefined],
    ['package-lock.json', `"resolved": "https://${host}/a"`, 'registry-host'],
    ['README.md', `see ${work}`, 'machine-path'],
    ['README.md', `see docs${work}`, undefined],
    ['packages/sdk/src/a.ts', '// INVARIANT(books): b', undefined],
    ['packages/sdk/src/a.ts', '// INVARIANT(boks): b', 'invariant-name'],
    ['packages/sdk/src/a.ts', '// INVARIANT: b', 'invariant-name'],
    ['packages/sdk/src/string-utils.ts', '', 'name'],
    ['packages/sdk/src/common/a.ts', '', 'name'],
    ['packages/sdk/src/score.ts', '', undefined],
  ]
  for (const [path, text, rule] of cases) {
    assert.deepEqual(broken(path, text), rule === undefined ? [] : [rule], `${path}: ${text}`)
  }
})

test('an import is read with its kind, its target and its line', () => {
  const text =
    "import type { A } from './a.ts'\nimport {\n  b,\n} from '../b.ts'\nimport 'c'\n" +
    "export * from './d.ts'\nexport type { E } from './e.ts'\nconst f = await import('f')\n"
  const found = importsOf(sourceFile('packages/x/src/y/z.ts', text))
  assert.deepEqual(
    found.map(({ isType, isDynamic, target, line }) => [target, line, isType, isDynamic]),
    [
      ['packages/x/src/y/a.ts', 1, true, false],
      ['packages/x/src/b.ts', 4, false, false],
      ['c', 5, false, false],
      ['packages/x/src/y/d.ts', 6, false, false],
      ['packages/x/src/y/e.ts', 7, true, false],
      ['f', 8, false, true],
    ],
  )
})

test('folders import only what their layer allows', () => {
  const cases: readonly (readonly [path: string, text: string, rule: string | undefined])[] = [
    ['packages/domain/src/gate/gate.ts', "import { a } from '../grant/a.ts'", 'domain-modules'],
    ['packages/domain/src/gate/gate.ts', "import type { A } from '../grant/a.ts'", undefined],
    ['packages/domain/src/gate/gate.ts', "import { a } from './a.ts'", undefined],
    ['packages/domain/src/gate/gate.test.ts', "import { a } from '../grant/a.ts'", undefined],
    ['packages/domain/src/index.ts', "export { a } from './grant/a.ts'", undefined],
    ['packages/server/src/http/a.ts', "import { a } from '../store/a.ts'", 'server-layers'],
    ['packages/server/src/http/a.ts', "import { a } from '../app/a.ts'", undefined],
    ['packages/server/src/workers/a.ts', "import { a } from '../rails/a.ts'", 'server-layers'],
    ['packages/server/src/app/a.ts', "import { a } from '../http/a.ts'", 'server-layers'],
    ['packages/server/src/app/a.ts', "import type { A } from '../ports.ts'", undefined],
    ['packages/server/src/store/a.ts', "import { a } from '../rails/a.ts'", 'server-layers'],
    ['packages/server/src/keys/a.ts', "import { a } from '../app/a.ts'", 'server-layers'],
    ['packages/server/src/rails/a/b.ts', "import { a } from '../c/d.ts'", 'server-layers'],
    ['packages/server/src/rails/a/b.ts', "import { a } from '../c.ts'", undefined],
    ['packages/server/src/ports.ts', "import { a } from './store/a.ts'", 'server-layers'],
    ['packages/server/src/main.ts', "import { a } from './store/a.ts'", undefined],
    ['packages/cli/src/a.ts', "import { a } from '@surety/server/main'", 'cli-server'],
    ['packages/cli/src/a.ts', "await import('@surety/server/main')", undefined],
  ]
  for (const [path, text, rule] of cases) {
    assert.deepEqual(broken(path, text), rule === undefined ? [] : [rule], `${path}: ${text}`)
  }
})

test('every dependency has a row, and every row a dependency', () => {
  const manifest = sourceFile('package.json', '{"devDependencies":{"a":"1","@surety/sdk":"1"}}')
  const page = (text: string) => sourceFile('docs/reference/dependencies.md', text)
  assert.equal(examine([manifest]).length, 1)
  assert.deepEqual(examine([manifest, page('| `a` | why |\n')]), [])
  assert.equal(examine([manifest, page('| `a` | why |\n| `b` | why |\n')]).length, 1)
})

test('the ratchet holds known excess, never more, and not longer than needed', () => {
  const found = [finding('file-size', { path: 'a.ts', line: 1 }, '', 450)]
  const left = (now: Record<string, number>, before: Record<string, number> = {}) => {
    const result = applyRatchet(found, now, before)
    return [result.left.length, result.complaints.length]
  }
  assert.deepEqual(left({}), [1, 0])
  assert.deepEqual(left({ 'file-size a.ts': 450 }), [0, 0])
  assert.deepEqual(left({ 'file-size a.ts': 460 }, { 'file-size a.ts': 460 }), [0, 0])
  assert.deepEqual(left({ 'file-size a.ts': 449 }), [1, 0])
  assert.deepEqual(left({ 'file-size a.ts': 450, 'file-size b.ts': 450 }), [0, 1])
  assert.deepEqual(left({ 'file-size a.ts': 460 }, { 'file-size a.ts': 455 }), [0, 1])
  assert.throws(() => parseRatchet('[]'))
  assert.throws(() => parseRatchet('{"a":"1"}'))
})
