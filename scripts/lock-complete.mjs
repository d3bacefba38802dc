// Adds to package-lock.json the optional platform packages that npm left out of it.
//
// npm drops an optional package that does not resolve where the lock is written, and `npm ci` then
// refuses the lock because the entry is absent. Every such package is pinned by its parent to one
// exact version and names its platform, so the entry can be written from the lock alone. It
// carries no integrity hash: its archive was not seen.
//
//   node scripts/lock-complete.mjs           write the missing entries
//   node scripts/lock-complete.mjs --check   write nothing; exit 1 if an entry is missing
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const lockPath = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony']
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
]

/** Where Node would look for `name` from the package at `from`, nearest first. */
function places(from, name) {
  const found = []
  for (let at = from; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    found.push(`${at}/node_modules/${name}`)
  }
  return [...found, `node_modules/${name}`]
}

/** The platform that a package name such as `@oxc-parser/binding-linux-arm64-musl` states. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const system = words.find(
    (word) => systems.includes(word) || word === 'win32' || word === 'sunos',
  )
  if (words.includes('wasm32')) return { cpu: ['wasm32'] }
  const processor = words
    .map((word) => (word === 'amd64' ? 'x64' : word))
    .find((word) => processors.includes(word))
  if (system === undefined || processor === undefined) {
    throw new Error(`\`${name}\` is missing from the lock and its name states no platform`)
  }
  const libc = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }
  const word = words.find((each) => each in libc)
  const found = { cpu: [processor], os: [system] }
  return system === 'linux' && word !== undefined ? { ...found, libc: [libc[word]] } : found
}

function missingEntries(packages) {
  const added = {}
  for (const [from, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if ([...places(from, name)].some((place) => place in packages)) continue
      if (!/^\d+\.\d+\.\d+[\w.+-]*$/.test(version)) {
        throw new Error(`\`${name}@${version}\` is missing from the lock and is not one version`)
      }
      const facts = {
        ...platformOf(name),
        ...(entry.dev === true && { dev: true }),
        optional: true,
      }
      // npm's own order, so that a later install leaves the lock as it is.
      const sorted = Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1))
      added[`node_modules/${name}`] = { version, ...Object.fromEntries(sorted) }
    }
  }
  return added
}

const lock = JSON.parse(readFileSync(lockPath, 'utf8'))
const added = missingEntries(lock.packages)
const names = Object.keys(added)
const isCheck = process.argv.includes('--check')
console.log(`lock: ${Object.keys(lock.packages).length} entries examined, ${names.length} missing`)
for (const name of names) console.log(`  ${name} ${added[name].version}`)

if (names.length > 0 && isCheck) {
  console.error('run `node scripts/lock-complete.mjs` and keep its result')
  process.exitCode = 1
} else if (names.length > 0) {
  const all = Object.entries({ ...lock.packages, ...added })
  all.sort(([a], [b]) => (a === b ? 0 : a.localeCompare(b, 'en')))
  lock.packages = Object.fromEntries(all)
  writeFileSync(lockPath, `${JSON.stringify(lock, null, 2)}\n`)
}
