import { createServer, type RequestListener } from 'node:http'
import type { Ready } from './child.ts'

/** Serves on a free port of loopback. */
export function listen(listener: RequestListener): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const server = createServer(listener).once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({ url: `http://127.0.0.1:${String(port)}` })
    })
  })
}
