/**
 * Requests as a stranger sends them: whole but wrong over fetch, or byte by byte over a socket.
 *
 * @module
 */
import { connect, type Socket } from 'node:net'
import { type Answer, ensureAnswer } from './answers.ts'

export interface Sent {
  readonly method: string
  readonly path: string
  readonly apiKey?: string | undefined
  readonly key?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** A value is sent as JSON; a text as it is. */
  readonly body?: unknown
}

/** Sends one request and holds the answer to what its route promises. */
export async function send(url: string, sent: Sent): Promise<Answer> {
  const { method, path, apiKey, key, body } = sent
  const headers: Record<string, string> = {}
  if (apiKey !== undefined) headers.authorization = `Bearer ${apiKey}`
  if (key !== undefined) headers['idempotency-key'] = key
  if (body !== undefined) headers['content-type'] = 'application/json'
  Object.assign(headers, sent.headers)
  const text = typeof body === 'string' ? body : body === undefined ? undefined : stringify(body)
  const response = await fetch(url + path, {
    method,
    headers,
    ...(text === undefined ? {} : { body: text }),
  })
  const answer = { status: response.status, headers: response.headers, text: await response.text() }
  ensureAnswer(method, path, answer)
  return answer
}

const stringify = (value: unknown): string => JSON.stringify(value)

const SILENCE_MAX_MS = 2_000

/** Writes bytes to the door and reads what it says until it closes or falls silent. */
export function speak(url: string, bytes: string | Uint8Array, hangUp = false): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket: Socket = connect(Number(port), hostname)
    const heard: Buffer[] = []
    const end = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(Buffer.concat(heard).toString('latin1'))
    }
    const timer = setTimeout(end, SILENCE_MAX_MS)
    socket.on('connect', () => {
      socket.write(bytes, () => {
        if (hangUp) end()
      })
    })
    socket.on('data', (chunk) => {
      heard.push(chunk)
      if (isWhole(Buffer.concat(heard).toString('latin1'))) end()
    })
    socket.on('close', end)
    socket.on('error', end)
  })
}

/** Whether a response with a length has arrived in full. */
function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(text.slice(0, head))?.[1]
  return head !== -1 && length !== undefined && text.length - head - 4 >= Number(length)
}

/** Reads a response that came over a socket. */
export function answerOf(text: string): Answer {
  const head = text.indexOf('\r\n\r\n')
  const lines = text.slice(0, head).split('\r\n')
  const headers = new Map(
    lines.slice(1).map((line) => {
      const [name = '', ...rest] = line.split(':')
      return [name.toLowerCase(), rest.join(':').trim()]
    }),
  )
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(lines[0] ?? '')?.[1] ?? 0)
  return {
    status,
    headers: { get: (name) => headers.get(name) ?? null },
    text: text.slice(head + 4),
  }
}
