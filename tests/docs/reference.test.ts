import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHAIN_ASSETS, NETWORKS, PROBLEMS, REASON_CODES } from '@surety/protocol'
import { DEFAULTS, readConfig, SCOPES, scopesOpenTo } from '@surety/server'
import type { CommandSpec } from '../../packages/cli/src/command.ts'
import { EXIT_MEANINGS } from '../../packages/cli/src/exit.ts'
import { MODULES } from '../../packages/cli/src/modules.ts'
import { METRICS } from '../../packages/server/src/notify/prometheus/metrics.ts'
import { pages, readPage } from './blocks.ts'

/** The rows of the tables of a page, as cells. */
function rowsOf(page: string): readonly (readonly string[])[] {
  const lines = readPage(page).split('\n')
  return lines
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
}

function rowNamed(page: string, name: string): readonly string[] {
  const row = rowsOf(page).find(([first]) => first === `\`${name}\``)
  assert.ok(row !== undefined, `${page} has no row for ${name}`)
  return row
}

test('the command line page lists every command with its summary, and no other', async () => {
  const expected: (readonly [string, string])[] = []
  const add = (prefix: string, { name, summary }: CommandSpec) =>
    expected.push([`\`${prefix}${name}\``, summary])
  for (const { load } of MODULES) {
    const module = await load()
    if ('commands' in module) {
      for (const command of module.commands) add(`${module.name} `, command)
      for (const { name, commands } of module.groups ?? []) {
        for (const command of commands) add(`${module.name} ${name} `, command)
      }
    } else add('', module)
  }
  const table = readPage('docs/reference/cli.md').split('## Commands')[1]?.split('## ')[0] ?? ''
  const rows = [...table.matchAll(/^\| (`[^`]+`) \| (.+) \|$/gm)].map(([, a = '', b = '']) => [
    a,
    b,
  ])
  assert.deepEqual(rows, expected)
})

test('the command line page gives every exit code its meaning', () => {
  for (const [code, meaning] of Object.entries(EXIT_MEANINGS)) {
    const row = rowsOf('docs/reference/cli.md').find(([first]) => first === code)
    assert.deepEqual(row, [code, meaning])
  }
})

test('the pages of networks and assets list what the registry holds, and nothing else', () => {
  const registry = [...CHAIN_ASSETS.values()].map(({ id, network }) => {
    const { name, environment, confirmations } = NETWORKS.get(network) ?? { name: '' }
    return [network, name, environment ?? '', String(confirmations), id]
  })
  const listed = (page: string) =>
    rowsOf(page)
      .filter(([first]) => first?.startsWith('`eip155:') === true)
      .map((row) => row.map((cell) => cell.replaceAll('`', '')))
  assert.deepEqual(listed('docs/reference/networks-and-assets.md'), registry)
  const inSpec = listed('spec/x402.md').map(([network, ...rest]) => [
    network,
    ...rest.slice(0, 3),
    `${network ?? ''}/${rest[3] ?? ''}`,
  ])
  assert.deepEqual(inSpec, registry)
})

test('the node of a chain is given by network, and only for a listed one', () => {
  const read = (text: string) => readConfig({ dataDirectory: '.' }, { SURETY_CHAIN_RPC: text })
  assert.equal(rowNamed('docs/reference/configuration.md', 'SURETY_CHAIN_RPC')[1], 'none')
  assert.deepEqual(readConfig({ dataDirectory: '.' }, {}).chainNodes, {})
  const local = 'eip155:84532=http://127.0.0.1:8545'
  const secret = 'eip155:8453=https://node.example/v2/a,b?key=secret'
  for (const between of [',', ' ', ', ', '\n']) {
    assert.deepEqual(read(`${local}${between}${secret}`).chainNodes, {
      'eip155:84532': 'http://127.0.0.1:8545/',
      'eip155:8453': 'https://node.example/v2/a,b?key=secret',
    })
  }
  const wrong = [
    'eip155:31337=http://127.0.0.1',
    'http://127.0.0.1',
    'eip155:84532=',
    'eip155:8453=x',
  ]
  for (const text of [...wrong, 'eip155:8453=ftp://node.example/secret']) {
    assert.throws(
      () => read(text),
      (error) => error instanceof Error && !error.message.includes('secret'),
      text,
    )
  }
})

test('the configuration page gives every setting with its default and its range', () => {
  const page = 'docs/reference/configuration.md'
  const variables = {
    SURETY_HOST: 'host',
    SURETY_PORT: 'port',
    SURETY_LOG_LEVEL: 'logLevel',
    SURETY_REQUESTS_MAX: 'requestsMax',
    SURETY_WAITING_MAX: 'waitingMax',
    SURETY_BODY_BYTES_MAX: 'bodyBytesMax',
    SURETY_TICK_EVERY_MS: 'tickEveryMs',
  } as const
  assert.deepEqual(Object.values(variables).sort(), Object.keys(DEFAULTS).sort())
  const dataDirectory = '.'
  for (const [variable, member] of Object.entries(variables)) {
    const [, fallback = '', from = '', to = ''] = rowNamed(page, variable)
    assert.equal(fallback, `\`${String(DEFAULTS[member])}\``)
    if (from === '') continue
    for (const edge of [from, to]) {
      assert.equal(readConfig({ dataDirectory }, { [variable]: edge })[member], Number(edge))
    }
    for (const beyond of [Number(from) - 1, Number(to) + 1]) {
      assert.throws(() => readConfig({ dataDirectory }, { [variable]: String(beyond) }), variable)
    }
  }
})

test('the HTTP page lists every scope, and which of them software may hold', () => {
  for (const scope of Object.keys(SCOPES) as (keyof typeof SCOPES)[]) {
    const [, , open] = rowNamed('docs/reference/http.md', scope)
    assert.equal(open, scopesOpenTo('agent').includes(scope) ? '✓' : '', scope)
  }
})

test('the metrics page lists every metric with its kind, labels and meaning, and no other', () => {
  const page = 'docs/reference/metrics.md'
  const found = rowsOf(page).filter(([first]) => first?.startsWith('`surety_'))
  const expected = Object.entries(METRICS).map(([name, { kind, labels, help }]) => [
    `\`${name}\``,
    kind,
    labels.map((label) => `\`${label}\``).join(' '),
    help,
  ])
  assert.deepEqual(found, expected)
})

/** Steps of the demo are spelled like codes. */
const WORDS = { grant_attenuated: true, profile_applied: true }

test('what looks like a code on a page is one', () => {
  const looksLike =
    /`((?:binding|commit|idempotency|authorization|evidence|grant|gate|profile)_[a-z_]+)`/g
  let examined = 0
  for (const page of pages.filter((each) => !each.startsWith('docs/adr/'))) {
    for (const [, code = ''] of readPage(page).matchAll(looksLike)) {
      const isKnown = [PROBLEMS, REASON_CODES, WORDS].some((known) => Object.hasOwn(known, code))
      assert.ok(isKnown, `${page}: ${code}`)
      examined += 1
    }
  }
  assert.ok(examined > 0)
})
