/**
 * Verifies a bundle offline, with keys given from outside. Loads what proves, and nothing above it.
 *
 * @module
 */
import { lstatSync } from 'node:fs'
import { bundle } from '@surety/domain'
import type { Jwks, VerificationReport } from '@surety/protocol'
import type { Answer, CommandSpec } from '../../command.ts'
import { EXIT, usageError } from '../../exit.ts'
import { isWithin, readBundle } from '../../local/bundle-directory.ts'
import { readJwks } from '../../local/trusted-keys.ts'
import { plain, styled } from '../../terminal/render.ts'

export const verify: CommandSpec = {
  name: 'verify <path>',
  summary: 'verify a bundle, or an audit export, offline',
  examples: [
    'surety verify decisions.jsonl --keys jwks.json',
    'surety verify ./bundle --keys jwks.json',
    'surety verify ./bundle --keys jwks.json --json',
  ],
  options: [
    {
      flags: '--keys <file>',
      about: "Surety's public keys, got from where you trust, never from the bundle",
      required: true,
    },
  ],
  run: async (given) => {
    const path = given.arg(0)
    const keysFile = given.required('keys')
    if (lstatSync(path).isDirectory() && isWithin(keysFile, path)) {
      throw usageError(
        'the keys lie in the bundle that they are to verify',
        'get them from the house itself: `surety keys jwks --out jwks.json`',
      )
    }
    const trusted = readJwks(keysFile)
    if (lstatSync(path).isFile()) return auditAnswer(path, trusted)
    const files = readBundle(path)
    const { nodeCrypto } = await import('@surety/server/node-crypto')
    const report = bundle.verify(files, trusted, nodeCrypto)
    return {
      document: report,
      lines: reportLines(report),
      exit: report.ok ? EXIT.done : EXIT.no,
    }
  },
}

/** An export of what people decided: every byte as stated, every act the one it names. */
async function auditAnswer(path: string, trusted: Jwks): Promise<Answer> {
  const { nodeCrypto } = await import('@surety/server/node-crypto')
  const { verifyAudit } = await import('../../local/audit-file.ts')
  const report = await verifyAudit(path, trusted, nodeCrypto)
  const verdict = report.ok
    ? styled(['green', 'bold'], '✓ verified')
    : styled(['red', 'bold'], '✗ not verified')
  const problems = report.problems.map((problem) => `  ${styled('red', '✗')} ${plain(problem)}`)
  const lines = [`${verdict}  ${path}  (${String(report.rows)} rows)`, ...problems]
  return { document: report, lines, exit: report.ok ? EXIT.done : EXIT.no }
}

function reportLines(report: VerificationReport): readonly string[] {
  const { passed, failed, notEstablished } = report.summary
  const of = (result: VerificationReport['checks'][number]['result']) =>
    report.checks.filter((check) => check.result === result)
  const verdict = report.ok
    ? styled(['green', 'bold'], '✓ verified')
    : styled(['red', 'bold'], '✗ not verified')
  const counts = `${String(passed)} passed, ${String(failed)} failed, ${String(notEstablished)} not established`
  const group = (title: string, mark: string, checks: VerificationReport['checks']) =>
    checks.length === 0
      ? []
      : [
          '',
          title,
          ...checks.map(({ check, file, reason }) => {
            const where = file === undefined || file === '' ? '' : ` ${plain(file)}`
            const why = reason === undefined ? '' : `: ${plain(reason)}`
            return `  ${mark} ${words(check)}${where}${why}`
          }),
        ]
  return [
    `${verdict}  ${report.gateId ?? 'no gate'}  (${counts})`,
    ...group('failed', styled('red', '✗'), of('failed')),
    ...group('passed', styled('green', '✓'), of('passed')),
    ...group('not established', styled('yellow', '·'), of('not_established')),
  ]
}

function words(check: string): string {
  return check.replaceAll('_', ' ')
}
