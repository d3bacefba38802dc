/**
 * Everything that must hold before a commit, in order, with a summary. The same command runs at
 * home, in the hook and in continuous integration.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Step {
  readonly name: string
  readonly commands: readonly (readonly string[])[]
  /** What the output must show besides a clean exit; returns a complaint. */
  readonly ensure?: (output: string) => string | undefined
}

interface Outcome {
  readonly name: string
  readonly seconds: number
  readonly complaint: string | undefined
}

const root = fileURLToPath(new URL('..', import.meta.url))
const generated = ['spec', 'docs/reference', 'docs/machines', 'packages/sdk/src/api.gen.ts']
const npmRun = (name: string): readonly string[] => ['npm', 'run', '--silent', name]

const steps: readonly Step[] = [
  { name: 'lock', commands: [['node', 'scripts/lock-complete.mjs', '--check']] },
  ...['build', 'lint', 'tidy', 'knip'].map((name): Step => ({ name, commands: [npmRun(name)] })),
  { name: 'test', commands: [npmRun('test')], ensure: ensureTests },
  {
    name: 'generated',
    commands: [
      npmRun('generate'),
      ['git', '--no-pager', 'diff', '--exit-code', '--stat', '--', ...generated],
    ],
  },
  {
    name: 'untracked',
    commands: [['git', 'ls-files', '--others', '--exclude-standard', '--', ...generated]],
    ensure: (output) => (output.trim() === '' ? undefined : 'generated files are not tracked'),
  },
]

/** A runner that matched no file exits 0, and so does one whose tests ended the process. */
function ensureTests(output: string): string | undefined {
  const passed = [...output.matchAll(/^(?:ℹ|#) pass (\d+)$/gmu)].at(-1)?.[1]
  return passed === undefined || Number(passed) === 0 ? 'no test was run' : undefined
}

function run(
  command: readonly string[],
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const [program = '', ...args] = command
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => {
      pieces.push(piece)
      process.stdout.write(piece)
    })
    child.stderr.on('data', (piece: Buffer) => process.stderr.write(piece))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => {
      resolve({ ok: code === 0, output: Buffer.concat(pieces).toString('utf8') })
    })
  })
}

async function take(step: Step): Promise<Outcome> {
  const start = performance.now()
  console.log(`\n== ${step.name}`)
  let output = ''
  let failed: string | undefined
  for (const command of step.commands) {
    const result = await run(command)
    output += result.output
    if (result.ok) continue
    failed = `\`${command.join(' ')}\` failed`
    break
  }
  const complaint = failed ?? step.ensure?.(output)
  const seconds = (performance.now() - start) / 1000
  console.log(`-- ${step.name}: ${complaint ?? 'ok'} (${seconds.toFixed(1)} s)`)
  return { name: step.name, seconds, complaint }
}

const outcomes: Outcome[] = []
for (const step of steps) outcomes.push(await take(step))

console.log('\n== summary')
for (const { name, seconds, complaint } of outcomes) {
  const mark = complaint === undefined ? 'ok  ' : 'FAIL'
  console.log(`${mark}  ${name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${complaint ?? ''}`)
}
const failures = outcomes.filter(({ complaint }) => complaint !== undefined).length
console.log(`${outcomes.length} steps, ${failures} failed`)
process.exitCode = failures === 0 ? 0 : 1
