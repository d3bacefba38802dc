/** Checks that everything in a data directory agrees. */
import type { CommandSpec } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { ensureData } from '../../local/data-directory.ts'
import { plain, styled } from '../../terminal/render.ts'

export const fsck: CommandSpec = {
  name: 'fsck',
  summary: 'check that everything in a data directory agrees',
  examples: ['surety fsck --data ./data'],
  options: [{ flags: '--data <directory>', about: 'what `surety init` made', required: true }],
  run: async (given) => {
    const directory = ensureData(given.required('data'))
    const server = await import('@surety/server')
    const found = await server.fsck(directory)
    const lines = found.checks.flatMap(({ check, examined, problems }) => [
      `${mark(problems.length === 0)} ${check.replaceAll('_', ' ')} (${String(examined)} examined)`,
      ...problems.map((problem) => `    ${plain(problem)}`),
    ])
    const verdict = found.ok ? 'everything agrees' : 'something does not agree'
    return {
      document: found,
      lines: [...lines, '', `${mark(found.ok)} ${verdict}`],
      exit: found.ok ? EXIT.done : EXIT.no,
    }
  },
}

function mark(isGood: boolean): string {
  return isGood ? styled('green', '✓') : styled('red', '✗')
}
