/**
 * Local files: read with a limit, written whole or not at all, private where they hold secrets.
 *
 * @module
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { type JsonValue, parseJson } from '@surety/protocol'
import { localError } from '../exit.ts'

const FILE_BYTES_MAX = 8_388_608

/** Reads a file; `-` is standard input. */
export function readBytes(path: string, bytesMax = FILE_BYTES_MAX): Uint8Array {
  const descriptor = path === '-' ? 0 : openSync(path, 'r')
  try {
    if (path !== '-') {
      const file = fstatSync(descriptor)
      if (file.isDirectory()) {
        throw localError('not_a_file', `\`${path}\` is a directory`, 'name a file')
      }
      if (file.size > bytesMax) throw tooLarge(path, bytesMax)
    }
    const chunks: Buffer[] = []
    let total = 0
    for (;;) {
      const chunk = Buffer.alloc(65_536)
      const count = readSync(descriptor, chunk)
      if (count === 0) break
      total += count
      if (total > bytesMax) throw tooLarge(path, bytesMax)
      chunks.push(chunk.subarray(0, count))
    }
    return new Uint8Array(Buffer.concat(chunks))
  } finally {
    if (path !== '-') closeSync(descriptor)
  }
}

function tooLarge(path: string, bytesMax: number) {
  return localError(
    'file_too_large',
    `\`${path}\` is larger than ${String(bytesMax)} bytes`,
    'give a smaller file',
  )
}

export function readText(path: string): string {
  return Buffer.from(readBytes(path)).toString('utf8')
}

/** Reads one JSON document, strictly. */
export function readJson(path: string): JsonValue {
  const parsed = parseJson(readText(path))
  if (parsed.ok) return parsed.value
  const why = parsed.detail ?? parsed.refusal
  throw localError('file_not_json', `\`${path}\` is not JSON: ${why}`, 'check the file')
}

/** Writes a new file, readable by its owner alone if private; never over an existing one. */
export function writeNew(path: string, text: string, isPrivate: boolean): void {
  const mode = isPrivate ? 0o600 : 0o644
  const making = `${path}.${String(process.pid)}.new`
  try {
    const descriptor = openSync(making, 'wx', mode)
    writeSync(descriptor, text)
    fsyncSync(descriptor)
    closeSync(descriptor)
    // A link, unlike a rename, refuses a path that exists.
    linkSync(making, path)
  } catch (fault) {
    throw targetFault(path, fault)
  } finally {
    rmSync(making, { force: true })
  }
}

/** Replaces a public file as a whole. */
export function writeOver(path: string, text: string): void {
  const making = `${path}.${String(process.pid)}.new`
  try {
    const descriptor = openSync(making, 'w', 0o644)
    writeSync(descriptor, text)
    fsyncSync(descriptor)
    closeSync(descriptor)
    renameSync(making, path)
  } catch (fault) {
    rmSync(making, { force: true })
    throw targetFault(path, fault)
  }
}

/** What went wrong on the way to a target, told of its path and not of a temporary file. */
export function targetFault(path: string, fault: unknown): unknown {
  if (!(fault instanceof Error) || !('syscall' in fault) || !('code' in fault)) return fault
  const folder = `the folder of \`${path}\``
  switch (fault.code) {
    case 'ENOENT': {
      const remedy = 'make the folder, or choose another path'
      return localError('file_not_found', `${folder} does not exist`, remedy, fault)
    }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const remedy = 'check its permissions, or choose another path'
      return localError('file_not_accessible', `${folder} may not be written to`, remedy, fault)
    }
    case 'ENOTDIR': {
      const remedy = 'choose another path'
      return localError('not_a_directory', `${folder} is no directory`, remedy, fault)
    }
    default:
      return Object.assign(fault, { path })
  }
}

/** Holds a place for a private file while what goes into it is being made. */
export function reserve(path: string): {
  fill(content: string | Uint8Array): void
  giveUp(): void
} {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (fault) {
    throw targetFault(path, fault)
  }
  return {
    fill: (content) => {
      const descriptor = openSync(path, 'r+')
      writeSync(descriptor, Buffer.from(content))
      fsyncSync(descriptor)
      closeSync(descriptor)
    },
    giveUp: () => {
      if (readFileSync(path).length === 0) rmSync(path)
    },
  }
}

/** A private file that is written line by line: whole under its name in the end, or not at all. */
export interface LineFile {
  line(text: string): void
  keep(): void
  giveUp(): void
}

const LINES_LENGTH_MAX = 262_144

/** Begins a new file of lines beside its place; never over an existing one. */
export function newLines(path: string): LineFile {
  const making = `${path}.${String(process.pid)}.new`
  let waiting = ''
  try {
    closeSync(openSync(path, 'wx', 0o600))
    rmSync(path)
    const descriptor = openSync(making, 'wx', 0o600)
    const flush = () => {
      writeSync(descriptor, waiting)
      waiting = ''
    }
    return {
      line: (text) => {
        waiting += `${text}\n`
        if (waiting.length > LINES_LENGTH_MAX) flush()
      },
      keep: () => {
        flush()
        fsyncSync(descriptor)
        closeSync(descriptor)
        linkSync(making, path)
        rmSync(making)
      },
      giveUp: () => rmSync(making, { force: true }),
    }
  } catch (fault) {
    throw targetFault(path, fault)
  }
}
