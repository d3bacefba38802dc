/** The committed token is what its source compiles to. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ARTEFACT, compileToken } from '../../../tools/compile-token.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('compiling the token again gives the committed bytes', () => {
  assert.equal(compileToken(root), readFileSync(join(root, ARTEFACT), 'utf8'))
})
