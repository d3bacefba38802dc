/** Watching what people are asked, as it happens. */
import { type ApprovalTold, ProblemError, watchApprovals } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { CommandHost, CommandSpec } from '../../command.ts'
import { openSession, streamingClient } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { plain } from '../../terminal/render.ts'

const RETRY_DELAY_MS = 1_000

export const watch: CommandSpec = {
  name: 'watch',
  summary: 'tell what happens to approvals, as it happens, until interrupted',
  examples: ['surety approvals watch', 'surety approvals watch --after 1200 --json'],
  options: [
    {
      flags: '--after <id>',
      about: 'begin after this event, as --json tells it',
      check: checks.wholeNumber,
    },
    { flags: '--once', about: 'end when the server lets go, rather than connect again' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const { url, credentials } = openSession(given, host)
    const client = streamingClient(url, credentials.apiKey)
    let last = given.text('after')
    for (;;) {
      try {
        for await (const told of watchApprovals(client, last)) {
          last = told.id
          tell(told, host)
        }
      } catch (fault) {
        // A house that is away comes back; one that refuses does not change its mind.
        if (given.flag('once') || (fault instanceof ProblemError && fault.problem.status < 500)) {
          throw fault
        }
      }
      if (given.flag('once')) return undefined
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS))
    }
  },
}

function tell({ id, type, at, approval }: ApprovalTold, host: CommandHost): void {
  if (host.json) {
    host.answerEarly({ document: { id, type, at, approval }, lines: [] })
    return
  }
  const { approvalId, severity, state, amount, asset } = approval
  const money = formatMoney(amount, asset)
  host.say(plain(`${at}  ${type}  ${approvalId}  ${severity}  ${state}  ${money}`))
}
