/**
 * The composition root: the only file that names an adapter, the clock or the random source.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { policy } from '@surety/domain'
import {
  type Environment,
  ensureInstant,
  formatInstant,
  hashOf,
  type Id,
  type Instant,
  mintId,
  type SystemJwk,
  type SystemPurpose,
  toHex,
} from '@surety/protocol'
import { pino } from 'pino'
import { type FirstOperator, foundHouse } from './app/house/found-house.ts'
import type { App } from './app/runtime.ts'
import { Places } from './app/x402/leaving/places.ts'
import type { Config } from './config.ts'
import type { FsckReport } from './fsck/findings.ts'
import { examine } from './fsck/fsck.ts'
import { VERSION } from './http/openapi.ts'
import { httpDoor } from './http/server.ts'
import { createKeystore, openKeystore, rotateKey } from './keys/file/keystore.ts'
import { nodeCrypto, verifyAside } from './keys/node-crypto.ts'
import { openWallets } from './keys/wallets/wallets.ts'
import { fileNotifier } from './notify/file/notifier.ts'
import { prometheusMeter } from './notify/prometheus/meter.ts'
import type { Clock, Random } from './ports.ts'
import { openChains } from './rails/x402-evm/chain.ts'
import { type DecisionLog, openDecisionLog as openLog } from './store/sqlite/decision-log.ts'
import { SCHEMA_VERSION } from './store/sqlite/schema.ts'
import { latestFact, openSqliteStore, type SqliteStore } from './store/sqlite/store.ts'
import { schemaVerifier } from './verifier/json-schema.ts'
import { guardedWeb } from './web/web.ts'
import { prepareWorkers, type Workers } from './workers/workers.ts'

export { SCHEMA_VERSION }

const DATABASE = 'surety.db'
const KEYS = 'keys'
const LOCK = 'surety.lock'
const NOTICES = 'notices.jsonl'

/** Something about the data directory that a person must put right. */
export class HouseError extends Error {
  readonly code: 'data_directory_not_empty' | 'data_directory_missing' | 'data_directory_in_use'
  constructor(code: HouseError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** What a process takes from the machine: a simulation passes its own. */
export interface World {
  /** Milliseconds since 1970 UTC; may go back. */
  readonly now: () => number
  readonly random: Random
}

const POOL_BYTES = 16_384

/** Drawn from the operating system in larger helpings: each small one would cost 10 µs. */
function pooledRandom(): Random {
  let pool = new Uint8Array(0)
  return {
    bytes: (count) => {
      if (count > pool.length) pool = new Uint8Array(randomBytes(Math.max(POOL_BYTES, count)))
      const drawn = pool.slice(0, count)
      pool = pool.subarray(count)
      return drawn
    },
  }
}

const MACHINE: World = { now: () => Date.now(), random: pooledRandom() }
/** How far behind the latest fact a clock may be before somebody should be told. */
const CLOCK_BEHIND_MAX_MS = 1_000

/**
 * INVARIANT(journal): the clock never goes back while the process lives, nor behind the latest fact
 * that was committed before it.
 */
function risingClock(now: World['now'], floor: Instant): Clock {
  let last: number = floor
  return {
    now: () => {
      last = Math.max(last, now())
      return ensureInstant(last)
    },
  }
}

type OpenConfig = Pick<Config, 'dataDirectory' | 'logLevel'> & Partial<Pick<Config, 'chainNodes'>>

interface Opened {
  readonly app: App
  readonly store: SqliteStore
}

function openApp(config: OpenConfig, world: World): Opened {
  const { dataDirectory: directory, logLevel, chainNodes = {} } = config
  const signer = openKeystore(join(directory, KEYS))
  const meter = prometheusMeter({ version: VERSION, schema: SCHEMA_VERSION })
  const store = openSqliteStore(join(directory, DATABASE), meter)
  // Standard output is for whoever runs the command; the log goes beside it.
  const log = pino({ level: logLevel, base: null }, pino.destination(2))
  const behindMs = store.latest - world.now()
  if (behindMs > CLOCK_BEHIND_MAX_MS) {
    log.warn({ behindMs }, 'the clock of this machine is behind the latest fact; it stands still')
  }
  const app: App = {
    store,
    signer,
    crypto: nodeCrypto,
    verify: verifyAside,
    denyAllHash: hashOf(policy.DENY_ALL, nodeCrypto),
    clock: risingClock(world.now, store.latest),
    random: world.random,
    schemas: schemaVerifier(),
    web: guardedWeb(),
    wallets: openWallets(join(directory, KEYS), world.random),
    blockchains: openChains(chainNodes),
    mac: (secret) => signer.mac(secret),
    macMatches: (secret, expected) => signer.macMatches(secret, expected),
    meter,
    log,
    profiles: new Map(),
    chains: new Map(),
    receipts: new Map(),
    heads: new Map(),
    scanned: new Map(),
    exchanges: new Places(),
    presenting: new Set(),
    handed: new Set(),
    passing: new Set(),
  }
  return { app, store }
}

export interface Founded extends FirstOperator {
  readonly directory: string
}

/**
 * Makes a data directory: keys, an empty database, a tenant, and its first operator. All of it or
 * nothing: it is made beside and moved into place.
 */
export async function initHouse(
  directory: string,
  options: { readonly environment: Environment; readonly operatorName: string },
  world: World = MACHINE,
): Promise<Founded> {
  if (existsSync(directory) && readdirSync(directory).length > 0) {
    const message = `\`${directory}\` is not empty; choose another directory`
    throw new HouseError('data_directory_not_empty', message)
  }
  mkdirSync(dirname(join(directory, '.')), { recursive: true })
  const making = `${directory.replace(/\/+$/, '')}.${toHex(world.random.bytes(6))}.new`
  mkdirSync(making, { recursive: true, mode: 0o700 })
  try {
    const at = ensureInstant(world.now())
    createKeystore(join(making, KEYS), formatInstant(at), world.random)
    const { app, store } = openApp({ dataDirectory: making, logLevel: 'silent' }, world)
    chmodSync(join(making, DATABASE), 0o600)
    // Wherever it is made, it is not something to commit: it holds private keys.
    writeFileSync(join(making, '.gitignore'), '*\n')
    const tenantId: Id<'ten'> = mintId('ten', at, BigInt(`0x${toHex(world.random.bytes(9))}`))
    const scope = { tenantId, environment: options.environment }
    await store.createScope(scope)
    const operator = await foundHouse(app, scope, options.operatorName)
    await store.close()
    // Empty it may be; what another process has founded in the meantime stays.
    if (existsSync(directory)) rmdirSync(directory)
    renameSync(making, directory)
    return { ...operator, directory }
  } catch (fault) {
    rmSync(making, { recursive: true, force: true })
    throw fault
  }
}

/** A house whose workers wait for their clock, without a door. */
export interface OpenHouse {
  readonly app: App
  readonly workers: Workers
  /** Commits what waits and lets go of the data. */
  close(): Promise<void>
}

/** Opens a data directory, for this process alone. */
export function openHouse(
  config: OpenConfig & Pick<Config, 'tickEveryMs'>,
  world: World = MACHINE,
): OpenHouse {
  const { dataDirectory, tickEveryMs } = config
  // An empty file is no house either: only `initHouse` founds one.
  const database = statSync(join(dataDirectory, DATABASE), { throwIfNoEntry: false })
  if (database === undefined || database.size === 0) {
    throw new HouseError(
      'data_directory_missing',
      `\`${dataDirectory}\` holds no Surety data; run \`surety init\` on an empty directory, or restore a backup`,
    )
  }
  const unlock = lock(dataDirectory)
  try {
    const { app, store } = openApp(config, world)
    const workers = prepareWorkers(app, fileNotifier(join(dataDirectory, NOTICES)), tickEveryMs)
    return {
      app,
      workers,
      async close() {
        await workers.stop()
        await store.close()
        // After the store: a check that is cut off must not settle anything.
        await app.schemas.close()
        unlock()
      },
    }
  } catch (fault) {
    unlock()
    throw fault
  }
}

export interface RunningHouse {
  readonly url: string
  readonly app: App
  /** One round of the workers, now. */
  tick(): Promise<void>
  /** Answers what is in progress, refuses what is new, and lets go of the data. */
  stop(): Promise<void>
}

const DRAIN_MAX_MS = 10_000

/** Opens a data directory and serves it. */
export async function startHouse(config: Config): Promise<RunningHouse> {
  const { host, port } = config
  const { app, workers, close } = openHouse(config)
  let stopping = false
  try {
    const door = httpDoor(app, config, () => stopping)
    await door.fastify.listen({ host, port })
    workers.start()
    const { port: bound } = door.fastify.server.address() as AddressInfo
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`,
      app,
      tick: () => workers.tick(),
      async stop() {
        if (stopping) return
        stopping = true
        await drained(door.busy)
        await Promise.all([...app.passing].map((each) => each.stop()))
        await workers.stop()
        // What was in progress is answered: a connection that is still there waits for nothing.
        const closed = door.fastify.close()
        door.fastify.server.closeAllConnections()
        await closed
        await close()
      },
    }
  } catch (fault) {
    await close()
    throw fault
  }
}

/** Waits for the requests in progress, but not for ever. */
async function drained(busy: () => number): Promise<void> {
  const started = performance.now()
  while (busy() > 0 && performance.now() - started < DRAIN_MAX_MS) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** One process a directory: a lock of the operating system, which a killed process lets go of. */
function lock(directory: string): () => void {
  const db = new DatabaseSync(join(directory, LOCK))
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    db.close()
    const message = `another process serves \`${directory}\`; stop it first`
    throw new HouseError('data_directory_in_use', message, cause)
  }
  return () => db.close()
}

/**
 * Examines a data directory, stopped or served, and changes nothing in it: whether the journal is
 * whole, the books balance, and everything else that must hold does.
 */
export async function fsck(dataDirectory: string): Promise<FsckReport> {
  const database = join(dataDirectory, DATABASE)
  return examine({ database, keys: join(dataDirectory, KEYS) }, nodeCrypto)
}

/** The recorded decisions of a data directory, stopped or served. */
export function openDecisionLog(dataDirectory: string): DecisionLog {
  return openLog(join(dataDirectory, DATABASE))
}

/** Retires Surety's key of a purpose and makes the next; the directory must not be served. */
export function rotateSystemKey(dataDirectory: string, purpose: SystemPurpose): SystemJwk {
  const unlock = lock(dataDirectory)
  try {
    // A key must not end before what it signed.
    const clock = risingClock(MACHINE.now, latestFact(join(dataDirectory, DATABASE)))
    const at = formatInstant(clock.now())
    return rotateKey(join(dataDirectory, KEYS), purpose, at, MACHINE.random)
  } finally {
    unlock()
  }
}

export { nodeCrypto }
