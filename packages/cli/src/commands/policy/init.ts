/** Writes a profile to start from, with comments that say what each part does. */
import type { CommandSpec } from '../../command.ts'
import { usageError } from '../../exit.ts'
import { writeNew } from '../../local/files.ts'
import { inspectProfile } from '../../local/profile-file.ts'
import { isStarter, STARTERS, starterPath, starterText } from '../../local/starters.ts'
import { fields, styled } from '../../terminal/render.ts'

/** The line by which `simulate` finds the scenarios of the starter again. */
export const SCAFFOLDED = /^# scaffolded from: ([a-z-]+)$/m

export const init: CommandSpec = {
  name: 'init <name>',
  summary: `write a commented profile to start from: ${STARTERS.join(', ')}`,
  examples: [
    'surety profile init starter --out profile.yaml',
    'surety profile init engineering-spend --out profile.yaml',
  ],
  options: [
    { flags: '--out <file>', about: 'the file to write; it must not exist', required: true },
  ],
  run: async (given) => {
    const name = given.arg(0)
    if (!isStarter(name)) {
      const remedy = `name one of ${STARTERS.join(', ')}; \`surety profile list\` describes them`
      throw usageError(`there is no starter profile \`${name}\``, remedy)
    }
    const out = given.required('out')
    const { profile, policyHash } = inspectProfile(starterPath(name))
    writeNew(out, `# scaffolded from: ${name}\n${starterText(name)}`, false)
    return {
      document: { starter: name, file: out, policyHash, profile },
      lines: [
        `${styled('green', '✓')} ${out} is a profile to start from: ${profile.name}`,
        ...fields([
          ['  hash', policyHash],
          ['  check it', `surety profile validate ${out}`],
          ['  try it', `surety profile simulate ${out}`],
          ['  let it rule', `surety profile apply ${out}`],
        ]),
      ],
    }
  },
}
