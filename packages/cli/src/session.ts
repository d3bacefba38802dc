/**
 * A session with a server: who calls, with which client, and who signs.
 *
 * @module
 */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  type Environment,
  ensureInstant,
  fromBase64url,
  type Id,
  type PartyPurpose,
  portableCrypto,
} from '@surety/protocol'
import { Client, type Fetch, type Host, Party } from '@surety/sdk'
import { serverUrl } from './checks.ts'
import type { CommandHost, Given } from './command.ts'
import { CliError, EXIT, usageError } from './exit.ts'
import { type Credentials, readCredentials } from './local/credentials.ts'

export const URL_DEFAULT = 'http://127.0.0.1:8402'
/** A server that says nothing for so long is as good as not there. */
const ANSWER_MAX_MS = 30_000

export interface Session {
  readonly url: string
  readonly client: Client
  readonly credentials: Credentials
  readonly party: Party
}

/** What this machine lends the SDK. */
export const machine: Host = {
  crypto: portableCrypto,
  now: () => ensureInstant(Date.now()),
  random: (count) => new Uint8Array(randomBytes(count)),
}

export function clientFor(url: string, apiKey: string | undefined): Client {
  return new Client({
    url,
    apiKey,
    fetch: ((address, init) =>
      fetch(address, { ...init, signal: AbortSignal.timeout(ANSWER_MAX_MS) })) as Fetch,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newKey: () => randomUUID(),
  })
}

/** A client for what goes on for as long as somebody reads. */
export function streamingClient(url: string, apiKey: string): Client {
  return new Client({
    url,
    apiKey,
    fetch: fetch as Fetch,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    newKey: () => randomUUID(),
  })
}

/** The party of a credentials file, able to sign with every key in it. */
export function partyOf(
  who: {
    readonly tenantId: Id<'ten'>
    readonly environment: Environment
    readonly principalId: Id<'prn'>
    readonly keys: readonly { readonly purpose: PartyPurpose; readonly privateSeed: string }[]
  },
  host: Host = machine,
): Party {
  const { tenantId, environment, principalId } = who
  const keys = who.keys.map(({ purpose, privateSeed }) => ({
    purpose,
    privateSeed: fromBase64url(privateSeed) as Uint8Array,
  }))
  return new Party({ tenantId, environment, principalId, keys }, host)
}

/** Opens a session with the credentials that the options or the environment name. */
export function openSession(given: Given, { env }: CommandHost): Session {
  const file = given.text('credentials') ?? env.SURETY_CREDENTIALS
  if (file === undefined || file === '') {
    throw usageError(
      'no credentials are named',
      'pass --credentials FILE, or set SURETY_CREDENTIALS',
    )
  }
  const credentials = readCredentials(file)
  const url = urlOf(given, env, credentials.url)
  const party = partyOf(credentials)
  return { url, client: clientFor(url, credentials.apiKey), credentials, party }
}

/** A client that needs no credentials: for what anybody may read. */
export function openClient(given: Given, { env }: CommandHost): Client {
  const file = given.text('credentials') ?? env.SURETY_CREDENTIALS
  const stated = file === undefined || file === '' ? undefined : readCredentials(file).url
  return clientFor(urlOf(given, env, stated), undefined)
}

/** Where the server is: as the options say, the environment, the credentials, or by default. */
export function urlOf(given: Given, env: CommandHost['env'], stated: string | undefined): string {
  const named = env.SURETY_URL === '' ? undefined : env.SURETY_URL
  return serverUrl(given.text('server') ?? named ?? stated ?? URL_DEFAULT)
}

/** Ensures that these credentials can sign what is about to be signed. */
export function ensureKey({ credentials }: Session, purpose: PartyPurpose): void {
  if (credentials.keys.some((key) => key.purpose === purpose)) return
  throw new CliError(EXIT.local, 'key_missing', {
    what: `\`${credentials.name}\` has no ${purpose} key in its credentials`,
    remedy: 'use the credentials of a principal that has one',
  })
}
