/**
 * The command line: finds the command, reads what it was given, prints what it answers.
 *
 * Only the module of the command that runs is loaded.
 *
 * @module
 */
import { Command, CommanderError, Option } from 'commander'
import {
  type Answer,
  type CommandGroup,
  type CommandHost,
  type CommandSpec,
  Given,
  type OptionSpec,
  type Values,
} from './command.ts'
import { CliError, EXIT, EXIT_MEANINGS, type ExitCode, usageError } from './exit.ts'
import { MODULES } from './modules.ts'

const VERSION = '0.1.0'

export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** Runs one command line; answers with the exit code. */
export async function run(
  args: readonly string[],
  env: CommandHost['env'],
  streams: Streams,
): Promise<ExitCode> {
  const json = args.includes('--json')
  try {
    return await dispatch(args, { json, env, streams })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    const { linesOf, tell } = await import('./errors.ts')
    const told = tell(error instanceof CommanderError ? misuse(error) : error)
    if (json) streams.err(`${JSON.stringify(told.problem)}\n`)
    else {
      const [what = '', remedy = ''] = linesOf(told)
      streams.err(`surety: ${what}\n  → ${remedy}\n`)
    }
    return told.exit
  }
}

interface Running {
  readonly json: boolean
  readonly env: CommandHost['env']
  readonly streams: Streams
}

async function dispatch(args: readonly string[], running: Running): Promise<ExitCode> {
  const { streams } = running
  const ended: { exit: ExitCode } = { exit: EXIT.done }
  const root = base(new Command('surety'), streams)
    .description('Surety decides, binds, books and proves what agents pay for.')
    .version(VERSION, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .option('--url <url>', 'where Surety is (SURETY_URL; else as the credentials say)')
    .option('--credentials <file>', 'who calls: a credentials file (SURETY_CREDENTIALS)')
    .option('--json', 'answer with one JSON document')
    .addHelpText('after', rootHelp)
  const named = nameOf(args)
  ensureKnownHelp(args, named)
  for (const { name, summary, load } of MODULES) {
    if (name !== named) {
      base(root.command(name), streams).description(summary)
      continue
    }
    const module = await load()
    const finish = (exit: ExitCode) => {
      ended.exit = exit
    }
    if ('commands' in module) addGroup(root, module, running, finish)
    else addCommand(root, module, running, finish)
  }
  if (args.length === 0) {
    root.outputHelp()
    return EXIT.done
  }
  await root.parseAsync(args, { from: 'user' })
  return ended.exit
}

const WITH_VALUE = new Set(['--url', '--credentials'])

/** The command's name: the first word that is neither an option nor the value of one. */
function nameOf(args: readonly string[]): string | undefined {
  const words = args.filter((_, i) => !WITH_VALUE.has(args[i - 1] ?? ''))
  const plain = words.filter((word) => !word.startsWith('-'))
  return plain[0] === 'help' ? plain[1] : plain[0]
}

/** `help` of a command that is not there: commander would print the whole help, and fail. */
function ensureKnownHelp(args: readonly string[], named: string | undefined): void {
  const words = args.filter((word) => !word.startsWith('-'))
  if (words[0] !== 'help' || named === undefined) return
  if (MODULES.some(({ name }) => name === named)) return
  throw usageError(`there is no command \`${named}\``, '`surety --help` lists the commands')
}

function base(command: Command, { out, err }: Streams): Command {
  return command
    .exitOverride()
    .showSuggestionAfterError(true)
    .allowExcessArguments(false)
    .helpOption('-h, --help', 'print this')
    .configureOutput({
      writeOut: out,
      writeErr: err,
      // Errors are told in one place, by `run`.
      outputError: () => undefined,
    })
}

function addGroup(
  root: Command,
  group: CommandGroup,
  running: Running,
  finish: (exit: ExitCode) => void,
): void {
  const { groups = [] } = group
  const parent = base(root.command(group.name), running.streams).description(group.summary)
  parent.helpCommand(false)
  parent.addHelpText('after', examplesOf(group.commands.map(({ examples }) => examples[0] ?? '')))
  parent.action(() => {
    const names = [...group.commands, ...groups].map(({ name }) => name.split(' ')[0])
    const given = parent.args[0]
    const what =
      given === undefined
        ? `\`${group.name}\` needs to know what to do`
        : `\`${group.name}\` has no \`${given}\``
    throw new CliError(EXIT.usage, 'usage', {
      what,
      remedy: `use one of ${names.join(', ')}; \`surety ${group.name} --help\` explains them`,
    })
  })
  parent.allowExcessArguments(true)
  for (const spec of group.commands) addCommand(parent, spec, running, finish)
  for (const inner of groups) addGroup(parent, inner, running, finish)
}

function addCommand(
  parent: Command,
  spec: CommandSpec,
  running: Running,
  finish: (exit: ExitCode) => void,
): void {
  const command = base(parent.command(spec.name), running.streams).description(spec.summary)
  for (const option of spec.options ?? []) command.addOption(optionOf(option))
  if (spec.connects !== undefined) {
    const flag = spec.connects === 'server' ? '--url <url>' : '--server <url>'
    command.option(flag, 'where Surety is (SURETY_URL; else as the credentials say)')
    command.option('--credentials <file>', 'who calls: a credentials file (SURETY_CREDENTIALS)')
  }
  command.option('--json', 'answer with one JSON document')
  command.addHelpText('after', examplesOf(spec.examples))
  command.action(async () => {
    const values = valuesOf(command, spec)
    const host = hostOf(running)
    const answer = await spec.run(new Given(command.args, values), host)
    if (answer === undefined) return
    print(answer, running)
    finish(answer.exit ?? EXIT.done)
  })
}

/** Global options may stand before the command; what stands after it wins. */
function valuesOf(command: Command, spec: CommandSpec): Values {
  const own = command.opts<Values>()
  if (spec.connects === undefined) return own
  const { url: globalUrl, credentials } = rootOf(command).opts<Values>()
  const server = spec.connects === 'server' ? own.url : own.server
  return {
    ...own,
    server: server ?? globalUrl,
    credentials: own.credentials ?? credentials,
  }
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent)
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.about)
  if (spec.choices !== undefined) option.choices(spec.choices)
  if (spec.fallback !== undefined) option.default(spec.fallback)
  if (spec.required === true) option.makeOptionMandatory()
  const { check, many, choices } = spec
  if (check !== undefined || many === true) {
    option.argParser((text: string, before: unknown) => {
      if (choices !== undefined && !choices.includes(text)) {
        throw new CliError(EXIT.usage, 'usage', {
          what: `\`${text}\` is not a value of ${spec.flags}`,
          remedy: `use one of ${choices.join(', ')}`,
        })
      }
      const value = check === undefined ? text : check(text)
      return many === true ? [...((before as readonly string[] | undefined) ?? []), value] : value
    })
  }
  return option
}

