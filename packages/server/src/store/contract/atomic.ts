/** All of a command or nothing; batches; what readers see. */
import assert from 'node:assert/strict'
import { Failure } from '../../ports.ts'
import {
  ANN,
  accountKey,
  BOB,
  execute,
  keyed,
  type Laws,
  nameOf,
  OTHER,
  type Place,
  RAIL,
  rename,
  renamed,
  SCOPE,
  type ScopedStore,
  tenantKey,
  transfer,
  writing,
} from './support.ts'

export const ATOMICITY: Laws = {
  'a refused command leaves nothing, and its batch goes on': async (store) => {
    const refusing = execute(store, {}, () => ({ type: 'refuse', code: 'gate_not_found' }))
    const [before, refused, after] = await Promise.all([
      rename(store, 'a', 'one'),
      refusing,
      rename(store, 'b', 'two'),
    ])
    assert.deepEqual([before.type, refused.type, after.type], ['committed', 'refuse', 'committed'])
    assert.equal(await nameOf(store, 'a'), 'one')
    assert.equal(await nameOf(store, 'b'), 'two')
  },

  'a fault in one command is its own, and its batch goes on': async (store) => {
    const fault = new Error('a bug')
    const [before, faulted, after] = await Promise.allSettled([
      rename(store, 'a', 'one'),
      execute(store, {}, () => {
        throw fault
      }),
      rename(store, 'b', 'two'),
    ])
    assert.equal(faulted.status === 'rejected' && faulted.reason, fault)
    assert.deepEqual([before.status, after.status], ['fulfilled', 'fulfilled'])
    assert.equal(await nameOf(store, 'b'), 'two')
  },

  'a set of which one part cannot be written leaves no part': async (store) => {
    const overdrawn = transfer(ANN, BOB, 1n)
    const parts = {
      transfers: [transfer(RAIL, ANN, 5n, 'EUR/2'), overdrawn],
      uniques: [{ family: 'f', key: 'k', owner: 'o', refusal: 'nonce_already_used' as const }],
      documents: [{ owner: 'a', name: 'n', text: 't' }],
      outbox: [{ topic: 't', body: '{}' }],
    }
    const [torn, next] = await Promise.allSettled([
      rename(store, 'a', 'one', { parts, idempotency: keyed('k') }),
      rename(store, 'b', 'two'),
    ])
    assert.deepEqual([torn.status, next.status], ['rejected', 'fulfilled'])
    assert.equal(await nameOf(store, 'a'), undefined)
    assert.equal(await store.reads.unique(SCOPE, 'f', 'k'), undefined)
    assert.deepEqual(await store.reads.accounts(SCOPE, ''), [])
    assert.equal((await store.reads.documents(SCOPE, 'a')).size, 0)
    assert.deepEqual(await store.reads.outbox(0 as never, 9), [])
    const again = await rename(store, 'a', 'one', { idempotency: keyed('k') })
    assert.equal(again.type, 'committed')
  },

  'a command sees what those before it in its batch wrote': async (store) => {
    const seen: unknown[] = []
    const step = (name: string) =>
      execute(
        store,
        {
          thing: tenantKey('a'),
          ann: accountKey(ANN),
          mark: { of: 'unique', family: 'f', key: 'k' },
        },
        ({ thing, ann, mark }) => {
          seen.push([thing.version, thing.state?.name, ann.credits, mark])
          return writing(name, {
            streams: [renamed(thing, 'a', name)],
            transfers: [transfer(RAIL, ANN, 2n)],
            uniques: mark === undefined ? [claim('k', name)] : [],
          })
        },
      )
    await Promise.all([step('one'), step('two'), step('three')])
    await step('four')
    assert.deepEqual(seen, [
      [0, undefined, 0n, undefined],
      [1, 'one', 2n, 'one'],
      [2, 'two', 4n, 'one'],
      [3, 'three', 6n, 'one'],
    ])
  },

  'a stream grows only from the version that was read': async (store) => {
    await rename(store, 'a', 'one')
    const stale = { version: 0, head: '0'.repeat(64), state: null }
    const late = execute(store, {}, () => writing('', { streams: [renamed(stale, 'a', 'two')] }))
    await assert.rejects(late)
    const twice = execute(store, { thing: tenantKey('a') }, ({ thing }) =>
      writing('', { streams: [renamed(thing, 'a', 'two'), renamed(thing, 'a', 'three')] }),
    )
    await assert.rejects(twice)
    assert.equal(await nameOf(store, 'a'), 'one')
    assert.equal((await store.reads.events(SCOPE, 'tenant:a')).length, 1)
  },

  'a unique name is given once: in a batch, later, and after a restart': async (store, place) => {
    const take = (id: string, from: ScopedStore, scope = SCOPE) =>
      rename(from, id, id, { parts: { uniques: [claim('k', id)] }, scope })
    const inBatch = await Promise.all(['a', 'b', 'c'].map((id) => take(id, store)))
    assert.deepEqual(inBatch.map(codeOf), ['committed', 'nonce_already_used', 'nonce_already_used'])
    assert.equal(codeOf(await take('d', store)), 'nonce_already_used')
    await store.close()
    const later = place.open()
    assert.equal(codeOf(await take('e', later)), 'nonce_already_used')
    assert.equal(await later.reads.unique(SCOPE, 'f', 'k'), 'a')
    assert.equal(await nameOf(later, 'b'), undefined)
    assert.equal(codeOf(await take('f', later, OTHER)), 'committed')
  },

  'what is not committed is seen by no reader': async (store) => {
    let during: Promise<string | undefined> | undefined
    await Promise.all([
      rename(store, 'a', 'one'),
      execute(store, {}, () => {
        during = nameOf(store, 'a')
        return writing('')
      }),
    ])
    assert.equal(await during, undefined)
    assert.equal(await nameOf(store, 'a'), 'one')
  },

  'a batch that fails while rows are written fails whole, and may come again': (store, place) =>
    failsWhole('write', store, place),
  'a batch that fails at its very end fails whole, and may come again': (store, place) =>
    failsWhole('commit', store, place),
  'a row that cannot be written fails its own command, and its batch goes on': async (store) => {
    const parts = { documents: [{ owner: 'a', name: 'n', text: 't' }] }
    await rename(store, 'a', 'one', { parts })
    const others = Array.from({ length: 20 }, (_, i) => `other ${String(i)}`)
    const all = await Promise.allSettled([
      ...others.slice(0, 7).map((id) => rename(store, id, id, { idempotency: keyed(id) })),
      rename(store, 'a', 'two', { parts, idempotency: keyed('torn') }),
      store.keepDocument(SCOPE, 'a', 'kept', 'text'),
      ...others.slice(7).map((id) => rename(store, id, id, { idempotency: keyed(id) })),
      rename(store, 'b', 'two', { parts }),
    ])
    const failed = all.filter((each) => each.status === 'rejected')
    assert.equal(failed.length, 2)
    for (const { reason } of failed) assert.ok(reason instanceof Failure)
    for (const id of others) {
      assert.equal(await nameOf(store, id), id)
      const again = await rename(store, id, 'again', { idempotency: keyed(id) })
      assert.ok(again.type === 'replayed' && again.answer === id)
    }
    assert.equal(await nameOf(store, 'a'), 'one')
    assert.equal(await nameOf(store, 'b'), undefined)
    const kept = await store.reads.documents(SCOPE, 'a')
    assert.deepEqual([kept.get('n'), kept.get('kept')], ['t', 'text'])
    const torn = await rename(store, 'a', 'three', { idempotency: keyed('torn') })
    assert.equal(torn.type, 'committed')
  },
  'a scope that was never created is a fault, and reads as empty': async (store) => {
    const nowhere = { ...SCOPE, tenantId: 'ten_none' as const }
    await assert.rejects(rename(store, 'a', 'one', { scope: nowhere }))
    assert.equal(await nameOf(store, 'a', nowhere), undefined)
    assert.deepEqual(await store.reads.events(nowhere, 'tenant:a'), [])
  },
}

