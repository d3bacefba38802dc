import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AuthorityGrant,
  type DelegationGrant,
  GrantBounds,
  type GrantFacts,
  parseAs,
} from '@surety/protocol'
import fc from 'fast-check'
import {
  ASSETS,
  compiled,
  factsOf,
  hash,
  id,
  nonce,
  OTHER,
  PAYEE,
  PAYER,
  type PatchStep,
  patched,
  profileOf,
  TENANT,
  vectors,
} from '../fixtures.test.ts'
import { evaluate } from '../policy/evaluate.ts'
import { equalBounds, escalationOf, meet } from './bounds.ts'
import {
  decide,
  evolve,
  type Grant,
  type GrantCommand,
  type GrantEvent,
  type GrantRefusal,
  initial,
} from './grant.ts'

interface Bounded<Expected> {
  readonly cases: readonly ({
    readonly name: string
    readonly parent: GrantBounds
    readonly child: GrantBounds
  } & Expected)[]
}

test('a child within its parent escalates on no dimension, and may not equal it', () => {
  const { cases } = vectors<Bounded<{ equal: boolean }>>('grant/valid/attenuation.json')
  for (const { name, child, parent, equal } of cases) {
    assert.equal(escalationOf(child, parent), undefined, name)
    assert.equal(equalBounds(child, parent), equal, name)
  }
})

test('the first dimension on which a child is wider is named', () => {
  type Wider = { wider: keyof GrantBounds }
  const { cases } = vectors<Bounded<Wider>>('grant/refused/attenuation.json')
  for (const { name, child, parent, wider } of cases) {
    assert.equal(escalationOf(child, parent), wider, name)
  }
  const dimensions = Object.keys(GrantBounds.properties)
  assert.deepEqual(new Set(cases.map(({ wider }) => wider)), new Set(dimensions))
})

test('the meet of a chain is what all of it allows', () => {
  type Met = { cases: { name: string; chain: GrantBounds[]; meet: GrantBounds | null }[] }
  for (const each of vectors<Met>('grant/valid/meet.json').cases) {
    assert.deepEqual(meet(each.chain), each.meet, each.name)
  }
})

type Documents = Readonly<Record<string, AuthorityGrant | DelegationGrant>>
interface Issued {
  readonly documents: Documents
  readonly cases: readonly {
    readonly name: string
    readonly state: { status: 'none' } | { status: 'active' | 'revoked'; document: string }
    readonly command: {
      readonly type: GrantCommand['type']
      readonly document?: string
      readonly patch?: readonly PatchStep[]
      readonly ancestors?: readonly { status: 'active' | 'revoked'; document: string }[]
      readonly [member: string]: unknown
    }
    readonly events?: readonly GrantEvent['type'][]
    readonly refusal?: GrantRefusal
  }[]
}

/** A document stands in a vector by its name; its hash is the hash of its canonical bytes. */
function stateOf(documents: Documents, state: Issued['cases'][number]['state']): Grant {
  if (state.status === 'none') return state
  const document = documents[state.document]
  assert.ok(document !== undefined, state.document)
  return { status: state.status, document, grantHash: hash(document) }
}

function commandOf(documents: Documents, given: Issued['cases'][number]['command']): GrantCommand {
  const { document, patch, ancestors, ...rest } = given
  if (document === undefined) return rest as unknown as GrantCommand
  const written = patched(documents[document], patch)
  return {
    ...rest,
    document: written,
    grantHash: hash(written),
    ancestors: ancestors?.map((ancestor) => stateOf(documents, ancestor)),
  } as unknown as GrantCommand
}

test('a grant is issued once, within its chain, and revoked for good', () => {
  const { documents, cases } = vectors<Issued>('grant/valid/lifecycle.json')
  for (const { name, state, command, events } of cases) {
    const before = stateOf(documents, state)
    const outcome = decide(before, commandOf(documents, command))
    assert.ok(outcome.ok, name)
    assert.deepEqual(
      outcome.value.map(({ type }) => type),
      events,
    )
    const after = outcome.value.reduce(evolve, before)
    assert.equal(after.status, command.type === 'revoke' ? 'revoked' : 'active', name)
  }
})

