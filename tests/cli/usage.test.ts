import assert from 'node:assert/strict'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { tell } from '../../packages/cli/src/errors.ts'
import { reserve, writeNew, writeOver } from '../../packages/cli/src/local/files.ts'
import { MODULES } from '../../packages/cli/src/modules.ts'
import { eachOf, problemIn, type Scratch, STARTER, scratch } from './support.ts'

let place: Scratch
before(() => {
  place = scratch()
})
after(() => place.remove())

/** Every command, as its words. */
async function everyCommand(): Promise<readonly (readonly string[])[]> {
  const modules = await Promise.all(MODULES.map(({ load }) => load()))
  return modules.flatMap((module) =>
    'commands' in module
      ? [[module.name], ...module.commands.map(({ name }) => [module.name, firstWord(name)])]
      : [[firstWord(module.name)]],
  )
}

function firstWord(name: string): string {
  return name.split(' ', 1)[0] ?? ''
}

test('the help of every command has an example that names it', async () => {
  const commands = await everyCommand()
  assert.ok(commands.length >= 45, `only ${String(commands.length)} commands`)
  await eachOf(commands, async (words) => {
    const { code, out, err } = await place.surety(...words, '--help')
    assert.equal(code, 0, words.join(' '))
    assert.equal(err, '')
    assert.match(out, new RegExp(`\\$ surety ${words.join(' ')}`))
  })
})

test('every name in the list is the name of what it loads', async () => {
  for (const { name, load } of MODULES) assert.equal(firstWord((await load()).name), name)
})

test('the help tells the exit codes, and the version is told', async () => {
  const { code, out } = await place.surety()
  assert.equal(code, 0)
  for (const digit of [0, 1, 2, 3, 4])
    assert.match(out, new RegExp(`^ {2}${String(digit)} {2}`, 'm'))
  const manifest = new URL('../../packages/cli/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  assert.equal((await place.surety('--version')).out, `${version}\n`)
  assert.equal((await place.surety('help', 'gate')).code, 0)
})

test('wrong usage exits 2 with what is wrong and a hint', async () => {
  const cases: readonly (readonly string[])[] = [
    ['gat'],
    ['gate'],
    ['gate', 'shw'],
    ['gate', 'show'],
    ['gate', 'show', 'gat_x', '--credentials', 'x.json'],
    ['gate', 'list', '--state', 'lost'],
    ['gate', 'list', '--limt', '3'],
    ['gate', 'list', 'surplus'],
    ['gate', 'list'],
    ['verify', 'bundle'],
    ['serve', '--data', 'data', '--port', '70000'],
    ['init', 'data', '--environment', 'moon'],
    [
      'deposit',
      '--to',
      `prn_${'0'.repeat(26)}`,
      '--amount',
      '2.50',
      '--source',
      'a',
      '--reference',
      'b',
    ],
    ['keys', 'rotate-system', 'nonsense', '--data', 'data'],
    ['principal', 'register', '--kind', 'robot', '--name', 'x', '--out', 'x.json'],
    ['grant', 'issue', '--to', 'prn_nobody'],
    ['grant', 'issue', '--to', `prn_${'0'.repeat(26)}`],
    ['grant', 'issue', '--to', `prn_${'0'.repeat(26)}`, '--total', '5', '--unbounded'],
    ['help', 'bogus'],
    ['init', 'data', '--name', ''],
    ['account', 'list', '--url', 'nowhere'],
  ]
  await eachOf(cases, async (words) => {
    const plain = await place.surety(...words)
    assert.equal(plain.code, 2, `${words.join(' ')}: ${plain.err}`)
    assert.equal(plain.out, '')
    assert.match(plain.err, /^surety: .+ \[usage\]\n {2}→ .+\n$/)
    const json = await place.surety(...words, '--json')
    assert.equal(json.code, 2)
    const problem = problemIn(json)
    assert.equal(problem.code, 'usage')
    assert.notEqual(problem.remedy, '')
  })
})

test('a mistyped command gets a suggestion', async () => {
  assert.match((await place.surety('gat')).err, /Did you mean gate/)
})

test('a file that is missing or not what it should be exits 4', async () => {
  writeFileSync(place.path('empty.json'), '')
  writeFileSync(place.path('array.json'), '[]')
  writeFileSync(place.path('twice.json'), '{"a":1,"a":2}')
  mkdirSync(place.path('folder'), { recursive: true })
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['file_not_found', ['gate', 'list', '--credentials', 'missing.json']],
    ['file_not_json', ['gate', 'list', '--credentials', 'empty.json']],
    ['credentials_file_invalid', ['gate', 'list', '--credentials', 'array.json']],
    ['file_not_json', ['gate', 'list', '--credentials', 'twice.json']],
    ['file_not_found', ['profile', 'validate', 'missing.yaml']],
    ['not_a_file', ['profile', 'validate', 'folder']],
    ['file_not_found', ['verify', 'missing', '--keys', 'array.json']],
    ['keys_invalid', ['verify', 'folder', '--keys', 'array.json']],
    ['data_directory_missing', ['serve', '--data', 'folder']],
    ['data_directory_missing', ['fsck', '--data', 'folder']],
    ['data_directory_missing', ['keys', 'rotate-system', 'bundle', '--data', 'folder']],
  ]
  await eachOf(cases, async ([code, words]) => {
    const ended = await place.surety(...words, '--json')
    assert.equal(ended.code, 4, `${words.join(' ')}: ${ended.err}`)
    assert.equal(problemIn(ended).code, code, words.join(' '))
  })
  const folder = await place.surety('profile', 'validate', 'folder')
  assert.match(folder.err, /`folder` is a directory/)
})

