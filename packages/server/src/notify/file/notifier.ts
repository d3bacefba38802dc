/**
 * Tells the outside by a file: one JSON line a fact, appended and flushed, for anyone to follow.
 *
 * A line may come twice after a crash; `position` says which. What a crash left of a line is cut
 * off before the next one is written: a follower that takes whole lines reads only whole facts.
 *
 * @module
 */
import { type FileHandle, open } from 'node:fs/promises'
import { Failure, type Notifier } from '../../ports.ts'

const LINE_END = 0x0a
const CHUNK = 65_536

export function fileNotifier(file: string): Notifier {
  return {
    async deliver(rows) {
      // The body is JSON text already, made by the store's writer.
      const lines = rows.map(({ position, scope, topic, body }) => {
        const head = JSON.stringify({ position, ...scope, topic })
        return `${head.slice(0, -1)},"body":${body}}\n`
      })
      try {
        const handle = await openToAppend(file)
        try {
          await cutTornLine(handle)
          await handle.appendFile(lines.join(''))
          await handle.datasync()
        } finally {
          await handle.close()
        }
      } catch (cause) {
        throw new Failure('store_unavailable', cause)
      }
    },
  }
}

/** Reading and appending; made if it is not there. */
function openToAppend(file: string): Promise<FileHandle> {
  return open(file, 'a+', 0o600)
}

/** Cost: one byte read where the last line is whole. */
async function cutTornLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat()
  const buffer = Buffer.alloc(CHUNK)
  const last = size === 0 ? undefined : await handle.read(buffer, 0, 1, size - 1)
  if (last === undefined || buffer[0] === LINE_END) return
  for (let end = size; ; end -= CHUNK) {
    const from = Math.max(0, end - CHUNK)
    const { bytesRead } = await handle.read(buffer, 0, end - from, from)
    const at = buffer.subarray(0, bytesRead).lastIndexOf(LINE_END)
    if (at === -1 && from > 0) continue
    await handle.truncate(from + at + 1)
    return
  }
}
