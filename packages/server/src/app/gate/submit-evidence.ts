/** Takes the provider's signed statement, judges it, and settles. Rules: domain/evidence. */
import { evidence, gate, type policy, principal } from '@surety/domain'
import {
  type ExecutionIntent,
  err,
  fromBase64url,
  fromUtf8,
  type Id,
  type JsonObject,
  type JsonRefusal,
  ok,
  type ProblemCode,
  parseJson,
  type Result,
  type Verified,
} from '@surety/protocol'
import type { Idempotency, UseCase } from '../../ports.ts'
import { requestControls, stopsRelease } from '../control/standing.ts'
import { type GrantChain, grantChain } from '../grant/chain.ts'
import { keyHolds, verifyParty } from '../principal/party-signature.ts'
import { profileByHash } from '../profile/current-profile.ts'
import { type Answer, type App, type Call, type Caller, gateKey, principalKey } from '../runtime.ts'
import { settleExecuted } from './settle.ts'

export interface EvidenceRequest {
  /** The provider's signed statement. */
  readonly response: string
  /** The bytes of the response, base64url, where a verifier must see them; they are not kept. */
  readonly body?: string
}

interface Submitting {
  readonly gateId: Id<'gat'>
  readonly intent: ExecutionIntent
  readonly chain: GrantChain
  readonly jws: string
  readonly verified: Verified<'ProviderResponse.v1'>
  readonly body: evidence.BodyFacts | null
  readonly terms: policy.CompiledProfile
  readonly submittedBy: Id<'prn'>
}
type Reads = ReturnType<typeof reads>

function reads({ gateId, intent, chain, terms, verified }: Submitting) {
  const { policyHash } = terms
  return {
    gate: gateKey(gateId),
    payee: principalKey(verified.object.payee),
    controls: requestControls({ tenantId: intent.tenantId, intent, policyHash }, chain),
  }
}

const useCase: UseCase<Submitting, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const { object: statement, hash: evidenceHash, kid } = input.verified
    if (!keyHolds(read.payee.state, kid, stamp.atText)) {
      return { type: 'refuse', code: 'evidence_not_authentic', detail: 'the signing key has ended' }
    }
    const { submittedBy, terms, jws } = input
    const command = { type: 'accept', statement, evidenceHash, submittedBy, at: stamp.at } as const
    const accepted = gate.decide(read.gate.state, command)
    if (!accepted.ok) return { type: 'refuse', code: accepted.refusal, detail: accepted.detail }
    // INVARIANT(control): who may not act is not paid; the gate waits for them or for its deadline.
    if (!principal.mayAct(read.payee.state)) {
      return { type: 'refuse', code: 'principal_not_active', detail: statement.payee }
    }
    const { settlement } = terms.profile
    const checks = evidence.check(settlement.verifiers, statement, input.body)
    const document = { name: 'response.jws', text: jws }
    const frozen = stopsRelease(read.controls)
    const judged = { checks, settlement, terms, document, frozen }
    return settleExecuted(read.gate, accepted.value, judged, stamp)
  },
}

/** Agent and payee may each submit. Evidence that does not authenticate changes nothing. */
export function submitEvidence(
  app: App,
  caller: Caller,
  call: { readonly gateId: string; readonly body: EvidenceRequest },
  idempotency: Idempotency | null,
): Call<Submitting, Reads> {
  const { response, body } = call.body
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const { scope, principalId } = caller
      const { state } = await app.store.reads.state(scope, 'gate', call.gateId)
      if (state.status === 'none' || principalId === 'system') return err('gate_not_found')
      const { intent, gateId } = state
      if (intent.agentId !== principalId && intent.payee !== principalId)
        return err('gate_not_found')
      if (!('executingAt' in state)) return err('gate_not_executing')
      const types = ['ProviderResponse.v1'] as const
      const verified = await verifyParty(app, caller, { types, jws: response, signer: 'payee' })
      if (!verified.ok) return err('evidence_not_authentic', verified.detail ?? verified.refusal)
      const terms = await profileByHash(app, scope, state.authorization.policyHash)
      const { responseHash } = verified.value.object
      const isPayee = intent.payee === principalId
      const facts = await bodyFacts(app, { body, responseHash, terms, isPayee })
      if (!facts.ok) return facts
      const submittedBy = principalId
      return ok({
        gateId,
        intent,
        chain: await grantChain(app, scope, intent.grantHash),
        jws: response,
        verified: verified.value,
        body: facts.value,
        terms,
        submittedBy,
      })
    },
  }
}

/** Looks at the submitted body and forgets it: only whether it satisfied the schema remains. */
async function bodyFacts(
  app: App,
  shown: {
    readonly body: string | undefined
    readonly responseHash: string
    readonly terms: policy.CompiledProfile
    readonly isPayee: boolean
  },
): Promise<Result<evidence.BodyFacts | null, ProblemCode>> {
  const { body, responseHash, isPayee } = shown
  const { verifiers } = shown.terms.profile.settlement
  if (body === undefined) {
    const isNeeded = verifiers.some(({ verifier: is }) => is === 'hash' || is === 'schema')
    // Attacker-controlled: withholding the body must not turn the payee's green statement amber.
    if (!isNeeded || isPayee) return ok(null)
    return err('evidence_body_mismatch', 'this profile needs the body of the response')
  }
  const bytes = fromBase64url(body)
  if (bytes === undefined || app.crypto.sha256(bytes) !== responseHash) {
    return err('evidence_body_mismatch')
  }
  const entry = verifiers.find(({ verifier }) => verifier === 'schema')
  if (entry?.verifier !== 'schema') return ok({ schemaHolds: null })
  const text = fromUtf8(bytes)
  const parsed = text === undefined ? undefined : parseJson(text)
  if (parsed?.ok === false && isTooMuch(parsed.refusal)) return ok({ schemaHolds: null })
  if (parsed?.ok !== true) return ok({ schemaHolds: false })
  const holds = await app.schemas.holds(entry.schema as JsonObject, parsed.value)
  return holds.ok ? ok({ schemaHolds: holds.value }) : holds
}

/** Whether JSON could not be examined, which says nothing against it. */
export function isTooMuch(refusal: JsonRefusal): boolean {
  return refusal === 'json_too_large' || refusal === 'json_too_deep'
}
