/** Rows that workers and doors read: their order where it is promised, and how long they stay. */
import assert from 'node:assert/strict'
import type { Instant } from '@surety/protocol'
import { ensureInstant } from '@surety/protocol'
import { Failure } from '../../ports.ts'
import { EARLY, execute, type Laws, nameOf, OTHER, rename, SCOPE, writing } from './support.ts'

const at = (ms: number) => (EARLY + ms) as Instant
/** Sorts by code point: no locale of a machine ever shows. */
const IDS = ['B', 'a', 'b', 'ä', '日']

export const ROWS: Laws = {
  'a family is listed by code point, page by page, either way': async (store) => {
    for (const id of ['b', '日', 'B', 'ä', 'a']) await rename(store, id, id)
    await rename(store, 'c', 'of another', { scope: OTHER })
    const pages = async (descending: boolean) => {
      const ids: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await store.reads.states(SCOPE, 'tenant', { after, limit: 2, descending })
        assert.ok(page.length <= 2)
        ids.push(...page.map(({ id }) => id))
        after = page.at(-1)?.id
        if (page.length < 2) return ids
      }
    }
    assert.deepEqual(await pages(false), IDS)
    assert.deepEqual(await pages(true), [...IDS].reverse())
  },

  'a stream is read in order, and the state knows its end': async (store, place) => {
    for (const name of ['one', 'two', 'three']) await rename(store, 'a', name)
    await store.close()
    const later = place.open()
    const events = await later.reads.events(SCOPE, 'tenant:a')
    assert.deepEqual(
      events.map(({ seq, data }) => [seq, data.name]),
      [
        [1, 'one'],
        [2, 'two'],
        [3, 'three'],
      ],
    )
    const stored = await later.reads.state(SCOPE, 'tenant', 'a')
    assert.deepEqual([stored.version, stored.head], [3, events[2]?.eventHash])
    assert.deepEqual(await later.reads.events(OTHER, 'tenant:a'), [])
  },

  'the latest moment is known, and after a restart': async (store, place) => {
    assert.equal(store.latest, 0)
    await Promise.all([
      rename(store, 'a', 'one', { at: at(1) }),
      rename(store, 'b', 'two', { at: at(9) }),
    ])
    await rename(store, 'c', 'early', { at: at(3) })
    assert.equal(store.latest, at(9))
    await store.close()
    assert.equal(place.open().latest, at(9))
  },

  'deadlines come when they have passed, the oldest first': async (store) => {
    const move = (id: string, from: Instant | null, to: Instant | null) =>
      execute(store, {}, () => writing('', { deadlines: [{ id, from, to }] }))
    await Promise.all([move('c', null, at(30)), move('a', null, at(10)), move('b', null, at(20))])
    const due = async (ms: number, limit = 9) =>
      (await store.reads.due(at(ms), limit)).map(({ id }) => id)
    assert.deepEqual(await due(10), [])
    assert.deepEqual(await due(11), ['a'])
    assert.deepEqual(await due(99), ['a', 'b', 'c'])
    assert.deepEqual(await due(99, 2), ['a', 'b'])
    await move('a', at(10), at(40))
    await move('b', at(20), null)
    assert.deepEqual(await due(99), ['c', 'a'])
    assert.deepEqual((await store.reads.due(at(99), 1))[0]?.scope, SCOPE)
  },

  'the outbox is read in the order of the commits, and nothing overtakes': async (store) => {
    const tell = (...bodies: readonly string[]) =>
      execute(store, {}, () =>
        writing('', { outbox: bodies.map((body) => ({ topic: 't', body })) }),
      )
    await Promise.all([tell('1', '2'), tell('3')])
    const read = (ms: number) => store.reads.outbox(at(ms), 9)
    const [first, second] = await read(0)
    assert.ok(first !== undefined && second !== undefined && first.position < second.position)
    await store.settleOutbox([], [{ position: first.position, notBefore: at(50) }])
    await tell('4')
    assert.deepEqual(await read(49), [])
    const later = await read(50)
    assert.deepEqual(
      later.map(({ body, attempts }) => [body, attempts]),
      [
        ['1', 1],
        ['2', 0],
        ['3', 0],
        ['4', 0],
      ],
    )
    await store.settleOutbox(
      later.map(({ position }) => position),
      [],
    )
    await tell('5')
    const [fifth] = await read(0)
    // A position is never used again: it is how a reader tells a repetition from a new fact.
    assert.ok(fifth !== undefined && fifth.position > (later.at(-1)?.position ?? 0))
  },

  'a signature is kept once, and only where one is owed': async (store) => {
    const stream = 'tenant:a'
    const receipts = [1, 2].map((seq) => ({ stream, seq }))
    await rename(store, 'a', 'one', { parts: { receipts } })
    assert.equal((await store.reads.unsigned(1)).length, 1)
    assert.equal((await store.reads.unsigned(9)).length, 2)
    const row = { scope: SCOPE, stream, seq: 1 }
    await store.keepSignatures([{ ...row, signature: 'first' }])
    await store.keepSignatures([
      { ...row, signature: 'second' },
      { ...row, seq: 7, signature: 'of nothing' },
    ])
    const kept = await store.reads.signatures(SCOPE, stream)
    assert.deepEqual([kept.get(1), kept.get(2), kept.size], ['first', null, 2])
    assert.deepEqual(await store.reads.unsigned(9), [{ ...row, seq: 2 }])
    assert.equal((await store.reads.signatures(OTHER, stream)).size, 0)
  },

  'documents are found by owner; one that can be made again may be replaced': async (store) => {
    const documents = [{ owner: 'a', name: 'fact', text: 'one' }]
    await rename(store, 'a', 'one', { parts: { documents } })
    await store.keepDocument(SCOPE, 'a', 'made', 'x')
    await store.keepDocument(SCOPE, 'a', 'made', 'y')
    const kept = await store.reads.documents(SCOPE, 'a')
    assert.deepEqual(new Set(kept), new Set(Object.entries({ fact: 'one', made: 'y' })))
    assert.equal((await store.reads.documents(OTHER, 'a')).size, 0)
  },

  'in one commit a document gives way to another, and otherwise none does': async (store) => {
    const write = (name: string, text: string, forgotten: readonly string[]) =>
      rename(store, name, text, {
        parts: {
          forgotten: forgotten.map((each) => ({ owner: 'a', name: each })),
          documents: [{ owner: 'a', name: 'kept', text }],
        },
      })
    await write('a', 'one', ['none'])
    await write('b', 'two', ['kept'])
    assert.equal((await store.reads.documents(SCOPE, 'a')).get('kept'), 'two')
    await assert.rejects(write('c', 'three', []))
    assert.equal((await store.reads.documents(SCOPE, 'a')).get('kept'), 'two')
  },

  'what is forgotten is gone with its deadline, and nothing else is': async (store) => {
    const documents = ['old', 'new'].map((name) => ({ owner: 'a', name, text: name }))
    const deadlines = ['ans_1', 'ans_2'].map((id) => ({ id, from: null, to: ensureInstant(5) }))
    await rename(store, 'a', 'one', { parts: { documents, deadlines } })
    const [first, second] = await store.reads.due(ensureInstant(9), 9)
    assert.ok(first !== undefined && second !== undefined)
    await store.forget(first, 'a', 'old')
    await store.forget({ ...second, scope: OTHER }, 'a', 'new')
    assert.deepEqual(await store.reads.due(ensureInstant(9), 9), [second])
    assert.deepEqual([...(await store.reads.documents(SCOPE, 'a'))], [['new', 'new']])
  },

  'closing commits what waits, and then refuses': async (store, place) => {
    const outcomes = Promise.all(IDS.map((id) => rename(store, id, 'in time')))
    const kept = store.keepDocument(SCOPE, 'a', 'late', 'kept')
    await store.close()
    await store.close()
    assert.ok((await outcomes).every(({ type }) => type === 'committed'))
    await kept
    const isRefused = (fault: unknown) => fault instanceof Failure && fault.code === 'shutting_down'
    await assert.rejects(rename(store, 'z', 'too late'), isRefused)
    await assert.rejects(store.settleOutbox([], []), isRefused)
    const later = place.open()
    assert.equal(await nameOf(later, 'ä'), 'in time')
    assert.equal((await later.reads.documents(SCOPE, 'a')).get('late'), 'kept')
  },

  'more than one batch at once is committed in order': async (store) => {
    const names = Array.from({ length: 600 }, (_, i) => String(i))
    const done = await Promise.all(names.map((name) => rename(store, 'a', name)))
    assert.ok(done.every(({ type }) => type === 'committed'))
    const events = await store.reads.events(SCOPE, 'tenant:a')
    assert.deepEqual(
      events.map(({ data }) => data.name),
      names,
    )
    assert.equal(store.waiting, 0)
  },
}
