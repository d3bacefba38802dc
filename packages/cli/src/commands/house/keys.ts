/** API keys, and the public keys of Surety. */
import { existsSync } from 'node:fs'
import { Jwks, parseAs, type SystemPurpose } from '@surety/protocol'
import type { ApiKey } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandGroup, CommandSpec } from '../../command.ts'
import { localError } from '../../exit.ts'
import { ensureData } from '../../local/data-directory.ts'
import { readJson, writeOver } from '../../local/files.ts'
import { openClient, openSession } from '../../session.ts'
import { fields, styled, table } from '../../terminal/render.ts'
import { more } from '../authority/principal.ts'

const SYSTEM_PURPOSES = [
  'decision',
  'authorization',
  'settlement',
  'passport',
  'bundle',
  'control',
] as const

const list: CommandSpec = {
  name: 'list',
  summary: 'list API keys, without their secrets',
  examples: ['surety keys list'],
  options: [{ flags: '--cursor <cursor>', about: 'where the page before ended' }],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const cursor = given.text('cursor')
    const page = await client.call('getApiKeys', { query: cursor === undefined ? {} : { cursor } })
    const rows = page.items.map((key) => [
      key.keyId,
      key.name,
      key.principalId,
      key.revokedAt === null ? 'active' : 'revoked',
      key.scopes.join(' '),
    ])
    const header = ['key', 'name', 'principal', 'state', 'scopes']
    return { document: page, lines: [...table(header, rows, 'there are none'), ...more(page)] }
  },
}

function withSecret(key: ApiKey, done: string): Answer {
  return {
    document: key,
    lines: [
      `${styled('green', '✓')} ${done}`,
      ...fields([
        ['  key', key.keyId],
        ['  principal', key.principalId],
        ['  scopes', key.scopes.join(', ')],
        ['  API key', key.secret === undefined ? undefined : `${key.secret} (shown this once)`],
      ]),
    ],
  }
}

const create: CommandSpec = {
  name: 'create',
  summary: 'create an API key for a principal; it is shown once',
  examples: ['surety keys create --principal prn_… --scope read --scope gates:execute'],
  options: [
    {
      flags: '--principal <prn>',
      about: 'whose key it is',
      required: true,
      check: checks.idOf('prn'),
    },
    { flags: '--scope <scope>', about: 'what it may do', many: true, required: true },
    { flags: '--name <name>', about: 'to tell it from others', fallback: 'key' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const body = {
      principalId: given.required('principal'),
      name: given.required('name'),
      scopes: given.list('scope') as never,
    }
    return withSecret(await client.call('postApiKeys', { body }), 'the API key is made')
  },
}

const rotate: CommandSpec = {
  name: 'rotate <keyId>',
  summary: 'give an API key a new secret, shown once; the old one ends at once',
  examples: ['surety keys rotate key_…'],
  connects: 'server',
  run: async (given, host) => {
    const keyId = checks.idOf('key')(given.arg(0))
    const { client } = openSession(given, host)
    const key = await client.call('postApiKeysRotate', { params: { keyId } })
    return withSecret(key, 'the old secret has ended; put the new one into the credentials')
  },
}

const revoke: CommandSpec = {
  name: 'revoke <keyId>',
  summary: 'end an API key for good; the next request with it is refused',
  examples: ['surety keys revoke key_…'],
  connects: 'server',
  run: async (given, host) => {
    const keyId = checks.idOf('key')(given.arg(0))
    const { client } = openSession(given, host)
    const key = await client.call('postApiKeysRevoke', { params: { keyId } })
    return withSecret(key, 'the API key has ended')
  },
}

const jwks: CommandSpec = {
  name: 'jwks',
  summary: "get Surety's public keys, to trust when verifying",
  examples: ['surety keys jwks --out jwks.json', 'surety keys jwks --url http://127.0.0.1:8402'],
  options: [{ flags: '--out <file>', about: 'write them there' }],
  connects: 'server',
  run: async (given, host) => {
    const found = await openClient(given, host).call('getWellKnownJwksJson')
    const out = given.text('out')
    const text = JSON.stringify(found, null, 2)
    if (out === undefined) return { document: found, lines: [text] }
    ensureKeySet(out)
    writeOver(out, `${text}\n`)
    const lines = [`${styled('green', '✓')} ${String(found.keys.length)} public keys in ${out}`]
    return { document: { ...found, file: out }, lines }
  },
}

/** What stands where key sets are renewed: an earlier one, or nothing. */
function ensureKeySet(path: string): void {
  if (!existsSync(path) || isKeySet(path)) return
  throw localError(
    'file_exists',
    `\`${path}\` exists and is no set of public keys`,
    'choose another path, or remove it first',
  )
}

function isKeySet(path: string): boolean {
  try {
    return parseAs(Jwks, readJson(path)).ok
  } catch {
    return false
  }
}

const rotateSystem: CommandSpec = {
  name: 'rotate-system <purpose>',
  summary: "retire one of Surety's signing keys and make the next; not while it is served",
  examples: ['surety keys rotate-system settlement --data ./data'],
  options: [{ flags: '--data <directory>', about: 'what `surety init` made', required: true }],
  run: async (given) => {
    const purpose = checks.oneOf(SYSTEM_PURPOSES)(given.arg(0)) as SystemPurpose
    const data = ensureData(given.required('data'))
    const { rotateSystemKey } = await import('@surety/server')
    const next = rotateSystemKey(data, purpose)
    return {
      document: next,
      lines: [
        `${styled('green', '✓')} the next ${purpose} key is ${next.kid}`,
        '  what the old one signed stays valid; give verifiers the new key set',
      ],
    }
  },
}

export const keys: CommandGroup = {
  name: 'keys',
  summary: 'API keys, and the public keys of Surety',
  commands: [list, create, rotate, revoke, jwks, rotateSystem],
}
