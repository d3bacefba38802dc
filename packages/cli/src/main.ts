/**
 * Where the `surety` command starts.
 *
 * @module
 */
import { writeSync } from 'node:fs'
import { run } from './program.ts'

/** Written at once, so that nothing is lost when a process ends; a reader that left is no error. */
function writer(descriptor: number): (text: string) => void {
  return (text) => {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(descriptor, bytes, at)
      } catch (fault) {
        const code = (fault as NodeJS.ErrnoException).code
        if (code === 'EPIPE') return
        if (code !== 'EAGAIN') throw fault
      }
    }
  }
}

process.exitCode = await run(process.argv.slice(2), process.env, {
  out: writer(1),
  err: writer(2),
})
