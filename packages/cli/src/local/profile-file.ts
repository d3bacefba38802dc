/**
 * A profile as a person writes it: YAML or JSON, held against the published schema.
 *
 * @module
 */
import { policy } from '@surety/domain'
import { fromUtf8, hashOf, Profile, parseAs, parseJson, portableCrypto } from '@surety/protocol'
import { parseDocument } from 'yaml'
import { CliError, EXIT, localError } from '../exit.ts'
import { readBytes } from './files.ts'

export interface ReadProfile {
  readonly profile: Profile
  readonly policyHash: string
}

/** Reads and checks a profile; what is wrong is named by its path. */
export function readProfile(path: string): ReadProfile {
  const text = fromUtf8(readBytes(path, 1_048_576))
  if (text === undefined)
    throw localError('file_not_text', `\`${path}\` is not UTF-8`, 'save it so')
  const value = path.endsWith('.json') ? fromJson(text) : fromYaml(text)
  const parsed = parseAs(Profile, value)
  if (!parsed.ok) {
    const detail = parsed.detail ?? parsed.refusal
    const isAmount = /\/(?:max|above): Expected string/.test(detail)
    const remedy = isAmount ? 'write amounts in quotes: max: "250"' : 'correct it and check again'
    throw invalid(detail, remedy)
  }
  const contradiction = policy.contradictionOf(parsed.value)
  if (contradiction !== undefined)
    throw invalid(contradiction, 'make the profile agree with itself')
  return { profile: parsed.value, policyHash: hashOf(parsed.value, portableCrypto) }
}

function invalid(what: string, remedy: string): CliError {
  return new CliError(EXIT.no, 'profile_invalid', {
    what: `the profile is invalid: ${what}`,
    remedy,
  })
}

function fromJson(text: string): unknown {
  const parsed = parseJson(text)
  if (parsed.ok) return parsed.value
  throw invalid(parsed.detail ?? parsed.refusal, 'correct the JSON')
}

/** YAML 1.2 with its core schema; an alias may not multiply what is written. */
function fromYaml(text: string): unknown {
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, merge: false })
  const [error] = document.errors
  if (error !== undefined) {
    throw invalid(error.message.split('\n', 1)[0] ?? 'not YAML', 'correct the YAML')
  }
  try {
    return document.toJS({ maxAliasCount: 64 })
  } catch (fault) {
    throw invalid(fault instanceof Error ? fault.message : 'not YAML', 'write it without aliases')
  }
}
