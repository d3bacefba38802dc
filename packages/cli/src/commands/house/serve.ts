/**
 * Serves a data directory until it is told to stop.
 *
 * Standard output gets one line, where it listens; the log is JSON on standard error.
 *
 * @module
 */
import { port } from '../../checks.ts'
import type { CommandSpec } from '../../command.ts'
import { EXIT, type ExitCode } from '../../exit.ts'
import { ensureData } from '../../local/data-directory.ts'

export const serve: CommandSpec = {
  name: 'serve',
  summary: 'serve a data directory',
  examples: ['surety serve --data ./data', 'surety serve --data ./data --port 0 --json'],
  options: [
    { flags: '--data <directory>', about: 'what `surety init` made', required: true },
    { flags: '--host <address>', about: 'where to listen (SURETY_HOST; else 127.0.0.1)' },
    {
      flags: '--port <number>',
      about: 'where to listen; 0 takes a free one (SURETY_PORT; else 8402)',
      check: port,
    },
  ],
  run: async (given, { answerEarly }) => {
    const stopped = stopSignal()
    const { readConfig, startHouse } = await import('@surety/server')
    const host = given.text('host')
    const chosen = given.text('port')
    const config = readConfig({
      dataDirectory: ensureData(given.required('data')),
      ...(host === undefined ? {} : { host }),
      ...(chosen === undefined ? {} : { port: Number(chosen) }),
    })
    const house = await startHouse(config)
    const document = { url: house.url, dataDirectory: config.dataDirectory, pid: process.pid }
    answerEarly({ document, lines: [`Surety listens on ${house.url}`] })
    const exit = await stopped
    await house.stop()
    return { document: undefined, lines: [], exit }
  },
}

/** One terminal key press may arrive twice: from the terminal, and passed on by a launcher. */
const SAME_SIGNAL_MS = 250

/** Resolves at the first signal to stop; a second one ends the process at once. */
function stopSignal(): Promise<ExitCode> {
  return new Promise((resolve) => {
    let first: number | undefined
    const stop = () => {
      const now = performance.now()
      if (first === undefined) {
        first = now
        resolve(EXIT.done)
      } else if (now - first > SAME_SIGNAL_MS) {
        process.exit(EXIT.server)
      }
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  })
}
