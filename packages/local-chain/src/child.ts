/**
 * Programs of this package as processes of their own: started with a configuration, told what to
 * break, and gone when whoever started them is.
 *
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'

/** What a program answers when it is ready. */
export interface Ready {
  readonly url: string
}

type ToChild =
  | { readonly type: 'start'; readonly config: unknown }
  | { readonly type: 'fault'; readonly fault: unknown }
type FromChild =
  | { readonly type: 'ready'; readonly ready: Ready }
  | { readonly type: 'faultSet' }
  | { readonly type: 'failed'; readonly message: string }

export interface Child<Fault> extends Ready {
  readonly pid: number
  /** Resolves when the program has taken it. */
  setFault(fault: Fault): Promise<void>
  /** At once, without farewell. */
  stop(): Promise<void>
}

export type Program = 'facilitator' | 'express-seller' | 'hono-seller' | 'hostile-seller'

export async function startChild<Fault>(program: Program, config: unknown): Promise<Child<Fault>> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const module = new URL(`./processes/${program}.${extension}`, import.meta.url)
  const child = fork(module, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const answer = async (message: ToChild): Promise<FromChild> => {
    const settled = new AbortController()
    const { signal } = settled
    child.send(message)
    try {
      const first = await Promise.race([
        once(child, 'message', { signal }).then(([said]: FromChild[]) => said),
        once(child, 'exit', { signal }).then(() => undefined),
      ])
      if (first === undefined) throw new Error(`${program} ended`)
      if (first.type === 'failed') throw new Error(`${program}: ${first.message}`)
      return first
    } finally {
      settled.abort()
    }
  }
  const answered = await answer({ type: 'start', config })
  if (answered.type !== 'ready') throw new Error(`${program} is not ready`)
  return {
    ...answered.ready,
    pid: child.pid ?? 0,
    setFault: async (fault) => void (await answer({ type: 'fault', fault })),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** The other end: runs a program in this process for whoever forked it. */
export function runAsChild<Config, Fault>(
  start: (config: Config) => Promise<Ready>,
  setFault: (fault: Fault) => void,
): void {
  const say = (message: FromChild): void => {
    process.send?.(message)
  }
  process.on('disconnect', () => process.exit(0))
  process.on('message', (message: ToChild) => {
    if (message.type === 'fault') {
      setFault(message.fault as Fault)
      say({ type: 'faultSet' })
      return
    }
    start(message.config as Config).then(
      (ready) => say({ type: 'ready', ready }),
      (error: unknown) => say({ type: 'failed', message: String(error) }),
    )
  })
}
