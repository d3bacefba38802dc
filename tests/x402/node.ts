/**
 * A node like those one can rent: the real one behind it, and what it refuses to answer.
 *
 * @module
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** Says of a question, and of what the real node answers to it, whether it is refused. */
export type Unwilling = (call: Call, result: unknown) => boolean

export interface UnwillingNode {
  readonly url: string
  refuses: Unwilling
  /** What never reaches the real node, though the answer is a refusal too. */
  loses: (call: Call) => boolean
  close(): void
}

/** Forwards to a node, one question after another. */
export async function unwillingNode(rpcUrl: string): Promise<UnwillingNode> {
  const error = { code: -32_005, message: 'query returned more than 10000 results' }
  const ask = async (call: Call) => {
    const { id } = call
    if (node.loses(call)) return { jsonrpc: '2.0', id, error }
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(rpcUrl, { method: 'POST', headers, body: JSON.stringify(call) })
    const { result } = (await answer.json()) as { readonly result: unknown }
    return node.refuses(call, result)
      ? { jsonrpc: '2.0', id, error }
      : { jsonrpc: '2.0', id, result }
  }
  const server: Server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', async () => {
      const body = JSON.parse(Buffer.concat(pieces).toString()) as Call | readonly Call[]
      const answers = 'id' in body ? await ask(body) : await Promise.all(body.map(ask))
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answers))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const node: UnwillingNode = {
    url: `http://127.0.0.1:${String(port)}`,
    refuses: () => false,
    loses: () => false,
    close: () => void server.close(),
  }
  return node
}
