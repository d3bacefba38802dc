/**
 * The reference facilitator of the x402 packages over HTTP, settling on the chain it is given.
 *
 * The packages verify and settle; this program lends them accounts that pay for gas, and breaks
 * what it is told to break in its own answers, never in what the packages do.
 *
 * @module
 */
import { x402Facilitator } from '@x402/core/facilitator'
import type { PaymentPayload, PaymentRequirements, SettleResponse } from '@x402/core/types'
import { toFacilitatorEvmSigner } from '@x402/evm'
import { ExactEvmScheme } from '@x402/evm/exact/facilitator'
import { UptoEvmScheme } from '@x402/evm/upto/facilitator'
import express, { type Request, type Response } from 'express'
import {
  createPublicClient,
  encodeFunctionData,
  formatTransactionReceipt,
  type Hex,
  http,
  type VerifyTypedDataParameters,
  verifyTypedData,
  WaitForTransactionReceiptTimeoutError,
} from 'viem'
import { baseSepolia } from 'viem/chains'
import { NETWORK } from '../anvil.ts'
import { runAsChild } from '../child.ts'
import type { FacilitatorFault } from '../faults.ts'
import { listen } from '../listen.ts'

/** Every anvil has these accounts unlocked and rich. */
const SPONSORS: readonly Hex[] = [
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
]
/** Takes what `upto` permits; a credential names it, so it is one and has no other work. */
const TAKER: Hex = '0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc'
const GAS = '0x493e0'
const LOOK_EVERY_MS = 5
const WAIT_MAX_MS = 30_000
const CHECKED_MAX = 1_000

export interface FacilitatorConfig {
  readonly rpcUrl: string
}

let fault: FacilitatorFault = { type: 'none' }

interface Settlement {
  readonly paymentPayload: PaymentPayload
  readonly paymentRequirements: PaymentRequirements
}

function start({ rpcUrl }: FacilitatorConfig) {
  const facilitator = new x402Facilitator()
    .register(NETWORK, new ExactEvmScheme(signer(rpcUrl, SPONSORS)))
    .register(NETWORK, new UptoEvmScheme(signer(rpcUrl, [TAKER])))
  const app = express().use(express.json({ limit: '100kb' }))
  app.use((_request, response, next) => {
    if (fault.type === 'down') response.destroy()
    else next()
  })
  app.get('/supported', (_request, response) => {
    response.json(facilitator.getSupported())
  })
  app.post('/verify', async (request: Request, response: Response) => {
    const { paymentPayload, paymentRequirements } = request.body as Settlement
    response.json(await facilitator.verify(paymentPayload, paymentRequirements))
  })
  app.post('/settle', async (request: Request, response: Response) => {
    response.json(await settle(facilitator, request.body as Settlement))
  })
  return listen(app)
}

async function settle(facilitator: x402Facilitator, body: Settlement): Promise<SettleResponse> {
  const { paymentPayload, paymentRequirements } = body
  const { network } = paymentRequirements
  const unsettled = { success: false, transaction: '', network }
  const run = () => facilitator.settle(paymentPayload, paymentRequirements)
  switch (fault.type) {
    case 'pending': {
      setTimeout(() => void run().catch(() => undefined), fault.settlesAfterMs)
      return { ...unsettled, errorReason: 'settlement_pending' }
    }
    case 'refusing':
      return { ...unsettled, errorReason: 'unexpected_settle_error' }
    case 'lying':
      return { success: true, transaction: `0x${'5'.repeat(64)}`, network }
    default:
      return run()
  }
}

const checked = new Map<string, Promise<boolean>>()

/** The packages check a signature when they verify and again when they settle: once is enough. */
function remembered(args: object): Promise<boolean> {
  const name = JSON.stringify(args, (_, each: unknown) =>
    typeof each === 'bigint' ? String(each) : each,
  )
  const known = checked.get(name)
  if (known !== undefined) return known
  if (checked.size >= CHECKED_MAX) checked.clear()
  const fresh = verifyTypedData(args as VerifyTypedDataParameters)
  checked.set(name, fresh)
  return fresh
}

/**
 * The node signs for its own accounts. They take turns, and each sends one transaction after
 * another: of two at once the node would give both the same place.
 */
function signer(rpcUrl: string, accounts: readonly Hex[]) {
  const address = accounts[0] ?? '0x'
  const client = createPublicClient({
    chain: baseSepolia,
    transport: http(rpcUrl, { batch: true }),
    cacheTime: 0,
  })
  const lanes = accounts.map((from) => ({ from, last: Promise.resolve() as Promise<unknown> }))
  let turn = 0
  const send = (to: Hex, data: Hex): Promise<Hex> => {
    const lane = lanes[turn % lanes.length]
    turn += 1
    if (lane === undefined) throw new Error('no account')
    const params = [{ from: lane.from, to, data, gas: GAS }]
    const sent = lane.last.then(() =>
      client.request({ method: 'eth_sendTransaction', params } as never),
    ) as Promise<Hex>
    lane.last = sent.catch(() => undefined)
    return sent
  }
  return toFacilitatorEvmSigner({
    address,
    readContract: (args) => client.readContract({ ...args, account: address } as never),
    verifyTypedData: remembered,
    writeContract: (args) => send(args.address, encodeFunctionData(args as never)),
    sendTransaction: ({ to, data }) => send(to, data),
    getCode: (args) => client.getCode(args),
    async waitForTransactionReceipt({ hash, timeout = WAIT_MAX_MS }) {
      const started = performance.now()
      while (performance.now() - started < timeout) {
        const found = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
        if (found !== null) return formatTransactionReceipt(found)
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      }
      throw new WaitForTransactionReceiptTimeoutError({ hash })
    },
  })
}

runAsChild<FacilitatorConfig, FacilitatorFault>(start, (next) => {
  fault = next
})
