/**
 * A seller as the README of `@x402/express` writes one.
 *
 * @module
 */
import { Readable } from 'node:stream'
import { HTTPFacilitatorClient } from '@x402/core/server'
import { ExactEvmScheme } from '@x402/evm/exact/server'
import { UptoEvmScheme } from '@x402/evm/upto/server'
import { paymentMiddleware, setSettlementOverrides, x402ResourceServer } from '@x402/express'
import express from 'express'
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
  const app = express()
  app.use(paymentMiddleware(routesFor(payTo), server))
  for (const [path, { body }] of Object.entries(WARES)) {
    app.get(path, (_request, response) => {
      response.json(body)
    })
  }
  for (const [path, status] of Object.entries(UPFRONT)) {
    app.get(path, (_request, response) => {
      response.status(status).json({ ticket: status })
    })
  }
  for (const [path, stream] of Object.entries(STREAMS)) {
    app.get(path, (_request, response) => {
      response.type(stream.type)
      Readable.from(piecesOf(stream), { objectMode: false }).pipe(response)
    })
  }
  app.get(METERED.path, (request, response) => {
    setSettlementOverrides(response, takenOf(request.url))
    response.json({ metered: true })
  })
  app.post('/translate', express.json(), (request, response) => {
    response.json({ translated: request.body })
  })
  app.get('/free', (_request, response) => {
    response.json({ free: true })
  })
  return behindDoor(await listen(app), () => fault)
}

runAsChild<SellerConfig, SellerFault>(start, (next) => {
  fault = next
})