test('every refusal of a grant has its case', () => {
  const { documents, cases } = vectors<Issued>('grant/refused/lifecycle.json')
  const seen = new Set<string>()
  for (const { name, state, command, refusal } of cases) {
    const outcome = decide(stateOf(documents, state), commandOf(documents, command))
    assert.ok(!outcome.ok, name)
    assert.equal(outcome.refusal, refusal, name)
    seen.add(outcome.refusal)
  }
  const all: Readonly<Record<GrantRefusal, true>> = {
    grant_already_exists: true,
    grant_self: true,
    grant_window_invalid: true,
    grant_root_not_allowed: true,
    grant_parent_not_usable: true,
    grant_chain_mismatch: true,
    grant_depth_exceeded: true,
    grant_escalates: true,
    grant_not_narrower: true,
    grant_not_found: true,
    grant_already_revoked: true,
  }
  assert.deepEqual([...seen].sort(), Object.keys(all).sort())
})

const amount = fc.constantFrom('0', '1', '2')
const asset = fc.constantFrom(...ASSETS)
const limits = fc.array(fc.record({ asset, max: amount }), { maxLength: 3 })
const shapes = {
  actions: fc.subarray(['purchase', 'refund']),
  tools: fc.subarray(['search', 'mail']),
  payees: fc.subarray([PAYEE, OTHER]),
  rails: fc.subarray(['ledger', 'card']),
  networks: fc.subarray(['internal', 'chain']),
  assets: fc.subarray([...ASSETS]),
  riskClasses: fc.subarray(['read', 'action'] as const).map((list) => [...list]),
  perCall: limits,
  perDay: limits,
  total: limits,
  count: fc.integer({ min: 0, max: 2 }),
  autonomy: fc.integer({ min: 0, max: 2 }),
  maxDepth: fc.integer({ min: 0, max: 2 }),
}
const bounds = fc.record(shapes, { requiredKeys: ['maxDepth'] }) as fc.Arbitrary<GrantBounds>

/** Goal: the lattice is one: the meet is a greatest lower bound, whatever the order. */
test('meet is commutative, associative, idempotent and within each', () => {
  fc.assert(
    fc.property(bounds, bounds, bounds, (a, b, c) => {
      const both = meet([a, b]) as GrantBounds
      assert.deepEqual(both, meet([b, a]))
      const nested = meet([both, c]) as GrantBounds
      assert.deepEqual(nested, meet([a, meet([b, c]) as GrantBounds]))
      assert.deepEqual(meet([a, b, c]), nested)
      assert.deepEqual(meet([both, both]), both)
      assert.ok(equalBounds(meet([a]) as GrantBounds, a))
      assert.equal(escalationOf(both, a), undefined)
      assert.equal(escalationOf(both, b), undefined)
      assert.equal(parseAs(GrantBounds, both).ok, true)
      const below = escalationOf(c, a) === undefined && escalationOf(c, b) === undefined
      if (below) assert.equal(escalationOf(c, both), undefined)
    }),
    { numRuns: 2_000 },
  )
})

test('a meet lists no more limits than the shorter of two lists', () => {
  const many = (n: number) =>
    Array.from({ length: 32 }, (_, i) => ({ asset: `A${n}${i}A/2`, max: '1' }))
  const a = { perCall: many(1), maxDepth: 1 }
  const b = { perCall: many(2), maxDepth: 1 }
  assert.deepEqual(meet([a, b])?.perCall, [])
})

const root: AuthorityGrant = {
  schemaVersion: 'AuthorityGrant.v1',
  grantId: id('grt', 0),
  tenantId: TENANT,
  environment: 'sandbox',
  grantorId: PAYER,
  granteeId: id('prn', 101),
  payerId: PAYER,
  bounds: { maxDepth: 2 },
  notBefore: '2026-11-01T00:00:00.000Z',
  expiresAt: '2026-12-31T00:00:00.000Z',
  nonce: nonce(1),
  depth: 0,
}
const rootHash = hash(root)
const child: DelegationGrant = {
  ...root,
  schemaVersion: 'DelegationGrant.v1',
  grantId: id('grt', 1),
  grantorId: id('prn', 101),
  granteeId: id('prn', 102),
  nonce: nonce(2),
  depth: 1,
  rootGrantHash: rootHash,
  parentGrantHash: rootHash,
}

const intents = fc.record({
  action: fc.constantFrom('purchase', 'refund'),
  tool: fc.constantFrom('search', 'mail'),
  payee: fc.constantFrom(PAYEE, OTHER),
  rail: fc.constantFrom('ledger', 'card'),
  network: fc.constantFrom('internal', 'chain'),
  asset,
  amount: fc.constantFrom('0', '1', '2', '3'),
  riskClass: fc.constantFrom('read', 'action' as const),
})
type Asked = typeof intents extends fc.Arbitrary<infer Value> ? Value : never

