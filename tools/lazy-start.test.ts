/** What an empty start loads: heavy libraries wait until something they are for is asked. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { importsOf } from './tidy/imports.ts'
import { sourceFile } from './tidy/source.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const HEAVY = /^(?:viem|@x402\/|@surety\/local-chain|express|hono|@hono\/)/

interface Walk {
  readonly modules: ReadonlySet<string>
  /** Packages that a start loads, and those that wait. */
  readonly eager: ReadonlySet<string>
  readonly lazy: ReadonlySet<string>
}

function walk(start: string): Walk {
  const modules = new Set<string>()
  const eager = new Set<string>()
  const lazy = new Set<string>()
  const open = [start]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (modules.has(path) || !path.endsWith('.ts')) continue
    modules.add(path)
    assert.ok(existsSync(path), path)
    for (const each of importsOf(sourceFile(path, readFileSync(path, 'utf8')))) {
      if (each.isType) continue
      if (!each.specifier.startsWith('.')) (each.isDynamic ? lazy : eager).add(each.specifier)
      else if (!each.isDynamic) open.push(resolve(dirname(path), each.specifier))
    }
  }
  return { modules, eager, lazy }
}

test('a server that was asked nothing has loaded no chain client', (t) => {
  const { modules, eager, lazy } = walk(join(root, 'packages/server/src/main.ts'))
  t.diagnostic(`${String(modules.size)} modules, ${String(eager.size)} packages`)
  assert.deepEqual(
    [...eager].filter((name) => HEAVY.test(name)),
    [],
  )
  // The walk reached the adapters that would load it.
  assert.ok([...lazy].some((name) => name.startsWith('viem')))
  assert.ok(eager.has('fastify'))
})

test('a command line that was asked nothing has loaded no chain client', () => {
  const { eager } = walk(join(root, 'packages/cli/src/main.ts'))
  assert.deepEqual(
    [...eager].filter((name) => HEAVY.test(name) || name === '@surety/server'),
    [],
  )
  assert.ok(eager.has('commander'))
})
