/**
 * A data directory, looked at from outside: permissions, keys, schema. Changes nothing.
 *
 * @module
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Jwks, parseAs } from '@surety/protocol'
import { readJson } from '../local/files.ts'
import type { Finding } from './finding.ts'

const PURPOSES = ['decision', 'authorization', 'settlement', 'passport', 'bundle', 'control']

export async function checkDirectory(directory: string): Promise<readonly Finding[]> {
  if (!existsSync(join(directory, 'surety.db'))) {
    return [
      {
        check: 'data_directory',
        result: 'fail',
        found: `\`${directory}\` holds no Surety data`,
        remedy: `make one: surety init ${directory}`,
      },
    ]
  }
  return [
    { check: 'data_directory', result: 'ok', found: directory },
    checkMode(directory),
    checkPrivateFiles(directory),
    checkKeys(directory),
    await checkSchema(directory),
  ]
}

/** Whether anybody but the owner may do anything with it. */
function isOpenToOthers(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0
}

function checkMode(directory: string): Finding {
  const open = [directory, join(directory, 'keys')].filter(isOpenToOthers)
  if (open.length === 0) {
    return { check: 'directory_permissions', result: 'ok', found: 'the owner alone may enter' }
  }
  return {
    check: 'directory_permissions',
    result: 'fail',
    found: `others may enter ${open.join(', ')}`,
    remedy: `chmod 700 ${open.join(' ')}`,
  }
}

function checkPrivateFiles(directory: string): Finding {
  const keys = join(directory, 'keys')
  const secrets = [
    ...readdirSync(directory)
      .filter((name) => name.endsWith('.credentials.json'))
      .map((name) => join(directory, name)),
    ...readdirSync(keys)
      .filter((name) => name.endsWith('.seed') || name === 'house.key')
      .map((name) => join(keys, name)),
  ]
  const open = secrets.filter(isOpenToOthers)
  if (open.length === 0) {
    const found = `${String(secrets.length)} private files, for the owner alone`
    return { check: 'file_permissions', result: 'ok', found }
  }
  return {
    check: 'file_permissions',
    result: 'fail',
    found: `others may read ${open.join(', ')}`,
    remedy: `chmod 600 ${open.join(' ')}; rotate what may have been read`,
  }
}

function checkKeys(directory: string): Finding {
  const check = 'keys'
  const remedy = 'restore the keys directory from your backup'
  const keys = join(directory, 'keys')
  try {
    const jwks = parseAs(Jwks, readJson(join(keys, 'jwks.json')))
    if (!jwks.ok) return { check, result: 'fail', found: 'jwks.json is not a key set', remedy }
    const missing = PURPOSES.filter(
      (purpose) =>
        !jwks.value.keys.some(
          (key) =>
            key.purpose === purpose &&
            key.notAfter === null &&
            existsSync(join(keys, `${key.kid}.seed`)),
        ),
    )
    if (!existsSync(join(keys, 'house.key'))) missing.push('API key')
    if (missing.length > 0) {
      return { check, result: 'fail', found: `no current ${missing.join(', ')} key`, remedy }
    }
    return { check, result: 'ok', found: 'one current key for every purpose' }
  } catch (fault) {
    const found = fault instanceof Error ? fault.message : 'they cannot be read'
    return { check, result: 'fail', found, remedy }
  }
}

/** Where SQLite's file format keeps `user_version`: four bytes, big-endian. */
const USER_VERSION_AT = 60

async function checkSchema(directory: string): Promise<Finding> {
  const check = 'schema_version'
  const bytes = Buffer.alloc(4)
  const descriptor = openSync(join(directory, 'surety.db'), 'r')
  readSync(descriptor, bytes, 0, 4, USER_VERSION_AT)
  closeSync(descriptor)
  const found = bytes.readUInt32BE(0)
  const { SCHEMA_VERSION } = await import('@surety/server')
  if (found === SCHEMA_VERSION) return { check, result: 'ok', found: String(found) }
  return {
    check,
    result: 'fail',
    found: `the data is of schema ${String(found)}, this Surety of ${String(SCHEMA_VERSION)}`,
    remedy:
      found < SCHEMA_VERSION
        ? 'back it up; `surety serve` brings it up to this schema'
        : 'run the Surety that made it',
  }
}
