/**
 * A real Ethereum node on this machine: Foundry's anvil, under the chain id of Base Sepolia.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { Rpc } from './rpc.ts'

const CHAIN_ID = 84_532
/** CAIP-2. */
export const NETWORK = 'eip155:84532'

const START_MAX_MS = 20_000
const LOOK_EVERY_MS = 15

export interface Anvil {
  readonly rpcUrl: string
  readonly rpc: Rpc
  readonly pid: number
  stop(): Promise<void>
}

export interface AnvilOptions {
  /** A free one if it is not given. */
  readonly port?: number
  /** Seconds between blocks that are mined besides those that transactions make. */
  readonly blockEverySeconds?: number
}

export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const port = options.port ?? (await freePort())
  const every = options.blockEverySeconds
  const args = [
    ...['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(CHAIN_ID)],
    ...['--silent', '--no-cors'],
    ...(every === undefined ? [] : ['--block-time', String(every), '--mixed-mining']),
  ]
  const child = spawn(binary(), args, { stdio: ['ignore', 'ignore', 'pipe'] })
  // A node that outlives whoever started it would hold its port for ever.
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const rpcUrl = `http://127.0.0.1:${String(port)}`
  const rpc = new Rpc(rpcUrl)
  try {
    await answering(child, rpc)
  } catch (error) {
    kill()
    throw error
  }
  return {
    rpcUrl,
    rpc,
    pid: child.pid ?? 0,
    async stop() {
      process.removeListener('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** The binary itself, not its wrapper: what is stopped must be the node. */
function binary(): string {
  const system = { win32: 'win32', darwin: 'darwin', linux: 'linux' }[process.platform as string]
  const processor = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  const name = `@foundry-rs/anvil-${system ?? process.platform}-${processor ?? process.arch}`
  const require = createRequire(import.meta.url)
  const file = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), 'bin', file)
  } catch (cause) {
    throw new Error(`there is no anvil for this machine: \`${name}\` is not installed`, { cause })
  }
}

async function answering(child: ChildProcess, rpc: Rpc): Promise<void> {
  const said: Buffer[] = []
  child.stderr?.on('data', (piece: Buffer) => said.push(piece))
  const started = performance.now()
  while (performance.now() - started < START_MAX_MS) {
    if (child.exitCode !== null) break
    const chainId = await rpc.call('eth_chainId').catch(() => undefined)
    if (chainId !== undefined) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw new Error(`anvil did not start: ${Buffer.concat(said).toString('utf8').slice(0, 500)}`)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
