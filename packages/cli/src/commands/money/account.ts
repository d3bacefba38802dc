/** Balances. */
import * as checks from '../../checks.ts'
import type { CommandGroup } from '../../command.ts'
import { openSession } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { table } from '../../terminal/render.ts'

export const account: CommandGroup = {
  name: 'account',
  summary: 'balances',
  commands: [
    {
      name: 'list',
      summary: 'list balances: your own, or of everybody if you may see them',
      examples: ['surety account list', 'surety account list --principal prn_…'],
      options: [
        { flags: '--principal <prn>', about: 'only of this one', check: checks.idOf('prn') },
      ],
      connects: 'server',
      run: async (given, host) => {
        const { client, credentials } = openSession(given, host)
        const asked = given.text('principal')
        const seesAll = credentials.kind === 'person' || credentials.kind === 'organisation'
        const principalId = asked ?? ((await mayReadAll()) ? undefined : credentials.principalId)
        const query = principalId === undefined ? {} : { principalId }
        const accounts = await client.call('getAccounts', { query })
        const rows = accounts.map((each) => [
          each.account,
          formatMoney(each.balance, each.asset),
          each.balance,
          each.asset,
        ])
        const header = ['account', 'balance', 'minor units', 'asset']
        return { document: accounts, lines: table(header, rows, 'no money has moved yet') }

        async function mayReadAll(): Promise<boolean> {
          if (!seesAll) return false
          return (await client.call('getWhoami')).scopes.includes('read:all')
        }
      },
    },
  ],
}
