/**
 * Every setting, read once into one frozen object. Reference: docs/reference/configuration.md.
 *
 * None of them changes what is decided.
 *
 * @module
 */
import { NETWORKS } from '@surety/protocol'

export interface Config {
  readonly dataDirectory: string
  readonly host: string
  readonly port: number
  readonly logLevel: string
  /** Requests in progress beyond which new ones are answered 503. */
  readonly requestsMax: number
  /** Commands waiting for the writer beyond which new ones are answered 503. */
  readonly waitingMax: number
  readonly bodyBytesMax: number
  readonly tickEveryMs: number
  /** The address of a node by CAIP-2 network. It may hold a secret: it is shown nowhere. */
  readonly chainNodes: Readonly<Record<string, string>>
}

export const DEFAULTS = {
  host: '127.0.0.1',
  port: 8402,
  logLevel: 'info',
  requestsMax: 1_024,
  waitingMax: 4_096,
  bodyBytesMax: 262_144,
  tickEveryMs: 1_000,
} as const

const NUMBERS = {
  SURETY_PORT: { member: 'port', min: 0, max: 65_535 },
  SURETY_REQUESTS_MAX: { member: 'requestsMax', min: 1, max: 100_000 },
  SURETY_WAITING_MAX: { member: 'waitingMax', min: 1, max: 100_000 },
  SURETY_BODY_BYTES_MAX: { member: 'bodyBytesMax', min: 1_024, max: 16_777_216 },
  SURETY_TICK_EVERY_MS: { member: 'tickEveryMs', min: 10, max: 60_000 },
} as const
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent']

/** A setting that cannot be used, in words that say which and why. */
export class ConfigError extends Error {}

/** Reads the environment; what is given explicitly wins. */
export function readConfig(
  given: Partial<Config> & Pick<Config, 'dataDirectory'>,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).flatMap(([name, { member, min, max }]) => {
      const text = environment[name]
      return text === undefined ? [] : [[member, numberOf(name, text, min, max)]]
    }),
  )
  const host = environment.SURETY_HOST ?? DEFAULTS.host
  const logLevel = environment.SURETY_LOG_LEVEL ?? DEFAULTS.logLevel
  if (!LOG_LEVELS.includes(logLevel)) {
    throw new ConfigError(
      `SURETY_LOG_LEVEL is \`${logLevel}\`; use one of ${LOG_LEVELS.join(', ')}`,
    )
  }
  const chainNodes = chainNodesIn(environment.SURETY_CHAIN_RPC ?? '')
  return Object.freeze({ ...DEFAULTS, host, logLevel, chainNodes, ...numbers, ...given })
}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(`${name} is \`${text}\`; it must be ${String(min)} to ${String(max)}`)
  }
  return value
}

/** Reads `eip155:84532=http://127.0.0.1:8545,eip155:8453=https://…`. */
function chainNodesIn(text: string): Readonly<Record<string, string>> {
  const entries = text.split(/[\s,]+(?=eip155:)/).flatMap((each) => {
    const entry = each.trim().replace(/,$/, '')
    return entry === '' ? [] : [chainNode(entry)]
  })
  return Object.freeze(Object.fromEntries(entries))
}

function chainNode(entry: string): readonly [string, string] {
  const at = entry.indexOf('=')
  const network = entry.slice(0, Math.max(at, 0))
  const url = URL.parse(entry.slice(at + 1))
  if (!NETWORKS.has(network)) {
    const known = [...NETWORKS.keys()].join(', ')
    throw new ConfigError(`SURETY_CHAIN_RPC names \`${network}\`; the networks are ${known}`)
  }
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConfigError(`SURETY_CHAIN_RPC gives \`${network}\` no http or https address`)
  }
  return [network, url.href]
}
