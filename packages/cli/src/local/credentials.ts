/**
 * Credentials: who a caller is, its API key, and the private keys it signs with.
 *
 * A file of its own for each principal, readable by its owner alone; never printed.
 *
 * @module
 */
import { statSync } from 'node:fs'
import {
  type Environment,
  fromBase64url,
  type Id,
  isId,
  type JsonObject,
  type PartyPurpose,
  type PrincipalKind,
  portableCrypto,
  publicJwkOf,
  thumbprint,
} from '@surety/protocol'
import { localError } from '../exit.ts'
import { readJson } from './files.ts'

export interface CredentialKey {
  readonly purpose: PartyPurpose
  readonly kid: string
  /** base64url of 32 bytes. */
  readonly privateSeed: string
}

export interface Credentials {
  readonly schemaVersion: 'Credentials.v1'
  readonly url: string
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly principalId: Id<'prn'>
  readonly kind: PrincipalKind
  readonly name: string
  readonly apiKey: string
  readonly keys: readonly CredentialKey[]
}

export function credentialsText(credentials: Credentials): string {
  return `${JSON.stringify(credentials, null, 2)}\n`
}

/** Reads a credentials file; every key in it must be the one its name says. */
export function readCredentials(path: string): Credentials {
  const value = readJson(path)
  const wrong = whatIsWrong(value)
  if (wrong !== undefined) {
    throw localError(
      'credentials_file_invalid',
      `\`${path}\` is not a credentials file: ${wrong}`,
      'use the file that `surety init` or `surety principal register` wrote',
    )
  }
  return value as unknown as Credentials
}

/** Whether others than its owner may read the file. */
export function isExposed(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0
}

const KINDS = ['person', 'organisation', 'agent', 'service', 'app']
const PURPOSES = ['intent', 'grant', 'response', 'action']

function whatIsWrong(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object'
  const file = value as JsonObject
  const text = (name: string) => (typeof file[name] === 'string' ? (file[name] as string) : '')
  if (file.schemaVersion !== 'Credentials.v1') return 'schemaVersion is not Credentials.v1'
  if (!URL.canParse(text('url'))) return 'url is not a URL'
  if (!isId('ten', text('tenantId'))) return 'tenantId is not an id'
  if (!isId('prn', text('principalId'))) return 'principalId is not an id'
  if (!['sandbox', 'production'].includes(text('environment'))) return 'environment is unknown'
  if (!KINDS.includes(text('kind'))) return 'kind is unknown'
  if (!/^sk_[a-z]+_[0-9a-z]{26}_[A-Za-z0-9_-]{43}$/.test(text('apiKey'))) {
    return 'apiKey is not an API key'
  }
  if (!Array.isArray(file.keys)) return 'keys is not a list'
  const bad = (file.keys as readonly JsonObject[]).findIndex((key) => !isKey(key))
  return bad === -1 ? undefined : `keys/${String(bad)} does not match its kid`
}

function isKey(key: JsonObject | null): boolean {
  const seed = typeof key?.privateSeed === 'string' ? fromBase64url(key.privateSeed) : null
  if (seed?.length !== 32 || !PURPOSES.includes(String(key?.purpose))) return false
  return thumbprint(publicJwkOf(seed), portableCrypto) === key?.kid
}
