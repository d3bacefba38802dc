/**
 * How a command ends: five exit codes, and the errors that lead to them.
 *
 * @module
 */

/** Every exit code, and what it says. Shown by `surety --help`. */
export const EXIT = {
  done: 0,
  no: 1,
  usage: 2,
  server: 3,
  local: 4,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'the answer is no: refused by policy, not verified, not found',
  2: 'the command was not used as its help says',
  3: 'the server could not be reached, or failed',
  4: 'something is wrong with local files, keys or ports',
}

/** An error of the command line itself: what is wrong, and what to do about it. */
export class CliError extends Error {
  readonly code: string
  readonly remedy: string
  readonly exit: ExitCode

  constructor(
    exit: ExitCode,
    code: string,
    words: { readonly what: string; readonly remedy: string; readonly cause?: unknown },
  ) {
    super(words.what, { cause: words.cause })
    this.exit = exit
    this.code = code
    this.remedy = words.remedy
  }
}

/** Wrong usage. */
export function usageError(what: string, remedy: string): CliError {
  return new CliError(EXIT.usage, 'usage', { what, remedy })
}

/** Something on this machine. */
export function localError(code: string, what: string, remedy: string, cause?: unknown): CliError {
  return new CliError(EXIT.local, code, { what, remedy, cause })
}
