/**
 * JSON-RPC to a node, one request at a time.
 *
 * @module
 */
export class Rpc {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Throws what the node says is wrong. */
  async call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const answer = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const body = (await answer.json()) as { result?: unknown; error?: { message: string } }
    if (body.error !== undefined) throw new Error(`${method}: ${body.error.message}`)
    return body.result
  }
}
