/**
 * A command as data: what it takes, an example, and a function that gives an answer.
 *
 * @module
 */
import type { ExitCode } from './exit.ts'

/** What a command found or did: a document for programs, lines for people. */
export interface Answer {
  /** `undefined` where everything was told before the end. */
  readonly document: unknown
  readonly lines: readonly string[]
  readonly exit?: ExitCode
}

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** What the user gave, read through methods that check the kind. */
export class Given {
  readonly #args: readonly string[]
  readonly #values: Values

  constructor(args: readonly string[], values: Values) {
    this.#args = args
    this.#values = values
  }

  /** A positional argument; the parser has ensured that required ones are there. */
  arg(index: number): string {
    return this.#args[index] ?? ''
  }

  optionalArg(index: number): string | undefined {
    return this.#args[index]
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' ? value : undefined
  }

  /** An option that the parser has ensured, or that has a default. */
  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new Error(`the option ${name} is not declared as required`)
    return value
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  list(name: string): readonly string[] {
    const value = this.#values[name]
    return Array.isArray(value) ? (value as readonly string[]) : []
  }

  /** A repeatable option that was not given at all is absent, not empty. */
  listIfGiven(name: string): readonly string[] | undefined {
    const list = this.list(name)
    return list.length === 0 ? undefined : list
  }
}

export interface OptionSpec {
  /** As commander writes them: `--name <text>`. */
  readonly flags: string
  readonly about: string
  readonly fallback?: string
  readonly choices?: readonly string[]
  /** May stand more than once. */
  readonly many?: true
  readonly required?: true
  /** Refuses a text that cannot be meant; gives the text to use. */
  readonly check?: (text: string) => string
}

export interface CommandSpec {
  /** As commander writes it: `show <gateId>`. */
  readonly name: string
  readonly summary: string
  readonly examples: readonly string[]
  readonly options?: readonly OptionSpec[]
  /** Needs the server; `server as --server` where --url means something else. */
  readonly connects?: 'server' | 'server as --server'
  readonly run: (given: Given, host: CommandHost) => Promise<Answer | undefined>
}

/** A command, or several under one name. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly commands: readonly CommandSpec[]
  /** Commands that share a second word. */
  readonly groups?: readonly CommandGroup[]
}
export type Module = CommandSpec | CommandGroup

/** What a command may use of the process, besides what it was given. */
export interface CommandHost {
  readonly json: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  /** For what is told while a command still runs; silent in --json mode. */
  say(line: string): void
  /** The one document of a command that answers before it ends. */
  answerEarly(answer: Answer): void
}
