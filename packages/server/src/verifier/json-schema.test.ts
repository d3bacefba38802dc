/** No schema and no body stops the process: each check is answered in time, or not at all. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { JsonObject } from '@surety/protocol'
import { schemaVerifier } from './json-schema.ts'

const schemas = schemaVerifier()
after(() => schemas.close())

async function holds(schema: JsonObject, body: unknown): Promise<boolean | null> {
  const answer = await schemas.holds(schema, body)
  assert.ok(answer.ok)
  return answer.value
}

const ORDINARY = {
  type: 'object',
  required: ['answer'],
  properties: { answer: { type: 'integer' } },
}
const BACKTRACKING = { pattern: '^(a+)+$' }
const HOSTILE = `${'a'.repeat(40)}!`

/** It still serves: a check that was cut off has cost nobody else's. */
async function serves(): Promise<void> {
  assert.equal(await holds(ORDINARY, { answer: 1 }), true)
}

test('an ordinary schema is usable, and a body satisfies it or does not', async () => {
  assert.deepEqual(await schemas.usable(ORDINARY), { ok: true, value: null })
  assert.equal(await holds(ORDINARY, { answer: 1 }), true)
  for (const body of [{ answer: 'x' }, {}, [], null, 'text', 1]) {
    assert.equal(await holds(ORDINARY, body), false, JSON.stringify(body))
  }
  assert.equal(await holds({ required: ['toString'] }, {}), false)
  assert.equal(await holds({ format: 'email' }, 'no address'), true)
  const once = { $id: 'https://example.com/one', type: 'string' }
  assert.equal(await holds(once, 'text'), true)
  assert.equal(await holds({ ...once, type: 'integer' }, 'text'), false)
})

const UNUSABLE: readonly JsonObject[] = [
  { $async: true, required: ['a'] },
  { properties: { a: { $async: true } } },
  { $ref: 'https://example.com/schema.json' },
  { type: 'nothing' },
  { pattern: '(' },
  { $schema: 'http://json-schema.org/draft-07/schema#' },
]

for (const schema of UNUSABLE) {
  test(`${JSON.stringify(schema)} is not usable, and nothing can be examined by it`, async () => {
    const usable = await schemas.usable(schema)
    assert.ok(!usable.ok)
    assert.equal(usable.refusal, 'profile_invalid')
    assert.match(usable.detail ?? '', /cannot be used: .+/)
    assert.equal(await holds(schema, {}), null)
    await serves()
  })
}

test('a pattern that backtracks without end is cut off, and the process answers meanwhile', async () => {
  let turns = 0
  const turning = setInterval(() => {
    turns += 1
  }, 10)
  assert.equal(await holds(BACKTRACKING, HOSTILE), null)
  clearInterval(turning)
  assert.ok(turns > 5, String(turns))
  await serves()
})

test('items that are compared each with each are cut off', async () => {
  const items = Array.from({ length: 20_000 }, (_, index) => ({ index }))
  assert.equal(await holds({ uniqueItems: true }, items), null)
  await serves()
})

test('a schema that is its own definition cannot be examined', async () => {
  assert.equal(await holds({ $ref: '#' }, {}), null)
  await serves()
})

test('questions that wait each get their own answer, and too many are refused', async () => {
  const slow = schemas.holds(BACKTRACKING, HOSTILE)
  const asked = Array.from({ length: 33 }, (_, index) =>
    schemas.holds(ORDINARY, index % 2 === 0 ? { answer: index } : {}),
  )
  const answers = await Promise.all(asked)
  const expected = Array.from({ length: 32 }, (_, index) => ({ ok: true, value: index % 2 === 0 }))
  assert.deepEqual(answers.slice(0, 32), expected)
  assert.deepEqual(answers[32], { ok: false, refusal: 'overloaded' })
  assert.deepEqual(await slow, { ok: true, value: null })
})

test('closing answers what waits and leaves no thread', async () => {
  const closing = schemaVerifier()
  const asked = [closing.holds(BACKTRACKING, HOSTILE), closing.holds(ORDINARY, { answer: 1 })]
  await closing.close()
  const unknown = { ok: true, value: null }
  assert.deepEqual(await Promise.all(asked), [unknown, unknown])
  assert.deepEqual(await closing.holds(ORDINARY, { answer: 1 }), unknown)
  await schemaVerifier().close()
})
