/**
 * Writes spec/vectors/bundle anew. A difference is a change of protocol: see spec/bundle.md.
 *
 * @module
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TRUSTED } from '../support/bundle-story.ts'
import { expectationOf, reportOn, vectors } from './vectors.ts'

const root = fileURLToPath(new URL('../../spec/vectors/bundle', import.meta.url))
const write = (path: string, content: string | Uint8Array): void => {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
}
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

rmSync(root, { recursive: true, force: true })
write('trusted.json', json(TRUSTED))
for (const [name, files] of vectors()) {
  for (const [path, bytes] of files) write(`${name}/bundle/${path}`, bytes)
  write(`${name}/expected.json`, json(expectationOf(reportOn(files))))
}
