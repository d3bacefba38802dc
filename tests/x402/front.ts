/**
 * A seller that is not ours, and somebody in front of it who sees what comes and spoils what goes.
 *
 * @module
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Seen {
  readonly method: string
  readonly isPaid: boolean
  readonly headers: IncomingMessage['headers']
}

export interface Front {
  readonly url: string
  readonly seen: Seen[]
  /** What becomes of the answer to a paid request; as it is if nothing is said. */
  spoil: ((answer: IncomingMessage, response: ServerResponse) => void) | undefined
  close(): void
}

/** Stands in front of a seller. */
export async function inFrontOf(seller: string): Promise<Front> {
  const { hostname, port } = new URL(seller)
  const server = createServer((incoming, response) => {
    const { method = 'GET', url = '/', headers } = incoming
    const isPaid = headers['payment-signature'] !== undefined
    front.seen.push({ method, isPaid, headers })
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      if (isPaid && front.spoil !== undefined) return front.spoil(answer, response)
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const front: Front = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    seen: [],
    spoil: undefined,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return front
}
