/** Consumes an authorization, once, before the work is done. Rules: domain/gate. */
import { gate, type policy, type principal } from '@surety/domain'
import {
  admitKey,
  type ExecutionIntent,
  err,
  examineSigned,
  type Id,
  ok,
  type RequestFingerprint,
} from '@surety/protocol'
import type { Facts, Idempotency, Outcome, Scope, Stamp, UseCase } from '../../ports.ts'
import { requestControls, stopsSpend } from '../control/standing.ts'
import { type GrantChain, grantChain } from '../grant/chain.ts'
import { profileByHash } from '../profile/current-profile.ts'
import { isRemembered } from '../receipts.ts'
import {
  type Answer,
  type App,
  activeProfileKey,
  type Call,
  type Caller,
  gateKey,
  gateStream,
  grantKey,
  principalKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { chainUsable, partiesOf } from './facts.ts'
import { deadlineOf, evolveAll } from './view.ts'

/** What the executor presents: the authorization, and what it is about to do. */
export interface ExecutionRequest {
  readonly authorization: string
  readonly request: RequestFingerprint
  readonly amount?: string
  readonly asset?: string
  readonly payee?: string
  readonly rail?: string
  readonly grantHash?: string
  readonly policyHash?: string
  readonly nonce?: string
  readonly notAfter?: string
}

interface Executing {
  readonly gateId: Id<'gat'>
  readonly intent: ExecutionIntent
  readonly authorizationHash: string
  readonly presented: gate.Presented
  readonly executorId: Id<'prn'>
  readonly chain: GrantChain
  readonly partyIds: readonly Id<'prn'>[]
  readonly terms: policy.CompiledProfile
  readonly denyAllHash: string
}
type Reads = ReturnType<typeof reads>

function reads({ gateId, intent, chain, partyIds, terms }: Executing) {
  const { policyHash } = terms
  return {
    gate: gateKey(gateId),
    activeProfile: activeProfileKey,
    parties: partyIds.map((id) => principalKey(id)),
    grants: chain.map(({ grantHash }) => grantKey(grantHash)),
    controls: requestControls({ tenantId: intent.tenantId, intent, policyHash }, chain),
  }
}

const useCase: UseCase<Executing, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const before = read.gate.state
    const { strictBinding, settlement } = input.terms.profile
    const started = gate.decide(before, {
      type: 'execute',
      authorizationHash: input.authorizationHash,
      presented: input.presented,
      executorId: input.executorId,
      at: stamp.at,
      terms: { strictBinding, evidenceWithinMs: settlement.evidenceWithinMs },
      now: nowOf(read, input, stamp),
    })
    if (!started.ok) return { type: 'refuse', code: started.refusal, detail: started.detail }
    return start(before, read, started.value, stamp)
  },
}

/** INVARIANT(control): what rules at the moment of effect, read in the very transaction. */
function nowOf(read: Facts<Reads>, { chain, partyIds, denyAllHash }: Executing, stamp: Stamp) {
  const parties = new Map(
    partyIds.map((id, i) => [id as string, read.parties[i]?.state as principal.Principal]),
  )
  return {
    policyHash: read.activeProfile.state?.policyHash ?? denyAllHash,
    grantsUsable: chainUsable(chain, read.grants, parties, stamp.atText),
    partiesActive: [...parties.values()].every(
      (party) => party.status === 'registered' && party.lifecycle === 'active',
    ),
    stopped: stopsSpend(read.controls),
  }
}

function start(
  before: gate.Gate,
  read: Facts<Reads>,
  events: readonly gate.GateEvent[],
  stamp: Stamp,
): Outcome<Answer> {
  const state = evolveAll(before, events, stamp.at)
  if (state.status === 'none') throw new Error('an executing gate is one')
  const stream = gateStream(state.gateId)
  const writing = new Writing(stamp)
  writing.append({ family: 'gate', id: state.gateId, stream, before: read.gate }, events, state)
  return writing.deadline(state.gateId, deadlineOf(before), deadlineOf(state)).answer(null, stream)
}

/** The agent, or the payee that is about to work, may consume the authorization. */
export function executeGate(
  app: App,
  caller: Caller,
  call: { readonly gateId: string; readonly body: ExecutionRequest },
  idempotency: Idempotency | null,
): Call<Executing, Reads> {
  const { authorization, ...presented } = call.body
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const { scope, principalId } = caller
      const { state } = await app.store.reads.state(scope, 'gate', call.gateId)
      if (state.status === 'none') return err('gate_not_found')
      const { intent, gateId } = state
      const parties: readonly string[] = [intent.agentId, intent.payee]
      if (principalId === 'system' || !parties.includes(principalId)) return err('gate_not_found')
      if (!('authorization' in state) || state.authorization === null) {
        return err('gate_not_authorized')
      }
      const verified = await verifyOwn(app, scope, gateId, authorization)
      if (!verified.ok) return verified
      const chain = await grantChain(app, scope, intent.grantHash)
      return ok({
        gateId,
        intent,
        authorizationHash: verified.value.hash,
        presented,
        executorId: principalId,
        chain,
        partyIds: partiesOf(intent, chain),
        // Attacker-controlled: what is presented may be signed by us for another tenant.
        terms: await profileByHash(app, scope, state.authorization.policyHash),
        denyAllHash: app.denyAllHash,
      })
    },
  }
}

/** An authorization under Surety's own signature; one just issued is known by its very bytes. */
async function verifyOwn(app: App, scope: Scope, gateId: string, jws: string) {
  const examined = examineSigned(['Authorization.v1'], jws, app.crypto)
  if (!examined.ok) return examined
  const key = admitKey(examined.value, app.signer.key(examined.value.kid))
  if (!key.ok) return key
  if (isRemembered(app, scope, gateStream(gateId), jws)) return ok(examined.value)
  const { signature, message } = examined.value
  const genuine = await app.verify(signature, message, key.value.publicKey)
  return genuine ? ok(examined.value) : err('signature_invalid')
}