async function failsWhole(where: 'write' | 'commit', store: ScopedStore, place: Place) {
  await rename(store, 'a', 'one')
  const { latest } = store
  const run = () =>
    Promise.allSettled([
      rename(store, 'a', 'two', { idempotency: keyed('k1'), at: (latest + 5) as never }),
      rename(store, 'b', 'new', { parts: { transfers: [transfer(RAIL, ANN, 3n)] } }),
      execute(store, {}, () => ({ type: 'refuse', code: 'gate_not_found' })),
    ])
  place.sabotage(where)
  // Only what writes has anything to fail with.
  const [torn, other] = await run()
  for (const each of [torn, other]) {
    assert.ok(each.status === 'rejected' && each.reason instanceof Failure)
    assert.equal(each.reason.code, 'store_unavailable')
  }
  assert.equal(await nameOf(store, 'a'), 'one')
  assert.equal(await nameOf(store, 'b'), undefined)
  assert.equal(store.latest, latest)
  place.heal()
  const [first, second] = await run()
  assert.ok(first.status === 'fulfilled' && first.value.type === 'committed')
  assert.ok(second.status === 'fulfilled' && second.value.type === 'committed')
  assert.equal(await nameOf(store, 'a'), 'two')
  assert.deepEqual((await store.reads.accounts(SCOPE, ANN))[0]?.sums.credits, 3n)
}

function claim(key: string, owner: string) {
  return { family: 'f', key, owner, refusal: 'nonce_already_used' } as const
}

function codeOf(executed: { readonly type: string; readonly code?: string }): string {
  return executed.code ?? executed.type
}
