/** Grants: bounded, revocable authority to spend somebody's money. */
import { type Grant as Document, ensureInstant, formatInstant, type Id } from '@surety/protocol'
import type { Grant } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandGroup, CommandHost, CommandSpec, Given } from '../../command.ts'
import { ensureKey, openSession } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { fields, styled, table } from '../../terminal/render.ts'
import {
  BOUND_OPTIONS,
  boundsFields,
  childBounds,
  ensureBounded,
  rootBounds,
} from './grant-bounds.ts'
import { more } from './principal.ts'

const LIFETIME_DEFAULT = '30d'
const TO = {
  flags: '--to <prn>',
  about: 'who may use it',
  required: true,
  check: checks.idOf('prn'),
} as const

const issue: CommandSpec = {
  name: 'issue',
  summary: 'let somebody spend your money, within bounds; signed by you',
  examples: [
    'surety grant issue --to prn_… --per-call 500 --per-day 5000 --payee prn_…',
    'surety grant issue --to prn_… --asset USD/2 --total 10000 --expires-in 7d --max-depth 1',
  ],
  options: [
    TO,
    ...BOUND_OPTIONS,
    { flags: '--unbounded', about: 'without any limit on amounts, and meant so' },
  ],
  connects: 'server',
  run: async (given, host) => {
    ensureBounded(given)
    const session = openSession(given, host)
    ensureKey(session, 'grant')
    const { jws } = session.party.rootGrant({
      granteeId: given.required('to') as Id<'prn'>,
      bounds: rootBounds(given),
      ...lifetime(given, undefined),
    })
    return shown(await session.client.call('postGrants', { body: { grant: jws } }))
  },
}

const delegate: CommandSpec = {
  name: 'delegate <parentHash>',
  summary: 'pass on part of a grant that you hold; never wider, always narrower somewhere',
  examples: ['surety grant delegate 3f9a… --to prn_… --per-call 100 --expires-in 1d'],
  options: [TO, ...BOUND_OPTIONS],
  connects: 'server',
  run: delegateGrant,
}

async function delegateGrant(given: Given, host: CommandHost): Promise<Answer> {
  const params = { grantHash: checks.hash(given.arg(0)) }
  const session = openSession(given, host)
  ensureKey(session, 'grant')
  const found = await session.client.call('getGrantsOne', { params })
  const parent = found.grant as unknown as Document
  const { jws } = session.party.delegate(parent, {
    granteeId: given.required('to') as Id<'prn'>,
    bounds: childBounds(given, parent.bounds),
    ...lifetime(given, parent),
  })
  return shown(await session.client.call('postGrants', { body: { grant: jws } }))
}

/** From now, as long as was asked for; a child by itself lasts no longer than its parent. */
function lifetime(given: Given, parent: Document | undefined) {
  const now = Date.now()
  const asked = given.text('expiresIn')
  const until = formatInstant(ensureInstant(now + checks.durationMs(asked ?? LIFETIME_DEFAULT)))
  const isCapped = parent !== undefined && asked === undefined && until > parent.expiresAt
  const notBefore = formatInstant(ensureInstant(now))
  return { notBefore, expiresAt: isCapped ? parent.expiresAt : until }
}

function shown(found: Grant): Answer {
  const document = found.grant as unknown as Document
  const used = (found.used ?? []).map((each) => [
    each.period,
    each.asset === '*' ? each.reserved : formatMoney(each.reserved, each.asset),
    each.asset === '*' ? each.spent : formatMoney(each.spent, each.asset),
    each.start ?? '',
  ])
  return {
    document: found,
    lines: [
      ...fields([
        ['grant', found.grantHash],
        ['state', found.state],
        ['from', document.grantorId],
        ['to', document.granteeId],
        ['whose money', document.payerId],
        ['depth', document.depth],
        ['valid', `${document.notBefore} to ${document.expiresAt}`],
        ...boundsFields(document.bounds),
      ]),
      ...(used.length === 0
        ? []
        : ['', ...table(['used', 'reserved', 'spent', 'since'], used, '')]),
    ],
  }
}

const list: CommandSpec = {
  name: 'list',
  summary: 'list grants that concern you',
  examples: ['surety grant list'],
  options: [{ flags: '--cursor <cursor>', about: 'where the page before ended' }],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const cursor = given.text('cursor')
    const page = await client.call('getGrants', { query: cursor === undefined ? {} : { cursor } })
    const rows = page.items.map((each) => {
      const { granteeId, depth, expiresAt } = each.grant as unknown as Document
      return [each.grantHash, each.state, String(depth), granteeId, expiresAt]
    })
    const header = ['grant', 'state', 'depth', 'to', 'until']
    return { document: page, lines: [...table(header, rows, 'there are none'), ...more(page)] }
  },
}

const show: CommandSpec = {
  name: 'show <hash>',
  summary: 'show a grant, and how much of it is used',
  examples: ['surety grant show 3f9a…'],
  connects: 'server',
  run: async (given, host) => {
    const params = { grantHash: checks.hash(given.arg(0)) }
    const { client } = openSession(given, host)
    return shown(await client.call('getGrantsOne', { params }))
  },
}

const revoke: CommandSpec = {
  name: 'revoke <hash>',
  summary: 'end a grant and all below it, for good, from the next decision on',
  examples: ['surety grant revoke 3f9a… --reason "no longer needed"'],
  options: [{ flags: '--reason <text>', about: 'why', required: true }],
  connects: 'server',
  run: async (given, host) => {
    const params = { grantHash: checks.hash(given.arg(0)) }
    const { client } = openSession(given, host)
    const body = { reason: given.required('reason') }
    const { document, lines } = shown(await client.call('postGrantsRevoke', { params, body }))
    return { document, lines: [`${styled('green', '✓')} revoked, and all below it`, '', ...lines] }
  },
}

export const grant: CommandGroup = {
  name: 'grant',
  summary: 'bounded authority to spend',
  commands: [issue, delegate, list, show, revoke],
}
