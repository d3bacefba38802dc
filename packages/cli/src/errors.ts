/**
 * The one place where an error becomes two lines for a person, or one problem for a program.
 *
 * @module
 */
import { PROBLEMS, type ProblemCode } from '@surety/protocol'
import { AnswerError, ProblemError } from '@surety/sdk'
import { CliError, EXIT, type ExitCode } from './exit.ts'

export interface Told {
  readonly exit: ExitCode
  /** RFC 9457 problem details. */
  readonly problem: Readonly<Record<string, unknown>> & {
    readonly code: string
    readonly title: string
    readonly remedy: string
  }
}

/** What an error is to whoever ran the command. */
export function tell(error: unknown): Told {
  if (error instanceof ProblemError) {
    const { problem } = error
    return { exit: problem.status >= 500 ? EXIT.server : EXIT.no, problem: { ...problem } }
  }
  if (error instanceof AnswerError) return answerProblem(error)
  if (error instanceof CliError) {
    return { exit: error.exit, problem: problemOf(error.code, error.message, error.remedy) }
  }
  const coded = codedProblem(error)
  if (coded !== undefined) return coded
  const detail = error instanceof Error ? error.message : String(error)
  return {
    exit: EXIT.local,
    problem: problemOf('internal_fault', detail, 'report this with the command you ran'),
  }
}

/** The lines a person reads: what, and what to do; the code in brackets. */
export function linesOf({ problem }: Told): readonly string[] {
  const detail = typeof problem.detail === 'string' ? `: ${problem.detail}` : ''
  return [`${problem.title}${detail} [${problem.code}]`, problem.remedy]
}

function problemOf(code: string, title: string, remedy: string): Told['problem'] {
  return { type: `urn:surety:cli:${code}`, title, code, retry: 'change', remedy }
}

function answerProblem({ code, message }: AnswerError): Told {
  const remedy =
    code === 'unreachable'
      ? 'start it with `surety serve --data DIR`, or name the right address with --url'
      : 'check that --url names a Surety server; what answered is not to be relied upon'
  return { exit: EXIT.server, problem: problemOf(code, message.replace(`${code}: `, ''), remedy) }
}

/** Errors of the server package that carry a code of their own (a data directory, a setting). */
function codedProblem(error: unknown): Told | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : undefined
  if (error.constructor.name === 'HouseError' && code !== undefined) {
    const [what = '', remedy = ''] = error.message.split('; ', 2)
    return { exit: EXIT.local, problem: problemOf(code, what, remedy) }
  }
  if (error.constructor.name === 'ConfigError') {
    return {
      exit: EXIT.usage,
      problem: problemOf('setting_invalid', error.message, 'correct the environment variable'),
    }
  }
  if (error.constructor.name === 'Failure' && code !== undefined && Object.hasOwn(PROBLEMS, code)) {
    const { title, remedy } = PROBLEMS[code as ProblemCode]
    return { exit: EXIT.server, problem: problemOf(code, title, remedy) }
  }
  return SYSTEM_CODES[code ?? '']?.(error) ?? damage(error)
}

const local = (code: string, what: string, remedy: string): Told => ({
  exit: EXIT.local,
  problem: problemOf(code, what, remedy),
})

const DAMAGED_REMEDY = 'restore the directory from a backup; `surety fsck` checks what is there'
/** What the keystore says of keys that are not there, or not what they should be. */
const KEYS_DAMAGED =
  /^there is no current \w+ key$| does not hold 32 bytes$|^jwks\.json is not a key set/

/** A data directory that cannot be used as it is: SQLite's primary result codes, and keys. */
function damage(error: Error & { errcode?: unknown }): Told | undefined {
  if (KEYS_DAMAGED.test(error.message)) {
    return local('keys_damaged', `the keys are damaged: ${error.message}`, DAMAGED_REMEDY)
  }
  if (typeof error.errcode !== 'number') return undefined
  switch (error.errcode & 0xff) {
    case 8:
    case 14: {
      const what = `the data directory may not be written to: ${error.message}`
      return local('data_directory_not_writable', what, 'check its permissions and its owner')
    }
    case 10:
    case 11:
    case 26:
      return local('data_damaged', `the database is damaged: ${error.message}`, DAMAGED_REMEDY)
    case 13:
      return SYSTEM_CODES.ENOSPC?.(error)
    default:
      return undefined
  }
}

const SYSTEM_CODES: Readonly<Record<string, (error: Error & { path?: string }) => Told>> = {
  EADDRINUSE: () =>
    local('port_in_use', 'the port is already in use', 'stop what listens there, or use --port'),
  EADDRNOTAVAIL: () =>
    local('host_not_available', 'this machine has no such address', 'use another --host'),
  EROFS: () =>
    local('file_not_accessible', 'the file system is read-only', 'use another directory'),
  ENOENT: ({ path }) =>
    local('file_not_found', `\`${path ?? ''}\` does not exist`, 'check the path'),
  EACCES: ({ path }) =>
    local('file_not_accessible', `\`${path ?? ''}\` may not be used`, 'check its permissions'),
  EEXIST: ({ path }) =>
    local('file_exists', `\`${path ?? ''}\` exists already`, 'choose another path'),
  EISDIR: ({ path }) => local('not_a_file', `\`${path ?? ''}\` is a directory`, 'name a file'),
  ENOTDIR: ({ path }) =>
    local('not_a_directory', `\`${path ?? ''}\` is no directory`, 'name a directory'),
  ENOTEMPTY: ({ path }) =>
    local('target_not_empty', `\`${path ?? ''}\` is not empty`, 'name a new directory'),
  ENOSPC: () => local('disk_full', 'the disk is full', 'make room and run it again'),
}
