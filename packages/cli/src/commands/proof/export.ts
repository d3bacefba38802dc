/** Writes the bundle that proves a gate, or what people decided. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fromBase64url } from '@surety/protocol'
import * as checks from '../../checks.ts'
import type { Answer, CommandHost, CommandSpec, Given } from '../../command.ts'
import { writeBundle } from '../../local/bundle-directory.ts'
import { targetFault } from '../../local/files.ts'
import { openSession, streamingClient } from '../../session.ts'
import { styled } from '../../terminal/render.ts'

export const exportCommand: CommandSpec = {
  name: 'export <what>',
  summary: 'write the bundle that proves a gate, or `audit`: what people decided',
  examples: [
    'surety export gat_… --out ./bundle',
    'surety export audit --out decisions.jsonl',
    'surety export audit --out decisions.csv --format csv --since 2026-11-01T00:00:00.000Z',
  ],
  options: [
    {
      flags: '--out <path>',
      about: 'a new or empty directory; of an audit, a new file',
      required: true,
    },
    {
      flags: '--format <format>',
      about: 'of an audit',
      choices: ['jsonl', 'csv'],
      fallback: 'jsonl',
    },
    { flags: '--since <instant>', about: 'of an audit: from this moment on' },
    { flags: '--until <instant>', about: 'of an audit: up to this moment' },
  ],
  connects: 'server',
  run: async (given, host) => {
    if (given.arg(0) === 'audit') return exportAudit(given, host)
    const gateId = checks.idOf('gat')(given.arg(0))
    const { client } = openSession(given, host)
    const out = given.required('out')
    const exported = await client.call('getGatesBundle', { params: { gateId } })
    const files = new Map(
      exported.files.map(({ path, content }) => [path, fromBase64url(content) as Uint8Array]),
    )
    writeBundle(out, files)
    const paths = [...files.keys()]
    return {
      document: { gateId, directory: out, files: paths },
      lines: [
        `${styled('green', '✓')} ${String(paths.length)} files in ${out}`,
        '',
        'Next:',
        '  surety keys jwks --out jwks.json',
        `  surety verify ${out} --keys jwks.json`,
      ],
    }
  },
}

/** Streamed to the disk as it comes: its length is that of the journal. */
async function exportAudit(given: Given, host: CommandHost): Promise<Answer> {
  const { url, credentials } = openSession(given, host)
  const out = given.required('out')
  const query = {
    format: given.required('format'),
    since: given.text('since'),
    until: given.text('until'),
  }
  const client = streamingClient(url, credentials.apiKey)
  const told = client.stream('getAuditActions', { query })
  try {
    await pipeline(Readable.from(told), createWriteStream(out, { flags: 'wx', mode: 0o600 }))
  } catch (fault) {
    throw targetFault(out, fault)
  }
  return {
    document: { file: out, ...query },
    lines: [
      `${styled('green', '✓')} ${out}`,
      '',
      'Next:',
      '  surety keys jwks --out jwks.json',
      `  surety verify ${out} --keys jwks.json`,
    ],
  }
}
