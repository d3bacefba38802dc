/**
 * The profiles that come with the command: each with scenarios that say what it is for.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ProfileScenario } from '@surety/protocol'
import { CliError, EXIT } from '../exit.ts'
import { ensureShape, type Kind, readWritten } from './document-file.ts'

const ROOM = fileURLToPath(new URL('../../starters/', import.meta.url))

export const STARTERS = [
  'starter',
  'engineering-spend',
  'procurement',
  'data-api-buyer',
  'support-automation',
  'finance-controls',
] as const
export type StarterName = (typeof STARTERS)[number]

export function isStarter(name: string): name is StarterName {
  return (STARTERS as readonly string[]).includes(name)
}

export function starterPath(name: StarterName): string {
  return join(ROOM, `${name}.yaml`)
}

export function starterText(name: StarterName): string {
  return readFileSync(starterPath(name), 'utf8')
}

/** Where the scenarios of a starter are. */
export function scenarioRoom(name: StarterName): string {
  return join(ROOM, 'scenarios', name)
}

const KIND: Kind = { code: 'scenario_invalid', noun: 'scenario' }
const SCENARIO_FILE = /\.(?:ya?ml|json)$/
const SCENARIOS_MAX = 1_000

/** The scenarios of a directory, by name of their files. */
export function readScenarios(directory: string): readonly ProfileScenario[] {
  const files = readdirSync(directory)
    .filter((name) => SCENARIO_FILE.test(name))
    .sort()
  if (files.length === 0 || files.length > SCENARIOS_MAX) {
    throw new CliError(EXIT.local, 'scenarios_not_found', {
      what: `\`${directory}\` has ${String(files.length)} scenarios`,
      remedy: `give a directory of 1 to ${String(SCENARIOS_MAX)} files that end in .yaml or .json`,
    })
  }
  return files.map((name) => {
    const path = join(directory, name)
    return ensureShape(ProfileScenario, path, readWritten(path, KIND), KIND) as ProfileScenario
  })
}
