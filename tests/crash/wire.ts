/**
 * Requests over a connection that is kept, and the plain truth of what came back.
 *
 * @module
 */
import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly replayed: boolean
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

/** A command as it is sent; asked again, it is sent again to the letter. */
export interface Asked {
  readonly path: string
  readonly apiKey: string
  readonly key: string
  readonly text: string | undefined
  /** Whole, or there was none. */
  answer: Answer | undefined
}

export class Wire {
  readonly #agent = new Agent({ keepAlive: true })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** Sends a command; `undefined` if the server did not live to answer. */
  ask({ path, apiKey, key, text }: Omit<Asked, 'answer'>): Promise<Answer | undefined> {
    return this.#send('POST', path, apiKey, { 'idempotency-key': key }, text)
  }

  get(path: string, apiKey: string): Promise<Answer | undefined> {
    return this.#send('GET', path, apiKey, {}, undefined)
  }

  #send(
    method: string,
    path: string,
    apiKey: string,
    more: Readonly<Record<string, string>>,
    text: string | undefined,
  ): Promise<Answer | undefined> {
    const type = text === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { authorization: `Bearer ${apiKey}`, ...more, ...type }
    return new Promise((resolve) => {
      const none = () => resolve(undefined)
      const sent = request(`${this.#url}${path}`, { method, headers, agent: this.#agent })
      sent.on('error', none)
      sent.on('response', (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => pieces.push(piece))
        response.on('error', none)
        response.on('aborted', none)
        response.on('end', () => {
          if (!response.complete) return none()
          const whole = Buffer.concat(pieces).toString('utf8')
          const replayed = response.headers['idempotent-replayed'] === 'true'
          const body = JSON.parse(whole) as Answer['body']
          resolve({ status: response.statusCode ?? 0, replayed, text: whole, body })
        })
      })
      sent.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
