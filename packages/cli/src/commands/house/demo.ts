/** The demo. */
import type { CommandSpec } from '../../command.ts'

export const demo: CommandSpec = {
  name: 'demo',
  summary: 'see an agent buy through Surety, what is refused, and how the receipt proves it',
  examples: ['surety demo', 'surety demo --out ./demo-results', 'surety demo --json'],
  options: [
    { flags: '--out <directory>', about: 'keep the summary, the keys and the bundles there' },
  ],
  run: async (given, host) => {
    const { runDemo } = await import('../../demo/demo.ts')
    return runDemo(given.text('out'), host)
  },
}