const open = compiled(
  profileOf({
    allowlists: {
      assets: [...ASSETS],
      rails: ['ledger', 'card'],
      networks: ['internal', 'chain'],
    },
  }),
)
/** Whether these bounds alone let the intent pass, with that much used of each of their budgets. */
function allows(own: GrantBounds, intent: Asked, spent: string, window: Partial<GrantFacts>) {
  const facts = factsOf({ bounds: [own], intent, spent })
  const grantChain = facts.grantChain.map((grant) => ({ ...grant, ...window }))
  return evaluate({ ...facts, grantChain }, open).decision === 'allow'
}

const day = fc.constantFrom('2026-11-19', '2026-11-20', '2026-11-21')
const dimensions = fc.subarray(Object.keys(shapes) as (keyof GrantBounds)[], { maxLength: 3 })
/** Few dimensions, so that intents often pass; a child redraws or drops some of its parent's. */
const pair = fc
  .record({ first: bounds, second: bounds, given: dimensions, changed: dimensions })
  .map(({ first, second, given, changed }) => {
    const pick = (from: GrantBounds, names: readonly (keyof GrantBounds)[]) =>
      Object.fromEntries(
        names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])),
      )
    const parent = { maxDepth: 2, ...pick(first, given) } as GrantBounds
    const kept = given.filter((name) => !changed.includes(name))
    const own = { maxDepth: 1, ...pick(first, kept), ...pick(second, changed) } as GrantBounds
    return { parent, own }
  })

/** Goal: whoever is given a child can do nothing that its parent could not. */
test('an accepted child allows nothing that its parent does not', () => {
  let accepted = 0
  fc.assert(
    fc.property(
      pair,
      fc.array(intents, { minLength: 6, maxLength: 10 }),
      fc.constantFrom('0', '1'),
      fc.tuple(day, day, day, day).map((days) => days.toSorted()),
      fc.constantFrom('none', 'start', 'end'),
      ({ parent, own }, asked, spent, days, wider) => {
        const [a, b, c, d] = days as [string, string, string, string]
        const [from, ownFrom] = wider === 'start' ? [b, a] : [a, b]
        const [ownUntil, until] = wider === 'end' ? [d, c] : [c, d]
        const span = (start: string, end: string) => ({
          notBefore: `${start}T00:00:00.000Z`,
          expiresAt: `${end}T23:59:59.999Z`,
        })
        const above = { ...root, bounds: parent, ...span(from, until) }
        const grantHash = hash(above)
        const below: DelegationGrant = {
          ...child,
          bounds: own,
          ...span(ownFrom, ownUntil),
          rootGrantHash: grantHash,
          parentGrantHash: grantHash,
        }
        const outcome = decide(initial, {
          type: 'issueChild',
          document: below,
          grantHash: hash(below),
          kid: 'k',
          ancestors: [{ status: 'active', grantHash, document: above }],
          at: '2026-11-19T00:00:00.000Z',
        })
        if (!outcome.ok) return
        accepted += 1
        for (const each of asked) {
          if (!allows(own, each, spent, span(ownFrom, ownUntil))) continue
          assert.ok(allows(parent, each, spent, span(from, until)))
        }
      },
    ),
    { numRuns: 3_000 },
  )
  assert.ok(accepted > 150, `too few accepted: ${accepted}`)
})

/** Goal: no order of issuing and revoking brings a grant back. */
test('revoked is terminal, and a hash is issued once', () => {
  const commands: readonly GrantCommand[] = [
    { type: 'issueRoot', grantHash: rootHash, document: root, kid: 'k', grantorKind: 'person' },
    { type: 'revoke', reason: 'lost' },
  ]
  fc.assert(
    fc.property(fc.array(fc.nat(1), { maxLength: 6 }), (drawn) => {
      let state: Grant = initial
      let issued = 0
      for (const i of drawn) {
        const outcome = decide(state, commands[i] as GrantCommand)
        if (!outcome.ok) continue
        const before = state.status
        state = outcome.value.reduce(evolve, state)
        assert.notEqual(before, 'revoked')
        issued += state.status === 'active' ? 1 : 0
      }
      assert.ok(issued <= 1)
    }),
  )
})

test('a fact out of order is a fault', () => {
  const issued: GrantEvent = { type: 'grantIssued', grantHash: rootHash, document: root, kid: 'k' }
  const active = evolve(initial, issued)
  assert.throws(() => evolve(active, issued))
  assert.throws(() => evolve(initial, { type: 'grantRevoked', reason: 'lost' }))
})
