/**
 * The real command, in a process of its own, in a scratch folder that goes away.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../packages/cli/bin/surety.js', import.meta.url))
export const STARTER = fileURLToPath(
  new URL('../../packages/cli/starters/starter.yaml', import.meta.url),
)

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** What a failed assertion left running would keep the test run from ever ending. */
/** By the folder it works in. */
const running = new Map<ChildProcess, string>()

/** Starts the command with an environment that names nothing. */
export function start(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Started {
  const { cwd = tmpdir() } = options
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.set(child, cwd)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child)
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
      resolve({ code, signal, out: text(out), err: text(err) })
    })
  })
  return { child, ended }
}

export interface Scratch {
  readonly directory: string
  path(name: string): string
  /** Runs a command in the folder. */
  surety(...args: readonly string[]): Promise<Ended>
  /** Runs one with --json and gives its document. */
  json<Document>(...args: readonly string[]): Promise<Document>
  remove(): void
}

export function scratch(env: Record<string, string> = {}): Scratch {
  const directory = mkdtempSync(join(tmpdir(), 'surety-cli-'))
  const surety = (...args: readonly string[]) => start(args, { cwd: directory, env }).ended
  return {
    directory,
    path: (name) => join(directory, name),
    surety,
    async json<Document>(...args: readonly string[]) {
      const ended = await surety(...args, '--json')
      if (ended.code !== 0) throw new Error(`surety ${args.join(' ')}: ${ended.err}${ended.out}`)
      return JSON.parse(ended.out) as Document
    },
    remove: () => {
      for (const [child, cwd] of running) if (cwd === directory) child.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export interface Server {
  readonly url: string
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stop(): Promise<Ended>
}

/** Serves a data directory on a free port; resolves when it says where. */
export async function serve(cwd: string, data = 'data'): Promise<Server> {
  const { child, ended } = start(['serve', '--data', data, '--port', '0', '--json'], { cwd })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      const found = /"url": "([^"]+)"/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    ended.then(({ err }) => reject(new Error(`serve ended: ${err}`)), reject)
  })
  return {
    url,
    child,
    ended,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

export interface Problem {
  readonly code: string
  readonly title: string
  readonly remedy: string
}

/** The problem that a failed command tells a program. */
export function problemIn({ err }: Ended): Problem {
  return JSON.parse(err) as Problem
}

export function idIn(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { principalId: string }).principalId
}

const AT_ONCE = 6

/** Looks at each, a few at a time: every look is a process. */
export async function eachOf<Item>(
  items: readonly Item[],
  look: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items]
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await look(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
