/** Profiles in a terminal, without a server: init, validate, diff, simulate. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { STARTERS } from '../../packages/cli/src/local/starters.ts'
import { eachOf, problemIn, type Scratch, scratch } from './support.ts'

let place: Scratch
before(() => {
  place = scratch()
})
after(() => place.remove())

const profile = (name: string): string => readFileSync(place.path(name), 'utf8')
/** Writes a file that is another with one text changed, which must be in it. */
function changed(from: string, to: string, before: string, after: string): void {
  const text = profile(from)
  assert.ok(text.includes(before), before)
  writeFileSync(place.path(to), text.replace(before, after))
}

test('every starter is scaffolded, is valid, and simulates without naming scenarios', async () => {
  await eachOf(STARTERS, async (name) => {
    const file = `${name}.yaml`
    await place.json('profile', 'init', name, '--out', file)
    const valid = await place.json<{ ok: boolean }>('profile', 'validate', file)
    const simulated = await place.json<{ ok: boolean; scenarios: object[] }>(
      'profile',
      'simulate',
      file,
    )
    assert.deepEqual([valid.ok, simulated.ok], [true, true])
    assert.ok(simulated.scenarios.length >= 4)
  })
  const again = await place.surety('profile', 'init', 'procurement', '--out', 'procurement.yaml')
  assert.equal(again.code, 4)
  const unknown = await place.surety('profile', 'init', 'spending', '--out', 'x.yaml', '--json')
  assert.equal(unknown.code, 2)
  assert.match(problemIn(unknown).remedy, /engineering-spend/)
})

test('the starters are listed without a server', async () => {
  const { starters } = await place.json<{ starters: { policyHash: string }[] }>(
    'profile',
    'list',
    '--starters',
  )
  assert.equal(starters.length, STARTERS.length)
})

test('validate names line and column: of the shape, of a contradiction, of what is idle', async () => {
  await place.json('profile', 'init', 'engineering-spend', '--out', 'own.yaml')
  const lines = profile('own.yaml').split('\n')
  const lineOf = (part: string): number => lines.findIndex((line) => line.includes(part)) + 1
  const errors: readonly (readonly [string, string, RegExp])[] = [
    ['version: 1', 'version: one', new RegExp(`own2.yaml:${lineOf('version: 1')}:10: /version`)],
    ['assets: [USD/2, USDC/6]', 'assets: [USD/2]', /USDC\/6. has a limit or tier but is not/],
    [
      'intent.amount > 10000',
      'intent.price > 10000',
      new RegExp(`own2.yaml:${lineOf('id: weekend') + 1}:37: condition .weekend.: .*price`),
    ],
    ['mode: enforce', 'mode: enforce\nmodes: { budget: soft }', /:\d+:\d+: \/modes\/budget/],
    ['mode: enforce', 'mode: [', /own2.yaml:\d+:\d+/],
  ]
  for (const [from, to, where] of errors) {
    changed('own.yaml', 'own2.yaml', from, to)
    const ended = await place.surety('profile', 'validate', 'own2.yaml', '--json')
    assert.equal(ended.code, 1, ended.out)
    assert.equal(problemIn(ended).code, 'profile_invalid')
    assert.match(problemIn(ended).title, where)
  }
  changed('own.yaml', 'idle.yaml', 'above: "150000"', 'above: "300000"')
  const idle = await place.surety('profile', 'validate', 'idle.yaml')
  assert.equal(idle.code, 1)
  const tier = lineOf('above: "150000"')
  assert.match(idle.out, new RegExp(`idle.yaml:${tier}:\\d+ {2}approvalTiers.2.above: no amount`))
  const lenient = await place.surety('profile', 'validate', 'idle.yaml', '--lenient')
  assert.equal(lenient.code, 0)
})

test('diff tells in plain words what is loosened and tightened', async () => {
  await place.json('profile', 'init', 'data-api-buyer', '--out', 'a.yaml')
  changed('a.yaml', 'b.yaml', 'max: "120000"', 'max: "200000"')
  changed('b.yaml', 'c.yaml', 'max: 1000,', 'max: 10,')
  const { loosened, changes } = await place.json<{ loosened: number; changes: object[] }>(
    'profile',
    'diff',
    'a.yaml',
    'c.yaml',
  )
  assert.deepEqual([loosened, changes.length], [1, 2])
  const { out } = await place.surety('profile', 'diff', 'a.yaml', 'c.yaml')
  assert.match(
    out,
    /loosened {3}limits.perRequest: USD\/2 in one request: at most 200000, was 120000/,
  )
  const strict = ['profile', 'diff', 'a.yaml', 'c.yaml', '--fail-on-loosened']
  assert.equal((await place.surety(...strict)).code, 1)
  assert.match((await place.surety('profile', 'diff', 'a.yaml', 'a.yaml')).out, /nothing changed/)
})

test('simulate says code and remedy of each failed rule, and ends with 1 where it came out other', async () => {
  mkdirSync(place.path('own'))
  const scenario = {
    schemaVersion: 'ProfileScenario.v1',
    name: 'too much',
    steps: [
      { request: { amount: '900001', riskClass: 'read' }, expect: { decision: 'allow' } },
      { request: { amount: '1', riskClass: 'read' } },
    ],
  }
  writeFileSync(place.path('own/one.json'), JSON.stringify(scenario))
  await place.json('profile', 'init', 'starter', '--out', 'mine.yaml')
  const args = ['profile', 'simulate', 'mine.yaml', '--scenarios', 'own']
  const ended = await place.surety(...args)
  assert.equal(ended.code, 1)
  assert.match(ended.out, /per_request_exceeded: the amount exceeds the limit of the profile/)
  assert.match(ended.out, /→ ask for less/)
  assert.match(ended.out, /expected allow/)
  const [first, second] = await Promise.all([
    place.surety(...args, '--json'),
    place.surety(...args, '--json'),
  ])
  assert.equal(first.out, second.out)
  writeFileSync(
    place.path('own/two.yaml'),
    'schemaVersion: ProfileScenario.v1\nname: x\nsteps: 1\n',
  )
  const broken = await place.surety(...args, '--json')
  assert.deepEqual([broken.code, problemIn(broken).code], [1, 'scenario_invalid'])
  assert.match(problemIn(broken).title, /own\/two.yaml:3:8: \/steps/)
  const none = ['profile', 'simulate', 'mine.yaml', '--scenarios', '.', '--json']
  writeFileSync(place.path('mine.yaml'), profile('mine.yaml').replace(/^# scaffolded.*\n/, ''))
  assert.notEqual((await place.surety(...none)).code, 0)
})

test('a schedule that is found is a scenario that runs; where there is none the search says so', async () => {
  await place.json('profile', 'init', 'engineering-spend', '--out', 'search.yaml')
  const search = ['profile', 'simulate', 'search.yaml', '--of', 'USD', '--actions', '3']
  const found = await place.surety(...search, '--exceed', '149999')
  assert.equal(found.code, 1)
  mkdirSync(place.path('found'))
  writeFileSync(place.path('found/schedule.yaml'), found.out)
  const run = await place.json<{ ok: boolean; scenarios: { steps: object[] }[] }>(
    'profile',
    'simulate',
    'search.yaml',
    '--scenarios',
    'found',
  )
  assert.deepEqual([run.ok, run.scenarios[0]?.steps.length], [true, 3])
  const none = await place.json<{ ok: boolean; most: string; scenario: null }>(
    ...search,
    '--exceed',
    '150000',
  )
  assert.deepEqual([none.ok, none.most, none.scenario], [true, '150000', null])
})
