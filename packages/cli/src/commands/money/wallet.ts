/** Wallets: what pays on a chain, for one principal. No command shows a key. */
import type { Inbound, Wallet } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandGroup, CommandSpec, OptionSpec } from '../../command.ts'
import { usageError } from '../../exit.ts'
import { readText } from '../../local/files.ts'
import { openSession } from '../../session.ts'
import { formatBoth, formatMoney } from '../../terminal/money.ts'
import { fields, styled, table } from '../../terminal/render.ts'

const OWNER: readonly OptionSpec[] = [
  {
    flags: '--owner <prn>',
    about: 'whose money it holds',
    required: true,
    check: checks.idOf('prn'),
  },
  { flags: '--name <name>', about: 'to tell it from others', required: true, check: checks.name },
]

const REASON: OptionSpec = { flags: '--reason <text>', about: 'why', required: true }

function walletId(text: string): string {
  return checks.idOf('wlt')(text)
}

function shown(wallet: Wallet): Answer {
  const balances = (wallet.balances ?? []).flatMap(({ asset, ...sums }) => [
    ['on the chain', formatMoney(sums.onChain, asset)] as const,
    ['in the books', formatMoney(sums.booked, asset)] as const,
    ['free to spend', formatMoney(sums.available, asset)] as const,
    [
      'let to Permit2',
      sums.permit2 === '0' ? undefined : formatMoney(sums.permit2, asset),
    ] as const,
    ['in suspense', sums.suspense === '0' ? undefined : formatMoney(sums.suspense, asset)] as const,
  ])
  const ordered = (wallet.ordered ?? []).flatMap(({ asset, amount }) =>
    amount === '0' ? [] : [['ordered for Permit2', formatMoney(amount, asset)] as const],
  )
  const lines = fields([
    ['wallet', wallet.walletId],
    ['name', wallet.name],
    ['state', styled(wallet.status === 'active' ? 'green' : 'yellow', wallet.status)],
    ['address', wallet.address],
    ['owner', wallet.ownerId],
    ['key', wallet.origin === 'created' ? 'made here' : 'imported'],
    ...ordered,
    ...balances,
  ])
  return { document: wallet, lines }
}

const create: CommandSpec = {
  name: 'create',
  summary: 'make a wallet; its key is made in the keystore and never leaves it',
  examples: ['surety wallet create --owner prn_… --name till'],
  options: OWNER,
  connects: 'server',
  run: async (given, host) => {
    const body = { ownerId: given.required('owner'), name: given.required('name') }
    return shown(await openSession(given, host).client.call('postWallets', { body }))
  },
}

const importing: CommandSpec = {
  name: 'import',
  summary: 'make a wallet of a private key that exists',
  examples: ['surety wallet import --owner prn_… --name till --key-file key.hex'],
  options: [
    ...OWNER,
    {
      flags: '--key-file <file>',
      about: '64 hexadecimal digits; - is standard input',
      required: true,
    },
  ],
  connects: 'server',
  run: async (given, host) => {
    // A key given as an argument would stand in the history of the shell and the list of processes.
    const privateKey = readText(given.required('keyFile')).trim()
    if (!/^(?:0x)?[0-9a-fA-F]{64}$/.test(privateKey)) {
      throw usageError('the file does not hold a private key', 'put 64 hexadecimal digits into it')
    }
    const body = { ownerId: given.required('owner'), name: given.required('name'), privateKey }
    return shown(await openSession(given, host).client.call('postWalletsImport', { body }))
  },
}

const list: CommandSpec = {
  name: 'list',
  summary: 'list wallets',
  examples: ['surety wallet list'],
  connects: 'server',
  run: async (given, host) => {
    const { items } = await openSession(given, host).client.call('getWallets', { query: {} })
    const rows = items.map((each) => [each.walletId, each.name, each.status, each.address])
    const header = ['wallet', 'name', 'state', 'address']
    return { document: items, lines: table(header, rows, 'no wallet has been made yet') }
  },
}

const show: CommandSpec = {
  name: 'show <walletId>',
  summary: 'show a wallet, with what the chain and the books say it holds',
  examples: ['surety wallet show wlt_…'],
  connects: 'server',
  run: async (given, host) => {
    const params = { walletId: walletId(given.arg(0)) }
    return shown(await openSession(given, host).client.call('getWalletsOne', { params }))
  },
}

