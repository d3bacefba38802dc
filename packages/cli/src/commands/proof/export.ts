/** Writes the bundle that proves a gate, as a directory. */
import { fromBase64url } from '@surety/protocol'
import * as checks from '../../checks.ts'
import type { CommandSpec } from '../../command.ts'
import { writeBundle } from '../../local/bundle-directory.ts'
import { openSession } from '../../session.ts'
import { styled } from '../../terminal/render.ts'

export const exportCommand: CommandSpec = {
  name: 'export <gateId>',
  summary: 'write the bundle that proves a gate',
  examples: ['surety export gat_… --out ./bundle'],
  options: [{ flags: '--out <directory>', about: 'new, or empty', required: true }],
  connects: 'server',
  run: async (given, host) => {
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