test('damage to a data directory exits 4 and says what restores it', async () => {
  await place.json('init', 'whole')
  const { keys } = JSON.parse(readFileSync(place.path('whole/keys/jwks.json'), 'utf8')) as {
    keys: { kid: string }[]
  }
  const seed = `keys/${keys[0]?.kid ?? ''}.seed`
  const cases: readonly (readonly [string, (house: string) => void])[] = [
    ['keys_damaged', (house) => rmSync(join(house, seed))],
    ['keys_damaged', (house) => writeFileSync(join(house, seed), 'short')],
    ['keys_damaged', (house) => writeFileSync(join(house, 'keys/jwks.json'), '{}')],
    ['data_damaged', (house) => truncateSync(join(house, 'surety.db'), 5_000)],
    ['data_damaged', (house) => writeFileSync(join(house, 'surety.db'), 'not a database')],
  ]
  for (const [code, harm] of cases) {
    cpSync(place.path('whole'), place.path('harmed'), { recursive: true })
    harm(place.path('harmed'))
    const ended = await place.surety('serve', '--data', 'harmed', '--port', '0', '--json')
    assert.equal(ended.code, 4, ended.err)
    assert.equal(problemIn(ended).code, code)
    assert.match(problemIn(ended).remedy, /backup/)
    rmSync(place.path('harmed'), { recursive: true })
  }
})

test('an error about a target names the path that was given, never a temporary file', () => {
  mkdirSync(place.path('taken'), { recursive: true })
  const absent = place.path('absent/x.json')
  const cases: readonly (readonly [string, string, () => unknown])[] = [
    ['file_not_found', absent, () => writeNew(absent, '', true)],
    ['file_not_found', absent, () => writeOver(absent, '')],
    ['file_not_found', absent, () => reserve(absent)],
    ['file_exists', place.path('taken'), () => writeNew(place.path('taken'), '', true)],
    ['not_a_file', place.path('taken'), () => writeOver(place.path('taken'), '')],
  ]
  for (const [code, path, write] of cases) {
    const { problem, exit } = toldOf(write)
    assert.equal(exit, 4)
    assert.equal(problem.code, code)
    assert.ok(problem.title.includes(`\`${path}\``), problem.title)
  }
  assert.deepEqual(
    readdirSync(place.directory).filter((name) => name.endsWith('.new')),
    [],
  )
})

function toldOf(work: () => unknown) {
  try {
    work()
  } catch (fault) {
    return tell(fault)
  }
  throw new Error('it did not fail')
}

test('a server that is not there exits 3', async () => {
  const ended = await place.surety('keys', 'jwks', '--url', 'http://127.0.0.1:9', '--json')
  assert.equal(ended.code, 3)
  assert.equal(problemIn(ended).code, 'unreachable')
})

test('a profile with an error names its place and exits 1', async () => {
  const good = readFileSync(STARTER, 'utf8')
  const cases: readonly (readonly [string, RegExp])[] = [
    [good.replace('max: "1000"', 'max: 1000'), /\/limits\/perRequest\/0\/max/],
    [good.replace('version: 1', 'version: one'), /\/version/],
    [good.replace('assets: [USD/2]', 'assets: [EUR/2]'), /USD\/2/],
    [`${good}\nsurprise: true\n`, /surprise/],
    [`${good}\nname: Twice\n`, /unique/],
    ['a: [', /profile is invalid/],
  ]
  for (const [text, where] of cases) {
    writeFileSync(place.path('profile.yaml'), text)
    const ended = await place.surety('profile', 'validate', 'profile.yaml', '--json')
    assert.equal(ended.code, 1, ended.err)
    assert.equal(problemIn(ended).code, 'profile_invalid')
    assert.match(problemIn(ended).title, where)
  }
})

/** An address where nobody listens, whatever else runs on this machine. */
const NOBODY = ['--url', 'http://127.0.0.1:9']

test('doctor fails where something is wrong, and says what helps', async () => {
  const ended = await place.surety('doctor', '--data', 'nowhere', ...NOBODY, '--json')
  assert.equal(ended.code, 1)
  const { ok, checks } = JSON.parse(ended.out) as {
    ok: boolean
    checks: { check: string; result: string; remedy?: string }[]
  }
  assert.equal(ok, false)
  const failed = checks.filter(({ result }) => result === 'fail')
  assert.deepEqual(
    failed.map(({ check }) => check),
    ['data_directory', 'server'],
  )
  assert.ok(failed.every(({ remedy }) => remedy !== undefined))
})
