/** Checks a profile, without a server: its shape, and whether it can be meant. */
import type { CommandSpec } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { placed } from '../../local/document-file.ts'
import { inspectProfile, type ProfileRemark, readProfile } from '../../local/profile-file.ts'
import { fields, plain, styled } from '../../terminal/render.ts'

export const validate: CommandSpec = {
  name: 'validate <file>',
  summary: 'check a profile, YAML or JSON, without a server: shape, contradictions, idle rules',
  examples: [
    'surety profile validate profile.yaml',
    'surety profile validate profile.yaml --lenient',
  ],
  options: [{ flags: '--lenient', about: 'end with 0 although some rules or limits never count' }],
  run: async (given) => {
    const path = given.arg(0)
    const { profile, policyHash, remarks } = inspectProfile(path)
    // What contradicts itself is an error like any other that keeps a profile from ruling.
    if (remarks.some(({ kind }) => kind === 'contradiction')) readProfile(path)
    const ok = remarks.length === 0 || given.flag('lenient')
    const identity = fields([
      ['  profile', `${profile.profileId} version ${String(profile.version)}`],
      ['  hash', policyHash],
    ])
    const head = ok
      ? `${styled('green', '✓')} ${plain(profile.name)} is a valid profile`
      : `${styled('yellow', '!')} ${plain(profile.name)} could rule, but hardly as it is meant`
    return {
      document: { ok, policyHash, profile, remarks },
      lines: [...remarks.map((remark) => lineOf(path, remark)), head, ...identity],
      exit: ok ? EXIT.done : EXIT.no,
    }
  },
}

function lineOf(path: string, remark: ProfileRemark): string {
  return `${styled('yellow', placed(path, remark))}  ${plain(`${remark.path}: ${remark.message}`)}`
}