function hostOf({ json, env, streams }: Running): CommandHost {
  return {
    json,
    env,
    say: (line) => {
      if (!json) streams.out(`${line}\n`)
    },
    answerEarly: (answer) => print(answer, { json, env, streams }),
  }
}

function print({ document, lines }: Answer, { json, streams }: Running): void {
  if (document === undefined) return
  if (json) streams.out(`${JSON.stringify(document, null, 2)}\n`)
  else if (lines.length > 0) streams.out(`${lines.join('\n')}\n`)
}

function examplesOf(examples: readonly string[]): string {
  const lines = examples.map((example) => `  $ ${example}`)
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.join('\n')}`
}

function rootHelp(): string {
  const codes = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code}  ${meaning}`)
  const examples = examplesOf([
    'surety demo',
    'surety init ./data && surety serve --data ./data',
    'surety verify ./bundle --keys jwks.json',
  ])
  return `${examples}\n\nExit codes:\n${codes.join('\n')}`
}

/** What commander found wrong, in our words. */
function misuse(error: CommanderError): CliError {
  const said = error.message.replace(/^error: /, '')
  const [what = '', suggestion] = said.split('\n', 2)
  const hint = suggestion === undefined ? '' : `${suggestion.replace(/^\(|\)$/g, '')} `
  const remedy = hint === '' ? 'see `surety --help`, or --help after a command' : hint.trim()
  return new CliError(EXIT.usage, 'usage', {
    what: what.replaceAll("'", '`'),
    remedy,
    cause: error,
  })
}
