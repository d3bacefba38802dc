/** Starts the payment of a purchase that was allowed after somebody was asked. */
import type { gate } from '@surety/domain'
import { err, ok } from '@surety/protocol'
import type { UseCase } from '../../ports.ts'
import { decisionReads, preparedFor } from '../gate/authorize-gate.ts'
import { deadlineOf } from '../gate/view.ts'
import { type Answer, type App, type Call, type Caller, gateKey, gateStream } from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { claimCredential, startPayment } from './purchase.ts'
import { sinceBlock } from './rail.ts'
import { permitRefusal } from './wallet/allowance.ts'

type Deciding = Parameters<typeof decisionReads>[0]
interface Starting extends Deciding {
  readonly gateId: string
  readonly sinceBlock: number
}
type Reads = ReturnType<typeof reads>

function reads(input: Starting) {
  return { gate: gateKey(input.gateId), ...decisionReads(input) }
}

const useCase: UseCase<Starting, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const { state } = read.gate
    if (state.status !== 'authorized') return { type: 'refuse', code: 'gate_not_authorized' }
    const started = startPayment(state, { read, input, stamp })
    if (!started.ok) return { type: 'refuse', code: started.refusal, detail: started.detail }
    const { facts, state: next } = started.value
    const stream = gateStream(state.gateId)
    const writing = new Writing(stamp)
    writing.append({ family: 'gate', id: state.gateId, stream, before: read.gate }, facts, next)
    claimCredential(writing, next)
    return writing.deadline(state.gateId, deadlineOf(state), deadlineOf(next)).answer(null, stream)
  },
}

/** Consumes the authorization: from here on there is one credential, and it may be handed over. */
export function startAuthorized(
  app: App,
  caller: Caller,
  state: Extract<gate.Gate, { status: 'authorized' }>,
): Call<Starting, Reads> {
  return {
    useCase,
    idempotency: null,
    prepare: async () => {
      const { intent, intentKid, quote, walletId, gateId } = state
      if (quote === undefined || walletId === undefined) return err('gate_not_authorized')
      if (quote.scheme === 'upto') {
        const allowed = await permitRefusal(app, caller.scope, quote, walletId)
        if (!allowed.ok) return allowed
      }
      const asked = { intent, intentKid, quote, walletId }
      const deciding = await preparedFor(app, caller.scope, asked)
      return ok({
        ...deciding,
        gateId,
        sinceBlock: await sinceBlock(app, caller.scope, quote.network),
      })
    },
  }
}
