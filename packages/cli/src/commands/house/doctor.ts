/**
 * Checks this machine, a data directory and a server; each finding with what helps.
 *
 * @module
 */
import type { CommandHost, CommandSpec, Given } from '../../command.ts'
import { checkDirectory } from '../../doctor/directory.ts'
import type { Finding } from '../../doctor/finding.ts'
import { checkServer } from '../../doctor/server.ts'
import { EXIT } from '../../exit.ts'
import { plain, styled } from '../../terminal/render.ts'

const NODE_MAJOR = 24

export const doctor: CommandSpec = {
  name: 'doctor',
  summary: 'check this machine, a data directory and a server',
  examples: ['surety doctor --data ./data', 'surety doctor --url http://127.0.0.1:8402'],
  options: [{ flags: '--data <directory>', about: 'what `surety init` made' }],
  connects: 'server',
  run: async (given, host) => {
    const checks = await examine(given, host)
    const ok = checks.every(({ result }) => result !== 'fail')
    const lines = checks.flatMap(({ check, result, found, remedy }) => [
      `${MARKS[result]()} ${check.replaceAll('_', ' ')}: ${plain(found)}`,
      ...(remedy === undefined ? [] : [`    → ${plain(remedy)}`]),
    ])
    return { document: { ok, checks }, lines, exit: ok ? EXIT.done : EXIT.no }
  },
}

const MARKS: Readonly<Record<Finding['result'], () => string>> = {
  ok: () => styled('green', '✓'),
  warn: () => styled('yellow', '!'),
  fail: () => styled('red', '✗'),
}

async function examine(given: Given, host: CommandHost): Promise<readonly Finding[]> {
  const data = given.text('data')
  return [
    checkNode(),
    ...(data === undefined ? [] : await checkDirectory(data)),
    ...(await checkServer(given, host)),
  ]
}

function checkNode(): Finding {
  const { node } = process.versions
  if (Number.parseInt(node, 10) >= NODE_MAJOR) {
    return { check: 'node_version', result: 'ok', found: node }
  }
  const remedy = `install Node ${String(NODE_MAJOR)}`
  return { check: 'node_version', result: 'fail', found: node, remedy }
}
