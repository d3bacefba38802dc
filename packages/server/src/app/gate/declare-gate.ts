/** Declares a gate for an intent that its agent signed. Rules: domain/gate. */
import { gate } from '@surety/domain'
import {
  type ExecutionIntent,
  err,
  ok,
  type ProblemCode,
  type Result,
  type Verified,
} from '@surety/protocol'
import type { Idempotency, UseCase } from '../../ports.ts'
import { keyHolds, verifyParty } from '../principal/party-signature.ts'
import {
  type Answer,
  type App,
  type Call,
  type Caller,
  gateStream,
  principalKey,
} from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'
import { canonicalRequest } from './request.ts'

interface Declaring {
  readonly jws: string
  readonly verified: Verified<'ExecutionIntent.v1'>
}
type Reads = { readonly agent: ReturnType<typeof principalKey> }

const useCase: UseCase<Declaring, Reads, Answer> = {
  reads: ({ verified }) => ({ agent: principalKey(verified.object.agentId) }),
  decide: ({ agent }, { jws, verified }, stamp) => {
    const { object: intent, hash: intentHash, kid } = verified
    if (!keyHolds(agent.state, kid, stamp.atText)) {
      return { type: 'refuse', code: 'signing_key_not_valid' }
    }
    const gateId = stamp.mint('gat')
    const command = { type: 'declare', gateId, intent, intentHash, kid, at: stamp.at } as const
    const declared = gate.decide(gate.initial, command)
    if (!declared.ok) return { type: 'refuse', code: declared.refusal, detail: declared.detail }
    const state = declared.value.reduce(
      (before, event) => gate.evolve(before, event, stamp.at),
      gate.initial,
    )
    if (state.status === 'none') throw new Error('a declared gate is one')
    const stream = gateStream(gateId)
    const writing = new Writing(stamp)
    writing.append(
      { family: 'gate', id: gateId, stream, before: fresh(gate.initial) },
      declared.value,
      state,
    )
    return writing
      .unique(claimIntent(intent, gateId))
      .unique(claimNonce(intent, gateId))
      .document(gateId, 'intent.jws', jws)
      .answer(null, stream)
  },
}

/** INVARIANT(once): one gate per intent, one intent per nonce of an agent. */
function claimIntent({ intentId }: ExecutionIntent, owner: string) {
  return { family: 'intent', key: intentId, owner, refusal: 'intent_already_declared' } as const
}
function claimNonce({ agentId, nonce }: ExecutionIntent, owner: string) {
  return {
    family: 'nonce',
    key: `${agentId}:${nonce}`,
    owner,
    refusal: 'nonce_already_used',
  } as const
}

/** Who declares is the agent itself, with an intent under its own signature. */
export function declareGate(
  app: App,
  caller: Caller,
  jws: string,
  idempotency: Idempotency | null,
): Call<Declaring, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async (): Promise<Result<Declaring, ProblemCode>> => {
      const types = ['ExecutionIntent.v1'] as const
      const verified = await verifyParty(app, caller, { types, jws, signer: 'agentId' })
      if (!verified.ok) return verified
      const intent = verified.value.object
      if (intent.agentId !== caller.principalId) return err('caller_mismatch', intent.agentId)
      if (BigInt(intent.amount) === 0n) return err('amount_invalid', 'an intent pays something')
      const canonical = canonicalRequest(intent.requestFingerprint)
      if (canonical !== undefined) return err('fingerprint_not_canonical', canonical)
      return ok({ jws, verified: verified.value })
    },
  }
}
