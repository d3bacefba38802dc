import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Failure, type OutboxRow } from '../../ports.ts'
import { fileNotifier } from './notifier.ts'

let room: string
before(() => {
  room = mkdtempSync(join(tmpdir(), 'surety-notify-'))
})
after(() => rmSync(room, { recursive: true }))

function row(position: number): OutboxRow {
  const scope = { tenantId: 'ten_a', environment: 'sandbox' } as const
  return { position, scope, topic: 'gate.settled', body: `{"n":${position}}`, attempts: 0 }
}

function positionsIn(file: string): readonly number[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  assert.equal(lines.pop(), '')
  return lines.map((line) => (JSON.parse(line) as { position: number }).position)
}

test('each fact is one line that says all of it, and the owner alone can read it', async () => {
  const file = join(room, 'lines')
  await fileNotifier(file).deliver([row(1)])
  await fileNotifier(file).deliver([row(2), row(3)])
  assert.deepEqual(positionsIn(file), [1, 2, 3])
  const [first] = readFileSync(file, 'utf8').split('\n')
  const told = { position: 1, tenantId: 'ten_a', environment: 'sandbox', topic: 'gate.settled' }
  assert.deepEqual(JSON.parse(first as string), { ...told, body: { n: 1 } })
  assert.equal(statSync(file).mode & 0o077, 0)
})

for (const [name, torn] of [
  ['short', '{"position":9'],
  ['longer than a block', `{"x":"${'x'.repeat(200_000)}`],
] as const) {
  test(`what a crash left of a line is cut off: ${name}`, async () => {
    const file = join(room, `torn ${name}`)
    await fileNotifier(file).deliver([row(1), row(2)])
    appendFileSync(file, torn)
    await fileNotifier(file).deliver([row(3)])
    assert.deepEqual(positionsIn(file), [1, 2, 3])
    const alone = join(room, `alone ${name}`)
    writeFileSync(alone, torn)
    await fileNotifier(alone).deliver([row(1)])
    assert.deepEqual(positionsIn(alone), [1])
  })
}

test('what cannot be written is a failure, not a fault', async () => {
  const notifier = fileNotifier(join(room, 'missing', 'file'))
  await assert.rejects(notifier.deliver([row(1)]), Failure)
})
