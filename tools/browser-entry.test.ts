/** What a browser loads must reach no Node builtin, neither in our modules nor in a library's. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { importsOf } from './tidy/imports.ts'
import { sourceFile } from './tidy/source.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const entries = ['protocol', 'domain', 'sdk']

interface Walk {
  readonly modules: ReadonlySet<string>
  readonly builtins: readonly string[]
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier)
}

/** Our packages by their source, libraries as a bundler for browsers would pick them. */
function locate(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier)
  const parts = specifier.split('/')
  const name = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '')
  if (name.startsWith('@surety/')) {
    return join(root, 'packages', name.slice('@surety/'.length), 'src/index.ts')
  }
  const folder = join(root, 'node_modules', name)
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const path = `.${specifier.slice(name.length)}`
  return join(folder, pick(property(manifest, 'exports'), path) ?? path)
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function pick(exports: unknown, path: string): string | undefined {
  let target = property(exports, path)
  while (typeof target === 'object' && target !== null) {
    target = ['browser', 'import', 'default'].map((key) => property(target, key)).find(Boolean)
  }
  return typeof target === 'string' ? target : undefined
}

function walk(start: string): Walk {
  const modules = new Set<string>()
  const builtins: string[] = []
  const open = [start]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (modules.has(path)) continue
    modules.add(path)
    if (path.endsWith('.json')) continue
    assert.ok(existsSync(path), `${path} is imported and absent`)
    const file = sourceFile(path, readFileSync(path, 'utf8'))
    for (const each of importsOf(file)) {
      if (each.isType) continue
      if (isBuiltin(each.specifier)) builtins.push(`${path}: ${each.specifier}`)
      else open.push(locate(path, each.specifier))
    }
  }
  return { modules, builtins }
}

for (const name of entries) {
  test(`the entry of ${name} reaches no Node builtin`, (t) => {
    const { modules, builtins } = walk(join(root, 'packages', name, 'src/index.ts'))
    t.diagnostic(`${modules.size} modules examined`)
    assert.deepEqual(builtins, [])
    assert.ok(modules.size > 0)
  })
}

test('the walk sees a builtin where there is one, and follows a library', () => {
  const { builtins } = walk(join(root, 'tools/tidy/imports.ts'))
  assert.deepEqual(builtins.length, 1)
  const library = walk(locate(root, '@noble/hashes/sha2.js'))
  assert.ok(library.modules.size > 2)
})