const fund: CommandSpec = {
  name: 'fund <walletId>',
  summary: 'book a final transfer into a wallet as money of its owner',
  examples: [
    'surety wallet fund wlt_… --transaction 0x5f…',
    'surety wallet fund wlt_… --transaction 0x5f… --refund-of gat_…',
  ],
  options: [
    { flags: '--transaction <hash>', about: 'that moved it', required: true, check: transaction },
    { flags: '--refund-of <gat>', about: 'the purchase it gives back', check: checks.idOf('gat') },
  ],
  connects: 'server',
  run: async (given, host) => {
    const refundOf = given.text('refundOf')
    const { client } = openSession(given, host)
    const funded = await client.call('postWalletsFund', {
      params: { walletId: walletId(given.arg(0)) },
      body: {
        transaction: given.required('transaction'),
        ...(refundOf === undefined ? {} : { refundOf }),
      },
    })
    return booked(funded)
  },
}

const allow: CommandSpec = {
  name: 'allow <walletId>',
  summary: 'let Permit2 spend so much of a wallet’s asset, for offers of the scheme upto',
  examples: [
    'surety wallet allow wlt_… --amount 25000000 --asset eip155:84532/erc20:0x036…',
    'surety wallet allow wlt_… --amount 0 --asset eip155:84532/erc20:0x036…',
  ],
  options: [
    {
      flags: '--amount <n>',
      about: 'at most, all purchases together; in minor units',
      required: true,
      check: checks.amount,
    },
    { flags: '--asset <caip19>', about: 'which', required: true },
  ],
  connects: 'server',
  run: async (given, host) => {
    const params = { walletId: walletId(given.arg(0)) }
    const asset = given.required('asset')
    const { client } = openSession(given, host)
    const body = { asset, amount: given.required('amount') }
    const allowed = await client.call('postWalletsAllowance', { params, body })
    return {
      document: allowed,
      lines: fields([
        ['allowed', formatBoth(allowed.amount, allowed.asset)],
        ['transaction', allowed.transaction ?? 'none: the chain had it already'],
      ]),
    }
  },
}

function booked(inbound: Inbound): Answer {
  return {
    document: inbound,
    lines: fields([
      ['booked', formatBoth(inbound.amount, inbound.asset)],
      ['as', inbound.status],
      ['refund of', inbound.refundOf],
      ['from', inbound.from],
      ['transaction', inbound.transaction],
    ]),
  }
}

function transaction(text: string): string {
  if (/^0x[0-9a-f]{64}$/.test(text)) return text
  throw usageError(
    `\`${text}\` is not a transaction`,
    'give 0x and 64 lowercase hexadecimal digits',
  )
}

const freeze: CommandSpec = {
  name: 'freeze <walletId>',
  summary: 'freeze a wallet: nothing new is decided to be paid from it',
  examples: ['surety wallet freeze wlt_… --reason "the key may be known"'],
  options: [REASON],
  connects: 'server',
  run: async (given, host) => {
    const params = { walletId: walletId(given.arg(0)) }
    const body = { reason: given.required('reason') }
    const { client } = openSession(given, host)
    const frozen = await client.call('postWalletsFreeze', { params, body })
    const { document, lines } = shown(frozen)
    // What was ordered may be on its way still, and what the chain allows stays allowed.
    const close = (frozen.ordered ?? []).flatMap(({ asset, amount }) =>
      amount === '0'
        ? []
        : [
            `Permit2 may spend it still: surety wallet allow ${params.walletId} --amount 0 --asset ${asset}`,
          ],
    )
    return { document, lines: [...lines, ...close] }
  },
}

const unfreeze: CommandSpec = {
  name: 'unfreeze <walletId>',
  summary: 'let a frozen wallet pay again',
  examples: ['surety wallet unfreeze wlt_… --reason "it was a false alarm"'],
  options: [REASON],
  connects: 'server',
  run: async (given, host) => {
    const params = { walletId: walletId(given.arg(0)) }
    const body = { reason: given.required('reason') }
    const { client } = openSession(given, host)
    return shown(await client.call('postWalletsUnfreeze', { params, body }))
  },
}

export const wallet: CommandGroup = {
  name: 'wallet',
  summary: 'what pays on a chain',
  commands: [create, importing, list, show, fund, allow, freeze, unfreeze],
}
