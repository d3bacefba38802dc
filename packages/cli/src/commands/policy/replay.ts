/** What a profile would have changed, over decisions that were recorded. */
import { policy } from '@surety/domain'
import type { CommandSpec } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { readProfile } from '../../local/profile-file.ts'
import { impactLines } from './replaying/impact.ts'
import { openRecords, SOURCE_OPTIONS } from './replaying/records.ts'
import { replayed } from './replaying/run.ts'

export const replay: CommandSpec = {
  name: 'replay <file>',
  summary: 'ask what a profile would have changed: outcomes, approvals and money',
  examples: [
    'surety profile replay next.yaml --since 2026-11-01',
    'surety profile replay next.yaml --data ./data --fail-on-change',
  ],
  options: [
    ...SOURCE_OPTIONS,
    { flags: '--fail-on-change', about: 'exit with 1 if any outcome or obligation changes' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const { profile, policyHash } = readProfile(given.arg(0))
    const records = await openRecords(given, host)
    try {
      const report = await replayed(policy.compile(profile, policyHash), records)
      const changes = given.flag('failOnChange') && report.changed > 0
      return {
        document: report,
        lines: impactLines(report),
        exit: report.ok && !changes ? EXIT.done : EXIT.no,
      }
    } finally {
      records.close()
    }
  },
}
