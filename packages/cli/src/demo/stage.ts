/**
 * The stage of the demo: a fresh house in a scratch folder, a provider in a process of its own, and
 * everybody who plays. Whatever happens, nothing of it is left behind.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LocalWorld } from '@surety/local-chain'
import type { Crypto, Hash, Jwks } from '@surety/protocol'
import type { Control, Gate, Host } from '@surety/sdk'
import { writeOver } from '../local/files.ts'
import { clientFor, machine } from '../session.ts'
import { type Actor, handOver, hire, operatorOf } from './cast.ts'
import { deposit, issueRoot } from './moves.ts'
import type { Scene } from './x402/scene.ts'

const FUNDS = '10000'

export interface Stage {
  readonly scratch: string
  readonly dataDirectory: string
  readonly crypto: Crypto
  readonly operator: Actor
  /** Whose money it is. */
  readonly payer: Actor
  /** The agent that the payer trusts, and the one it passes a part of that on to. */
  readonly lead: Actor
  readonly buyer: Actor
  readonly provider: Actor
  readonly providerUrl: string
  readonly providerPid: number
  readonly jwks: Jwks
  readonly jwksFile: string
  readonly rootGrantHash: Hash
  /** A chain and sellers, none of them ours. */
  readonly world: LocalWorld
  /** What the steps before have made, for those after. */
  readonly made: Made
}

/** Filled as the story goes. */
export interface Made {
  buyerGrantHash?: Hash
  scene?: Scene
  reportGrantHash?: Hash
  mutated?: {
    readonly gate: Gate
    readonly jws: string
    readonly intentJws: string
    readonly statement: string
  }
  /** The second operator, what they caught, and by which control. */
  deputy?: Actor
  caught?: Gate
  control?: Control
}

export interface OpenStage {
  readonly stage: Stage
  close(): Promise<void>
}

/** Sets everything up. Nothing may be spent yet: there is no profile. */
export async function openStage(): Promise<OpenStage> {
  const scratch = mkdtempSync(join(tmpdir(), 'surety-demo-'))
  const closers: (() => Promise<void> | void)[] = []
  const sweep = () => rmSync(scratch, { recursive: true, force: true })
  process.on('exit', sweep)
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
    sweep()
    process.off('exit', sweep)
  }
  try {
    return { stage: await setUp(scratch, closers), close }
  } catch (fault) {
    await close()
    throw fault
  }
}

async function setUp(scratch: string, closers: (() => Promise<void> | void)[]): Promise<Stage> {
  const server = await import('@surety/server')
  const dataDirectory = join(scratch, 'data')
  const founded = await server.initHouse(dataDirectory, {
    environment: 'sandbox',
    operatorName: 'Operator',
  })
  const { startWorld } = await import('@surety/local-chain')
  const world = await startWorld()
  closers.push(() => world.stop())
  const chainNodes = { [world.network]: world.rpcUrl }
  const config = server.readConfig({ dataDirectory, port: 0, logLevel: 'warn', chainNodes }, {})
  const house = await server.startHouse(config)
  closers.push(() => house.stop())
  const host: Host = { ...machine, crypto: server.nodeCrypto }
  const operator = operatorOf(founded, house.url, host)
  // From outside, as anybody gets them: nothing in this demo is verified with other keys.
  const jwks = await clientFor(house.url, undefined).call('getWellKnownJwksJson')
  const jwksFile = join(scratch, 'jwks.json')
  writeOver(jwksFile, `${JSON.stringify(jwks, null, 2)}\n`)
  const payer = await hire(operator, 'organisation', 'Acme', host)
  const lead = await hire(operator, 'agent', 'Scout', host)
  const buyer = await hire(operator, 'agent', 'Runner', host)
  const provider = await hire(operator, 'service', 'Nimbus', host)
  const credentialsFile = join(scratch, 'provider.credentials.json')
  handOver(provider, credentialsFile)
  const shop = await startProvider(credentialsFile, jwksFile, closers)
  await deposit(operator, payer, FUNDS)
  const rootGrantHash = await issueRoot(payer, lead, provider)
  return {
    scratch,
    dataDirectory,
    crypto: server.nodeCrypto,
    operator,
    payer,
    lead,
    buyer,
    provider,
    providerUrl: shop.url,
    providerPid: shop.pid,
    jwks: jwks as Jwks,
    jwksFile,
    rootGrantHash,
    world,
    made: {},
  }
}

const PROVIDER_START_MAX_MS = 15_000
const PROVIDER_STOP_MAX_MS = 2_000

/** Starts the provider on the same Node, from source or built as this file is. */
async function startProvider(
  credentialsFile: string,
  jwksFile: string,
  closers: (() => Promise<void> | void)[],
): Promise<{ readonly url: string; readonly pid: number }> {
  const here = fileURLToPath(import.meta.url)
  const main = fileURLToPath(new URL(`./provider-main${extname(here)}`, import.meta.url))
  const flags = extname(here) === '.ts' ? ['--conditions=@surety/source'] : []
  const child = spawn(process.execPath, [...flags, main, credentialsFile, jwksFile], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A credential of whoever runs the demo is nothing to the provider.
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: getCompileCacheDir() ?? '' },
  })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  closers.push(async () => {
    await stopped(child)
    process.off('exit', kill)
  })
  const complaints: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => complaints.push(chunk.toString('utf8')))
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('the provider did not start in time')),
      PROVIDER_START_MAX_MS,
    )
    child.once('message', (message) => {
      clearTimeout(late)
      resolve({ url: (message as { readonly url: string }).url, pid: child.pid ?? 0 })
    })
    child.once('exit', (code) => {
      clearTimeout(late)
      reject(new Error(`the provider ended with ${String(code)}: ${complaints.join('')}`))
    })
  })
}

/** Asks it to go by hanging up; it is made to if it does not. */
function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), PROVIDER_STOP_MAX_MS)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    if (child.connected) child.disconnect()
  })
}
