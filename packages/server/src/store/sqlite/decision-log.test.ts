import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { canonicalize } from '@surety/protocol'
import fc from 'fast-check'
import { openDecisionLog } from './decision-log.ts'
import { openDatabase } from './schema.ts'

const directory = mkdtempSync(join(tmpdir(), 'surety-log-'))
after(() => rmSync(directory, { recursive: true }))
let files = 0

/** A gate's decisions, by whether the facts of each are recorded; `null` is another event. */
type Gate = readonly (boolean | null)[]
const gateIdOf = (place: number): string => `gat_${String(place).padStart(26, '0')}`

/** Writes gates as the store would, in an order of their own, and answers the file. */
function written(gates: readonly Gate[], order: readonly number[]): string {
  files += 1
  const file = join(directory, `${String(files)}.db`)
  const db = openDatabase(file)
  db.exec("INSERT INTO scopes VALUES (1, 'ten_1', 'sandbox'), (2, 'ten_2', 'sandbox')")
  const event = db.prepare('INSERT INTO events (scope, stream, seq, event) VALUES (?, ?, ?, ?)')
  const document = db.prepare('INSERT INTO documents VALUES (?, ?, ?, ?)')
  for (const place of order) {
    const gateId = gateIdOf(place)
    document.run(1, gateId, 'intent.jws', 'none of the facts')
    for (const [seq, kept] of (gates[place] ?? []).entries()) {
      // Facts of two gates have one name here: they are found by their gate, too.
      const inputHash = String(seq)
      // What says the type of a decision may stand elsewhere, and then is none.
      const type = kept === null ? 'gateDeclared' : 'decisionRecorded'
      const data = { decision: { gateId, inputHash }, decisionHash: `${gateId}/${inputHash}`, type }
      event.run(1, `gate:${gateId}`, seq + 1, canonicalize({ data, seq, type }))
      const facts = canonicalize({ inputHash, gateId })
      if (kept !== false) document.run(1, gateId, `facts-${inputHash}.json`, facts)
      // Another tenant's is another's.
      document.run(2, gateId, `facts-${inputHash}.json`, '{}')
    }
  }
  db.close()
  return file
}

const anyGate = fc.array(fc.constantFrom(true, true, false, null), { maxLength: 3 })

/** Goal: every decision comes once, in order, with the facts of its own, or with none. */
test('a log gives each decision the facts that were recorded for it, and no others', () => {
  fc.assert(
    fc.property(
      fc.array(anyGate, { maxLength: 4 }).chain((gates) =>
        fc.record({
          gates: fc.constant(gates),
          order: fc.shuffledSubarray([...gates.keys()], { minLength: gates.length }),
        }),
      ),
      ({ gates, order }) => {
        const log = openDecisionLog(written(gates, order))
        const [scope] = log.scopes
        if (scope === undefined) throw new Error('no tenant')
        const read = [...log.records(scope, {})].map(({ record, factsText }) => {
          assert.deepEqual(record.facts, factsText === undefined ? null : JSON.parse(factsText))
          return [record.decisionHash, factsText]
        })
        const expected = gates.flatMap((gate, place) =>
          gate.flatMap((kept, seq) => {
            const gateId = gateIdOf(place)
            const facts = canonicalize({ inputHash: String(seq), gateId })
            return kept === null ? [] : [[`${gateId}/${String(seq)}`, kept ? facts : undefined]]
          }),
        )
        assert.deepEqual(read, expected)
        log.close()
      },
    ),
    { numRuns: 60 },
  )
})

test('whoever stops reading a log may read it again from the beginning', () => {
  const log = openDecisionLog(written([[true], [true, true], [true]], [2, 0, 1]))
  const [scope] = log.scopes
  if (scope === undefined) throw new Error('no tenant')
  for (const { record } of log.records(scope, {})) {
    assert.equal(record.decisionHash, `${gateIdOf(0)}/0`)
    break
  }
  assert.equal([...log.records(scope, {})].length, 4)
  log.close()
})
