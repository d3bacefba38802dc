/**
 * Compiles the token of the local chain. The result is committed; a test compiles again and
 * compares.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CONTRACT = 'packages/local-chain/src/contract/TestUsdc.sol'
export const ARTEFACT = 'packages/local-chain/src/contract/test-usdc.json'

interface Solc {
  compile(input: string, callbacks: { readonly import: (path: string) => unknown }): string
  version(): string
}
interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Compiled>>>>
}
interface Compiled {
  readonly abi: unknown
  readonly evm: { readonly bytecode: { readonly object: string } }
}

/** The artefact's text: the interface, and the code that makes the contract. */
export function compileToken(root: string): string {
  const solc = createRequire(join(root, 'package.json'))('solc') as Solc
  const input = {
    language: 'Solidity',
    sources: { 'TestUsdc.sol': { content: readFileSync(join(root, CONTRACT), 'utf8') } },
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: 'none' },
      outputSelection: { '*': { TestUsdc: ['abi', 'evm.bytecode.object'] } },
    },
  }
  const find = (path: string) => ({
    contents: readFileSync(join(root, 'node_modules', path), 'utf8'),
  })
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find })) as Output
  const wrong = output.errors?.filter(({ severity }) => severity === 'error') ?? []
  const compiled = output.contracts?.['TestUsdc.sol']?.TestUsdc
  if (wrong.length > 0 || compiled === undefined) {
    throw new Error(wrong.map(({ formattedMessage }) => formattedMessage).join('\n'))
  }
  const { abi, evm } = compiled
  const artefact = { compiler: solc.version(), abi, bytecode: `0x${evm.bytecode.object}` }
  return `${JSON.stringify(artefact, null, 2)}\n`
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  writeFileSync(join(root, ARTEFACT), compileToken(root))
}
