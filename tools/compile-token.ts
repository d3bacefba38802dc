/**
 * Compiles the contracts of the local chain that are our own. The results are committed; a test
 * compiles again and compares.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CONTRACTS = 'packages/local-chain/src/contract'
/** Each contract, and where what comes of it is kept. */
export const ARTEFACTS = {
  TestUsdc: `${CONTRACTS}/test-usdc.json`,
  UptoProxy: `${CONTRACTS}/upto-proxy.json`,
} as const
type Name = keyof typeof ARTEFACTS

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
export function compileContract(root: string, name: Name): string {
  const solc = createRequire(join(root, 'package.json'))('solc') as Solc
  const file = `${name}.sol`
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: readFileSync(join(root, CONTRACTS, file), 'utf8') } },
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: 'none' },
      outputSelection: { '*': { [name]: ['abi', 'evm.bytecode.object'] } },
    },
  }
  const find = (path: string) => ({
    contents: readFileSync(join(root, 'node_modules', path), 'utf8'),
  })
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find })) as Output
  const wrong = output.errors?.filter(({ severity }) => severity === 'error') ?? []
  const compiled = output.contracts?.[file]?.[name]
  if (wrong.length > 0 || compiled === undefined) {
    throw new Error(wrong.map(({ formattedMessage }) => formattedMessage).join('\n'))
  }
  const { abi, evm } = compiled
  const artefact = { compiler: solc.version(), abi, bytecode: `0x${evm.bytecode.object}` }
  return `${JSON.stringify(artefact, null, 2)}\n`
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  for (const [name, artefact] of Object.entries(ARTEFACTS)) {
    writeFileSync(join(root, artefact), compileContract(root, name as Name))
  }
}
