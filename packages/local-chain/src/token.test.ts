/** The committed contracts are what their sources compile to. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ARTEFACTS, compileContract } from '../../../tools/compile-token.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

for (const name of ['TestUsdc', 'UptoProxy'] as const) {
  test(`compiling ${name} again gives the committed bytes`, () => {
    assert.equal(compileContract(root, name), readFileSync(join(root, ARTEFACTS[name]), 'utf8'))
  })
}
