/**
 * The keys to trust: Surety's public key set, from a file that came from outside.
 *
 * @module
 */
import { Jwks, parseAs } from '@surety/protocol'
import { localError } from '../exit.ts'
import { readJson } from './files.ts'

export function readJwks(path: string): Jwks {
  const parsed = parseAs(Jwks, readJson(path))
  if (parsed.ok) return parsed.value
  const what = `\`${path}\` is not a key set: ${parsed.detail ?? parsed.refusal}`
  throw localError('keys_invalid', what, 'get it with `surety keys jwks --out jwks.json`')
}
