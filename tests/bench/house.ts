/**
 * A house in a process of its own, as an operator would run it, with everything one purchase needs.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromBase64url, type Id, type PartyPurpose, type PrincipalKind } from '@surety/protocol'
import { newIdempotencyKey, newKeyPair, Party } from '@surety/sdk'
import { type ApiScope, type Founded, initHouse } from '@surety/server'
import {
  clientOf,
  deposit,
  host,
  type Market,
  type Member,
  openMarket,
  pass,
  type TestHouse,
} from '../support/house.ts'

/** As it is built and installed: `npm run bench` builds first. */
const SURETY = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url))

export interface BenchHouse {
  readonly directory: string
  readonly founded: Founded
  url: string
  pid: number
  startMs: number
  market: Market
  operator: Member
  restart(): Promise<void>
  close(): Promise<void>
}

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly startMs: number
}

/** Serves a directory in a process of its own, as an operator would. */
export async function start(
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const started = performance.now()
  const args = [SURETY, 'serve', '--data', directory, '--port', '0']
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    child.once('exit', (code) => reject(new Error(`the server ended with ${String(code)}`)))
  })
  const url = /http:\S+/.exec(line)?.[0] ?? ''
  await fetch(`${url}/readyz`)
  return { child, url, startMs: performance.now() - started }
}

export async function stop({ child }: Started): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

/** The operator of a house, and the means to register others, over its URL. */
function actorsOf(founded: Founded, url: string): Pick<TestHouse, 'operator' | 'member'> {
  const { tenantId, environment, principalId, apiKey } = founded
  const keys = founded.keys.map(({ purpose, privateSeed }) => ({
    purpose,
    privateSeed: fromBase64url(privateSeed) as Uint8Array,
  }))
  const operator: Member = {
    party: new Party({ tenantId, environment, principalId, keys }, host),
    client: clientOf(url, apiKey),
    apiKey,
    principalId,
  }
  const member = async (
    kind: PrincipalKind,
    purposes: readonly PartyPurpose[],
    scopes: readonly ApiScope[],
  ): Promise<Member> => {
    const pairs = purposes.map((purpose) => newKeyPair(purpose, host))
    const made = await operator.client.call('postPrincipals', {
      body: {
        kind,
        name: kind,
        keys: pairs.map(({ publicKey, purpose }) => ({ publicKey, purpose })),
      },
    })
    const id = made.principalId as Id<'prn'>
    const key = await operator.client.call('postApiKeys', {
      body: { principalId: id, name: 'bench', scopes },
    })
    const secret = key.secret as string
    const party = new Party({ tenantId, environment, principalId: id, keys: pairs }, host)
    return { party, client: clientOf(url, secret), apiKey: secret, principalId: id }
  }
  return { operator, member }
}

/** Starts a house in a process, and a market in it with generous limits. */
export async function openBenchHouse(): Promise<BenchHouse> {
  // The server is another process, on the clock of the wall; so must its parties be.
  pass(Date.now() - host.now())
  const parent = mkdtempSync(join(tmpdir(), 'surety-bench-'))
  const directory = join(parent, 'data')
  const founded = await initHouse(directory, { environment: 'sandbox', operatorName: 'Olga' })
  let started = await start(directory)
  const asHouse = actorsOf(founded, started.url) as TestHouse
  const { operator } = asHouse
  const market = await openMarket(asHouse, {
    fund: '900000000000',
    profile: {
      limits: {
        perRequest: [{ asset: 'USD/2', max: '1000' }],
        perDay: [{ asset: 'USD/2', max: '900000000000' }],
        perMonth: [{ asset: 'USD/2', max: '900000000000' }],
      },
      authorizationWithinMs: 3_600_000,
    },
    bounds: { total: [{ asset: 'USD/2', max: '900000000000' }] },
  })
  await deposit(asHouse, market.payer, '1000')
  const house: BenchHouse = {
    directory,
    founded,
    url: started.url,
    pid: started.child.pid as number,
    startMs: started.startMs,
    market,
    operator,
    async restart() {
      await stop(started)
      started = await start(directory)
      house.url = started.url
      house.pid = started.child.pid as number
      house.startMs = started.startMs
    },
    async close() {
      await stop(started)
      rmSync(parent, { recursive: true, force: true })
    },
  }
  return house
}

/** CPU seconds a process has used, user and system (Linux). */
export function cpuSeconds(pid: number): number {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Resident memory of a process in MB (Linux). */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)
}

export function freshKey(): string {
  return newIdempotencyKey(host)
}
