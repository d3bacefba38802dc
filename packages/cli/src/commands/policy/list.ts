/** Lists the profile that rules, and those to start from. */
import type { CommandSpec } from '../../command.ts'
import { inspectProfile } from '../../local/profile-file.ts'
import { STARTERS, starterPath } from '../../local/starters.ts'
import { openSession } from '../../session.ts'
import { table } from '../../terminal/render.ts'

interface Listed {
  readonly profile: { readonly profileId: string; readonly version: number; readonly name: string }
  readonly policyHash: string
}

export const list: CommandSpec = {
  name: 'list',
  summary: 'list the profile that rules, and the starters that come with this command',
  examples: ['surety profile list', 'surety profile list --starters'],
  connects: 'server',
  options: [{ flags: '--starters', about: 'the starters alone; asks no server' }],
  run: async (given, host) => {
    const starters = STARTERS.map((name) => {
      const path = starterPath(name)
      const { profile, policyHash } = inspectProfile(path)
      return { profile, policyHash, path }
    })
    const active = given.flag('starters')
      ? null
      : await openSession(given, host).client.call('getProfilesActive')
    const rows = [
      ...(active === null ? [] : [rowOf('rules', active, '')]),
      ...starters.map((starter) => rowOf('starter', starter, starter.path)),
    ]
    const header = ['', 'profile', 'version', 'name', 'hash', 'file']
    return {
      document: active === null ? { starters } : { active, starters },
      lines: table(header, rows, ''),
    }
  },
}

function rowOf(state: string, { profile, policyHash }: Listed, where: string): readonly string[] {
  const { profileId, version, name } = profile
  return [state, profileId, String(version), name, policyHash.slice(0, 12), where]
}
