import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Block, blocksIn, blocksOf, pages, ROOT, whereIs } from './blocks.ts'

const MARKS = ['', 'background', 'stopped', 'ci', 'town']
/** Run elsewhere: by continuous integration, or by purchases.test.ts. */
const ELSEWHERE = ['ci', 'town']
const SECONDS_MAX = 60

/** What a page promises that its reader will see. */
const SEEN: Readonly<Record<string, readonly RegExp[]>> = {
  'docs/start.md': [
    /deny \(default_deny\)[\s\S]*exit code 1/,
    /allow \(allowed\)/,
    /executing/,
    /2\.50 USD released/,
    /deny \(grant_per_call_exceeded\)[\s\S]*exit code 1[\s\S]*\[authorization_consumed\]/,
    /✓ verified[\s\S]*✗ not verified[\s\S]*exit code 1[\s\S]*✓ everything agrees/,
  ],
  'docs/guides/verify-a-bundle.md': [
    /✓ verified[\s\S]*\n0\n[\s\S]*✗ not verified[\s\S]*exit code 1/,
  ],
  'docs/guides/stop-and-recover.md': [
    /stopping works here[\s\S]*is signed by you[\s\S]*kill_switch on all:everything[\s\S]*lifted[\s\S]*nothing is stopped[\s\S]*✓ everything agrees/,
  ],
  'docs/guides/operate.md': [/suspended[\s\S]*✓ everything agrees[\s\S]*✓ everything agrees/],
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number }
      server.close(() => resolve(port))
    })
  })
}

const stepsOf = (page: string): readonly Block[] =>
  blocksOf(page).filter(({ language, mark }) => language === 'sh' && !ELSEWHERE.includes(mark))

/** The blocks of a page as one script. */
function scriptOf(page: string): string {
  return stepsOf(page)
    .map((block) => `printf '%s\\n' '--- ${whereIs(block)}'\n${stepOf(block)}\n`)
    .join('')
}

const HEALTH = 'curl -sf -o /dev/null http://127.0.0.1:8402/healthz'

function stepOf({ mark, text }: Block): string {
  if (mark === 'stopped') return `stop\n${text}`
  if (mark !== 'background') return text
  return `{ ${text}\n} & servers=$!\nuntil ${HEALTH}; do kill -0 $servers; sleep 0.05; done`
}

interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs a script as a reader would, in an empty directory of its own, on a port of its own. */
async function runShell(script: string): Promise<Ran> {
  const home = mkdtempSync(join(tmpdir(), 'surety-docs-'))
  const port = String(await freePort())
  const bin = join(ROOT, 'node_modules', '.bin')
  const env = {
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    HOME: home,
    NO_COLOR: '1',
    SURETY_PORT: port,
    SURETY_URL: `http://127.0.0.1:${port}`,
    SURETY_LOG_LEVEL: 'silent',
  }
  // npx would look for the package where the reader is not: here the command is on the path.
  const prelude = [
    'set -meuo pipefail',
    'npx() { "$@"; }',
    'servers=',
    'stop() { [ -z "$servers" ] || { kill -- "-$servers"; wait "$servers" || true; servers=; }; }',
    'trap stop EXIT',
  ].join('\n')
  const text = `${prelude}\n${script.replaceAll('8402', port)}`
  try {
    return await new Promise<Ran>((resolve) => {
      const child = spawn('bash', ['-c', text], { cwd: home, env, detached: true })
      const pieces: Buffer[] = []
      const give = setTimeout(() => process.kill(-Number(child.pid)), SECONDS_MAX * 1_000)
      child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
      child.stderr.on('data', (piece: Buffer) => pieces.push(piece))
      child.on('close', (code) => {
        clearTimeout(give)
        resolve({ code, output: Buffer.concat(pieces).toString('utf8') })
      })
    })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

test('every sh block says what becomes of it', (t) => {
  const blocks = blocksIn('sh')
  for (const block of blocks)
    assert.ok(MARKS.includes(block.mark), `${whereIs(block)}: ${block.mark}`)
  t.diagnostic(`${String(blocks.length)} sh blocks on ${String(pages.length)} pages`)
})

test('what a page says that continuous integration runs, it runs', (t) => {
  const ci = readFileSync(join(ROOT, '.ci', 'run'), 'utf8')
  const checks = readFileSync(join(ROOT, 'tools', 'check.ts'), 'utf8')
  assert.match(ci, /^npm run check$/m)
  assert.match(checks, /npmRun\('test'\)/)
  const isRun = (command: string): boolean =>
    command === 'npm test' || new RegExp(`^${command}(?: |$)`, 'm').test(ci)
  const blocks = blocksIn('sh').filter(({ mark }) => mark === 'ci')
  const commands = blocks.flatMap(({ text }) => text.split(/\n|&&/).map((each) => each.trim()))
  for (const command of commands) assert.ok(isRun(command), command)
  assert.ok(commands.length > 0)
  t.diagnostic(`${String(commands.length)} commands in ${String(blocks.length)} blocks`)
})

for (const page of pages) {
  const steps = stepsOf(page)
  if (steps.length === 0) continue
  test(`the commands of ${page} work in the order they stand`, async (t) => {
    const { code, output } = await runShell(scriptOf(page))
    assert.equal(code, 0, output.slice(-4_000))
    for (const seen of SEEN[page] ?? []) assert.match(output, seen)
    for (const step of steps) assert.ok(output.includes(`--- ${whereIs(step)}`), whereIs(step))
    t.diagnostic(`${String(steps.length)} blocks were executed`)
  })
}
