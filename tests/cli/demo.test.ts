import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { STEP_IDS } from '../../packages/cli/src/demo/step.ts'
import { type Ended, type Scratch, scratch, start } from './support.ts'

interface Summary {
  readonly schemaVersion: string
  readonly ok: boolean
  readonly durationMs: number
  readonly steps: readonly {
    readonly id: string
    readonly ok: boolean
    readonly outcome: string
    readonly reasonCode?: string
    readonly gateId?: string
    readonly durationMs: number
  }[]
  readonly balances: {
    readonly opening: Readonly<Record<string, string>>
    readonly closing: Readonly<Record<string, string>>
    readonly conserved: boolean
  }
}

let place: Scratch
let ended: Ended
let summary: Summary
before(async () => {
  place = scratch()
  ended = await place.surety('demo', '--out', 'out')
  summary = JSON.parse(readFileSync(place.path('out/summary.json'), 'utf8')) as Summary
})
after(() => place.remove())

test('every step comes out as it must, in the order of its contract', () => {
  assert.equal(ended.code, 0, ended.out + ended.err)
  assert.equal(summary.schemaVersion, 'DemoSummary.v1')
  assert.deepEqual(
    summary.steps.map(({ id, ok }) => [id, ok]),
    STEP_IDS.map((id) => [id, true]),
  )
  assert.equal(summary.ok, true)
  assert.ok(summary.durationMs < 60_000)
  const members = ['amount', 'asset', 'decisionId', 'durationMs', 'gateId', 'id', 'ok', 'outcome']
  for (const step of summary.steps) {
    const unknown = Object.keys(step).filter((name) => ![...members, 'reasonCode'].includes(name))
    assert.deepEqual(unknown, [])
  }
})

test('no money is made or lost', () => {
  const { opening, closing, conserved } = summary.balances
  const total = (balances: Readonly<Record<string, string>>) =>
    Object.values(balances).reduce((sum, amount) => sum + BigInt(amount), 0n)
  assert.equal(conserved, true)
  assert.equal(total(opening), total(closing))
  assert.deepEqual(closing, { payer: '7200', provider: '2800', held: '0' })
})

test('each settled gate leaves a bundle that verifies with the keys beside it', async () => {
  const gateIds = readdirSync(place.path('out/bundles'))
  assert.equal(gateIds.length, 12)
  for (const gateId of gateIds) {
    const bundle = join('out', 'bundles', gateId)
    const receipts = readdirSync(place.path(join(bundle, 'receipts')))
    assert.ok(receipts.length >= 2)
    const verified = await place.surety('verify', bundle, '--keys', 'out/jwks.json')
    assert.equal(verified.code, 0, verified.out)
  }
  for (const { gateId, outcome } of summary.steps) {
    if (outcome === 'released' || outcome === 'refunded') assert.ok(gateIds.includes(gateId ?? ''))
  }
})

test('the story fits a page, names nobody by id, and tells every refusal', () => {
  const lines = ended.out.split('\n')
  assert.ok(lines.length < 130, `${String(lines.length)} lines`)
  const story = lines.filter((line) => !line.includes('surety verify'))
  assert.equal(/[a-z]{3}_[0-9a-z]{26}|[0-9a-f]{64}/.test(story.join('\n')), false)
  for (const id of STEP_IDS) assert.ok(ended.out.includes(id))
})

test('--json prints the summary alone', async () => {
  const json = await place.surety('demo', '--json')
  assert.equal(json.code, 0)
  assert.equal((JSON.parse(json.out) as Summary).ok, true)
})

test('an interrupted demo leaves no folder and no process behind', async () => {
  const temporary = place.path('temporary')
  mkdirSync(temporary)
  const demo = start(['demo'], { cwd: place.directory, env: { TMPDIR: temporary } })
  const told = new Promise<string>((resolve) => {
    let text = ''
    demo.child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      const pid = /process of its own \((\d+)\)/.exec(text)?.[1]
      if (pid !== undefined) resolve(pid)
    })
  })
  const pid = Number(await told)
  demo.child.kill('SIGINT')
  const { code } = await demo.ended
  assert.equal(code, 130)
  assert.deepEqual(readdirSync(temporary), [])
  assert.equal(await isGone(pid), true)
  assert.equal(existsSync(place.path('out/summary.json')), true)
})

/** A killed process keeps its number until somebody has looked at how it ended. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
    if (/^Z|^$/.test(stdout.trim())) return true
    await new Promise((resolve) => setImmediate(resolve))
  }
  return false
}
