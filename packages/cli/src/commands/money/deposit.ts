/** Records money that came in, on an operator's signed word. */
import type { Id } from '@surety/protocol'
import * as checks from '../../checks.ts'
import type { CommandSpec } from '../../command.ts'
import { ensureKey, openSession } from '../../session.ts'
import { formatBoth } from '../../terminal/money.ts'
import { fields } from '../../terminal/render.ts'

export const deposit: CommandSpec = {
  name: 'deposit',
  summary: 'record money that came in, signed by the operator',
  examples: [
    'surety deposit --to prn_… --amount 10000 --asset USD/2 --source bank --reference wire-17',
  ],
  options: [
    { flags: '--to <prn>', about: 'whose money it is', required: true, check: checks.idOf('prn') },
    { flags: '--amount <n>', about: 'in minor units', required: true, check: checks.amount },
    { flags: '--asset <asset>', about: 'with its scale', fallback: 'USD/2' },
    { flags: '--source <name>', about: 'where it came from', required: true },
    { flags: '--reference <name>', about: 'its name there; recorded once', required: true },
    { flags: '--reason <code>', about: 'why it is recorded', fallback: 'funding' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const session = openSession(given, host)
    ensureKey(session, 'action')
    const action = session.party.deposit(
      {
        source: given.required('source'),
        reference: given.required('reference'),
        principalId: given.required('to') as Id<'prn'>,
        amount: given.required('amount'),
        asset: given.required('asset'),
      },
      given.required('reason'),
    )
    const recorded = await session.client.call('postDeposits', { body: { action } })
    return {
      document: recorded,
      lines: fields([
        ['recorded', formatBoth(recorded.amount, recorded.asset)],
        ['for', recorded.principalId],
        ['movement', `${recorded.source} ${recorded.reference}`],
        ['deposit', recorded.depositId],
      ]),
    }
  },
}
