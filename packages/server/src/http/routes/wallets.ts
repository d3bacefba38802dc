/** Wallets: made, imported, funded, frozen, read. No answer holds a key. */
import { Type } from '@sinclair/typebox'
import { AmountText, AssetText, closed, type Id, idOf, TransactionText } from '@surety/protocol'
import { run } from '../../app/runtime.ts'
import { allow } from '../../app/x402/wallet/allowance.ts'
import { fundWallet } from '../../app/x402/wallet/inbound.ts'
import { listWallets, readWallet } from '../../app/x402/wallet/read.ts'
import { changeWallet, createWallet, importWallet } from '../../app/x402/wallet/wallets.ts'
import { paged, pageQuery } from '../paging.ts'
import { plain, type Route, route, signed } from '../route.ts'
import { AllowanceView, InboundView, pageOf, WalletView } from '../views.ts'

const params = closed({ walletId: idOf('wlt') })
const owner = {
  ownerId: idOf('prn', 'whose money it will hold'),
  name: Type.String({ minLength: 1, maxLength: 120 }),
}
const Reason = closed({ reason: Type.String({ minLength: 1, maxLength: 280 }) })

const creating = route({
  method: 'POST',
  path: '/v1/wallets',
  summary: 'Make a wallet for a principal; its key is made here and never leaves',
  scope: 'wallets:write',
  params: null,
  query: null,
  body: closed(owner),
  status: 201,
  answer: WalletView,
  problems: ['principal_not_found', 'wallet_already_exists', 'chain_unavailable'],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, createWallet(app, caller.scope, body, idempotency))),
})

const importing = route({
  method: 'POST',
  path: '/v1/wallets/import',
  summary: 'Make a wallet for a principal of a key that exists',
  scope: 'wallets:write',
  params: null,
  query: null,
  body: closed({
    ...owner,
    privateKey: Type.String({
      pattern: '^(?:0x)?[0-9a-fA-F]{64}$',
      description: 'goes into the keystore, and into no event, log or answer',
    }),
  }),
  status: 201,
  answer: WalletView,
  problems: [
    'principal_not_found',
    'wallet_already_exists',
    'wallet_key_invalid',
    'chain_unavailable',
  ],
  handle: async ({ app, caller, body, idempotency }) =>
    signed(await run(app, caller, importWallet(app, caller.scope, body, idempotency))),
})

const listing = route({
  method: 'GET',
  path: '/v1/wallets',
  summary: 'List wallets',
  scope: 'read',
  params: null,
  query: closed(pageQuery),
  body: null,
  status: 200,
  answer: pageOf(WalletView),
  problems: ['cursor_invalid'],
  handle: async ({ app, caller, query }) =>
    paged(query, true, (page) => listWallets(app, caller, page)),
})

const reading = route({
  method: 'GET',
  path: '/v1/wallets/{walletId}',
  summary: 'Read a wallet, with what the books and its chain say it holds',
  scope: 'read',
  params,
  query: null,
  body: null,
  status: 200,
  answer: WalletView,
  problems: ['wallet_not_found', 'chain_unavailable'],
  handle: async ({ app, caller, params: { walletId } }) =>
    plain(await readWallet(app, caller, walletId)),
})

const funding = route({
  method: 'POST',
  path: '/v1/wallets/{walletId}/fund',
  summary: 'Say that a final transfer into a wallet is money of its owner',
  description:
    'What comes in unasked lies in suspense. With `refundOf` the transfer gives back the payment of that gate.',
  scope: 'wallets:write',
  params,
  query: null,
  body: closed({ transaction: TransactionText, refundOf: Type.Optional(idOf('gat')) }),
  status: 201,
  answer: InboundView,
  problems: [
    'wallet_not_found',
    'inbound_not_found',
    'inbound_already_booked',
    'chain_unavailable',
  ],
  handle: async ({ app, caller, params: { walletId }, body, idempotency }) => {
    const agent = { ...caller, principalId: caller.principalId as Id<'prn'> }
    const { transaction, refundOf: gateId } = body
    const call = fundWallet(app, agent, { walletId, transaction, gateId }, idempotency)
    return signed(await run(app, caller, call))
  },
})

const allowing = route({
  method: 'POST',
  path: '/v1/wallets/{walletId}/allowance',
  summary: 'Let Permit2 spend so much of a wallet’s asset, by credentials for `upto`',
  description:
    'Sends a transaction of the wallet, which pays for it, unless the chain has that allowance already. It takes the place of an order that is in no block yet. 0 ends it.',
  scope: 'wallets:write',
  params,
  query: null,
  body: closed({ asset: AssetText, amount: AmountText }),
  status: 201,
  answer: AllowanceView,
  problems: [
    'wallet_not_found',
    'wallet_gas_missing',
    'wallet_allowance_superseded',
    'commit_wallet_frozen',
    'network_not_configured',
    'chain_unavailable',
    'wallet_key_missing',
    'wallet_key_unreadable',
  ],
  handle: async ({ app, caller, params: { walletId }, body, idempotency }) => {
    const operator = { ...caller, principalId: caller.principalId as Id<'prn'> }
    return signed(await allow(app, operator, { walletId, ...body }, idempotency))
  },
})

const changing = (to: 'freeze' | 'unfreeze', summary: string): Route =>
  route({
    method: 'POST',
    path: `/v1/wallets/{walletId}/${to}`,
    summary,
    scope: 'wallets:write',
    params,
    query: null,
    body: Reason,
    status: 201,
    answer: WalletView,
    problems: ['wallet_not_found', 'wallet_transition_illegal'],
    handle: async ({ app, caller, params: { walletId }, body, idempotency }) =>
      signed(await run(app, caller, changeWallet(walletId, to, body.reason, idempotency))),
  })

export const walletRoutes: readonly Route[] = [
  creating,
  importing,
  listing,
  reading,
  funding,
  allowing,
  changing('freeze', 'Freeze a wallet: nothing new is decided to be paid from it'),
  changing('unfreeze', 'Let a frozen wallet pay again'),
]
