/** An executed command is answered again, never done again. */
import assert from 'node:assert/strict'
import {
  execute,
  keyed,
  type Laws,
  nameOf,
  OTHER,
  rename,
  SCOPE,
  type ScopedStore,
} from './support.ts'

export const IDEMPOTENCY: Laws = {
  'a key is answered again in its batch, later, and after a restart': async (store, place) => {
    const ask = (from: ScopedStore, name: string) =>
      rename(from, 'a', name, { idempotency: keyed('k') })
    const inBatch = await Promise.all([ask(store, 'one'), ask(store, 'two'), ask(store, 'three')])
    const later = await ask(store, 'four')
    await rename(store, 'b', 'else', { idempotency: keyed('other') })
    await store.close()
    const reopened = place.open()
    const answers = [...inBatch, later, await ask(reopened, 'five')]
    assert.deepEqual(
      answers.map(({ type }) => type),
      ['committed', 'replayed', 'replayed', 'replayed', 'replayed'],
    )
    for (const answered of answers) assert.ok('answer' in answered && answered.answer === 'one')
    assert.equal((await reopened.reads.state(SCOPE, 'tenant', 'a')).version, 1)
    // Answers kept after a restart do not displace those from before.
    await rename(reopened, 'c', 'third', { idempotency: keyed('third') })
    const first = await ask(reopened, 'six')
    const other = await rename(reopened, 'b', 'more', { idempotency: keyed('other') })
    assert.ok(first.type === 'replayed' && first.answer === 'one')
    assert.ok(other.type === 'replayed' && other.answer === 'else')
  },

  'every key of one batch keeps its own answer': async (store) => {
    const keys = ['k1', 'k2', 'k3', 'k4']
    const ask = (key: string) => rename(store, key, `of ${key}`, { idempotency: keyed(key) })
    const twice = await Promise.all([...keys, ...keys].map(ask))
    const later = await Promise.all(keys.map(ask))
    const answers = [...twice, ...later].map((each) => ('answer' in each ? each.answer : ''))
    const expected = keys.map((key) => `of ${key}`)
    assert.deepEqual(answers, [...expected, ...expected, ...expected])
  },

  'a key that comes with other content is refused, and changes nothing': async (store) => {
    const other = keyed('k', 'b'.repeat(64))
    const [first, inBatch] = await Promise.all([
      rename(store, 'a', 'one', { idempotency: keyed('k') }),
      rename(store, 'a', 'two', { idempotency: other }),
    ])
    const later = await rename(store, 'a', 'three', { idempotency: other })
    assert.equal(first.type, 'committed')
    for (const refused of [inBatch, later]) {
      assert.ok(refused.type === 'refuse' && refused.code === 'idempotency_key_reused')
    }
    assert.equal(await nameOf(store, 'a'), 'one')
  },

  'what was refused, stale or faulty is decided again': async (store) => {
    const outcomes = [
      () => ({ type: 'refuse', code: 'gate_not_found' }) as const,
      () => ({ type: 'stale' }) as const,
      () => {
        throw new Error('a bug')
      },
    ]
    for (const decide of outcomes) {
      await execute(store, {}, decide, { idempotency: keyed('k') }).catch(() => 'as it should')
    }
    const done = await rename(store, 'a', 'one', { idempotency: keyed('k') })
    assert.equal(done.type, 'committed')
  },

  'a key is of one principal in one scope': async (store) => {
    const ask = (name: string, options: object) => rename(store, name, name, options)
    await ask('a', { idempotency: keyed('k') })
    const bob = { ...keyed('k'), principalId: 'prn_bob' }
    assert.equal((await ask('b', { idempotency: bob })).type, 'committed')
    assert.equal((await ask('a', { idempotency: keyed('k'), scope: OTHER })).type, 'committed')
  },
}
