/** Tells what changed between two profiles, in plain words. */
import { policy } from '@surety/domain'
import type { CommandSpec } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { readProfile } from '../../local/profile-file.ts'
import { fields, plain, styled } from '../../terminal/render.ts'

const MARKS = {
  loosened: { mark: '+', style: 'yellow' },
  tightened: { mark: '-', style: 'green' },
  changed: { mark: '~', style: 'cyan' },
} as const

export const diff: CommandSpec = {
  name: 'diff <before> <after>',
  summary: 'tell what one profile allows more or less than another, without a server',
  examples: [
    'surety profile diff profile.yaml profile-next.yaml',
    'surety profile diff old.yaml new.yaml --fail-on-loosened',
  ],
  options: [{ flags: '--fail-on-loosened', about: 'end with 1 if anything is loosened: for CI' }],
  run: async (given) => {
    const [before, after] = [readProfile(given.arg(0)), readProfile(given.arg(1))]
    const changes = policy.compareProfiles(before.profile, after.profile)
    const count = (direction: policy.Direction): number =>
      changes.filter((change) => change.direction === direction).length
    const tally = {
      loosened: count('loosened'),
      tightened: count('tightened'),
      changed: count('changed'),
    }
    const told = Object.entries(tally).map(([name, times]) => `${String(times)} ${name}`)
    const failed = given.flag('failOnLoosened') && tally.loosened > 0
    return {
      document: { ...tally, before: before.policyHash, after: after.policyHash, changes },
      lines: [
        ...changeLines(changes),
        ...(changes.length === 0 ? [] : [told.join(', ')]),
        ...fields([
          ['  before', before.policyHash],
          ['  after', after.policyHash],
        ]),
      ],
      exit: failed ? EXIT.no : EXIT.done,
    }
  },
}

/** Every change on a line of its own, marked by its direction. */
export function changeLines(changes: readonly policy.ProfileChange[]): readonly string[] {
  if (changes.length === 0) return ['nothing changed']
  return changes.map(({ path, direction, words }) => {
    const { mark, style } = MARKS[direction]
    return `${styled(style, `${mark} ${direction.padEnd(9)}`)}  ${plain(`${path}: ${words}`)}`
  })
}
