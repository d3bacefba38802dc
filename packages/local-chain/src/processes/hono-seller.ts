/**
 * A seller as the README of `@x402/hono` writes one.
 *
 * @module
 */

import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { HTTPFacilitatorClient } from '@x402/core/server'
import { ExactEvmScheme } from '@x402/evm/exact/server'
import { UptoEvmScheme } from '@x402/evm/upto/server'
import { paymentMiddleware, setSettlementOverrides, x402ResourceServer } from '@x402/hono'
import { Hono } from 'hono'
import { NETWORK } from '../anvil.ts'
import { runAsChild } from '../child.ts'
import type { SellerFault } from '../faults.ts'
import { listen } from '../listen.ts'
import {
  behindDoor,
  METERED,
  piecesOf,
  routesFor,
  type SellerConfig,
  STREAMS,
  takenOf,
  UPFRONT,
  WARES,
} from './shop.ts'

let fault: SellerFault = { type: 'none' }

async function start({ facilitatorUrl, payTo }: SellerConfig) {
  const facilitator = new HTTPFacilitatorClient({ url: facilitatorUrl })
  const server = new x402ResourceServer(facilitator)
    .register(NETWORK, new ExactEvmScheme())
    .register(NETWORK, new UptoEvmScheme())
  const app = new Hono()
  app.use(paymentMiddleware(routesFor(payTo), server))
  for (const [path, { body }] of Object.entries(WARES))
    app.get(path, (context) => context.json(body))
  for (const [path, status] of Object.entries(UPFRONT)) {
    app.get(path, (context) => context.json({ ticket: status }, status))
  }
  for (const [path, stream] of Object.entries(STREAMS)) {
    app.get(path, (context) => {
      const body = Readable.toWeb(Readable.from(piecesOf(stream), { objectMode: false }))
      return context.body(body as never, 200, { 'content-type': stream.type })
    })
  }
  app.get(METERED.path, (context) => {
    setSettlementOverrides(context, takenOf(context.req.url))
    return context.json({ metered: true })
  })
  app.post('/translate', async (context) => {
    const translated: unknown = await context.req.json()
    return context.json({ translated } as never)
  })
  app.get('/free', (context) => context.json({ free: true }))
  return behindDoor(await listen(getRequestListener(app.fetch)), () => fault)
}

runAsChild<SellerConfig, SellerFault>(start, (next) => {
  fault = next
})
