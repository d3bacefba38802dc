/**
 * A bundle as a directory: read without trusting a name in it, written whole or not at all.
 *
 * @module
 */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { BUNDLE_LIMITS, BundlePath, parseAs } from '@surety/protocol'
import { CliError, EXIT, localError } from '../exit.ts'
import { targetFault } from './files.ts'

const NOFOLLOW = constants.O_NOFOLLOW ?? 0
const NONBLOCK = constants.O_NONBLOCK ?? 0

interface Listed {
  readonly path: string
  readonly size: number
}

/**
 * Reads a bundle. Attacker-controlled: all of it. Names, kinds, number and sizes are known good
 * before the first byte is read; a link is never followed.
 */
export function readBundle(directory: string): ReadonlyMap<string, Uint8Array> {
  const state = lstatSync(directory)
  if (!state.isDirectory()) {
    const what = `\`${directory}\` is not a directory`
    throw localError('bundle_not_a_directory', what, 'name the directory that was exported')
  }
  const listed = list(directory, '', true)
  const total = listed.reduce((sum, { size }) => sum + size, 0)
  if (total > BUNDLE_LIMITS.totalBytesMax) {
    throw hostile('', `its files are larger than ${String(BUNDLE_LIMITS.totalBytesMax)} bytes`)
  }
  return new Map(listed.map((file) => [file.path, read(directory, file)]))
}

function list(root: string, folder: string, mayHoldFolders: boolean): readonly Listed[] {
  const found: Listed[] = []
  let entries = 0
  // Attacker-controlled: a folder may hold any number of entries; they are counted one by one.
  const opened = opendirSync(join(root, folder))
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) {
      entries += 1
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entries > BUNDLE_LIMITS.filesMax + 2) throw hostile(folder, 'it holds too many entries')
      const state = lstatSync(join(root, path))
      if (state.isDirectory() && mayHoldFolders) {
        if (!/^[a-z]{1,32}$/.test(entry.name)) throw hostile(path, 'its name is not allowed')
        found.push(...list(root, path, false))
      } else if (!state.isFile()) {
        throw hostile(path, 'it is not a regular file')
      } else if (!parseAs(BundlePath, path).ok) {
        throw hostile(path, 'its name is not allowed')
      } else if (state.size > BUNDLE_LIMITS.fileBytesMax) {
        throw hostile(path, `it is larger than ${String(BUNDLE_LIMITS.fileBytesMax)} bytes`)
      } else {
        found.push({ path, size: state.size })
      }
      if (found.length > BUNDLE_LIMITS.filesMax + 2) throw hostile('', 'it holds too many files')
    }
  } finally {
    opened.closeSync()
  }
  return found
}

function read(root: string, { path, size }: Listed): Uint8Array {
  // A file that was swapped for a link or a pipe since it was listed is refused here.
  const descriptor = openSync(join(root, path), constants.O_RDONLY | NOFOLLOW | NONBLOCK)
  try {
    const state = fstatSync(descriptor)
    if (!state.isFile() || state.size !== size) throw hostile(path, 'it changed while it was read')
    const bytes = new Uint8Array(size)
    let at = 0
    while (at < size) {
      const count = readSync(descriptor, bytes, at, size - at, at)
      if (count === 0) throw hostile(path, 'it changed while it was read')
      at += count
    }
    return bytes
  } finally {
    closeSync(descriptor)
  }
}

function hostile(path: string, why: string): CliError {
  const name = JSON.stringify(path.slice(0, 160))
  const what = `the bundle is refused, nothing of it was believed: ${name}: ${why}`
  const remedy = 'ask for the bundle again; do not trust this one'
  return new CliError(EXIT.no, 'bundle_hostile', { what, remedy })
}

/** Whether a path lies within a directory, links resolved. */
export function isWithin(path: string, directory: string): boolean {
  const way = relative(realpathSync(directory), realpathSync(path))
  return way === '' || (!way.startsWith('..') && resolve(way) !== way)
}

/** Writes a bundle to a new or empty directory: beside it first, then moved into place. */
export function writeBundle(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  const exists = existsSync(directory)
  if (exists && (!lstatSync(directory).isDirectory() || readdirSync(directory).length > 0)) {
    throw localError('target_not_empty', `\`${directory}\` is not empty`, 'name a new directory')
  }
  const target = resolve(directory)
  const making = `${target}.${String(process.pid)}.new`
  try {
    mkdirSync(dirname(target), { recursive: true })
    mkdirSync(making)
    for (const [path, bytes] of files) {
      // What a server answers names files too: none of them may leave the directory.
      if (!parseAs(BundlePath, path).ok) throw hostile(path, 'its name is not allowed')
      const file = join(making, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, bytes, { flag: 'wx', flush: true })
    }
    if (exists) rmdirSync(target)
    renameSync(making, target)
    syncDirectory(dirname(target))
  } catch (fault) {
    rmSync(making, { recursive: true, force: true })
    throw targetFault(directory, fault)
  }
}

function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(directory, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
