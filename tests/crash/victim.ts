/**
 * A server process, and the ways it ends.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('./server.ts', import.meta.url))

export class Victim {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #gone: Promise<unknown>
  #errors = ''
  url = ''

  constructor(directory: string) {
    const args = ['--conditions=@surety/source', SERVER, directory]
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#gone = once(this.#child, 'exit')
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.#errors += piece.toString('utf8')
    })
    // A pipe to a process that is gone breaks; that it is gone is asked for elsewhere.
    this.#child.stdin?.on('error', () => undefined)
    const output = this.#child.stdout as NonNullable<ChildProcess['stdout']>
    this.#lines = createInterface({ input: output })[Symbol.asyncIterator]()
  }

  /** Until it serves. */
  async ready(): Promise<this> {
    this.url = await this.#line()
    return this
  }

  /** One round of its workers, from now on. */
  async tick(): Promise<void> {
    this.#child.stdin?.write('tick\n')
    await this.#line()
  }

  async #line(): Promise<string> {
    const line = await this.#lines.next()
    if (line.done === true) throw new Error(`the server ended: ${this.#errors}`)
    return line.value
  }

  /** `kill -9`: nothing more of it happens. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }

  askToStop(): void {
    this.#child.kill('SIGTERM')
  }

  async stop(): Promise<void> {
    this.askToStop()
    await this.#gone
  }
}
