/**
 * A data directory: whether there is one.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { localError } from '../exit.ts'

/** The path itself, if Surety's data is there. */
export function ensureData(directory: string): string {
  if (existsSync(join(directory, 'surety.db'))) return directory
  throw localError(
    'data_directory_missing',
    `\`${directory}\` holds no Surety data`,
    `make it with \`surety init ${directory}\`, or name another`,
  )
}
