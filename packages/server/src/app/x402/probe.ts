/**
 * The decision on an unpaid probe, where it must be written down: a denial, or an unsafe method.
 *
 * INVARIANT(decision-first): it stands in the journal before anything leaves the house.
 *
 * @module
 */
import { policy } from '@surety/domain'
import { type Id, ok, type ProbeDecision, REASON_ORDER, type ReasonCode } from '@surety/protocol'
import type { ProbeRecord, UseCase } from '../../ports.ts'
import { type Answer, type App, activeProfileKey, type Call } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'
import type { FetchRequest } from './request.ts'

interface Probing {
  readonly agentId: Id<'prn'>
  readonly request: FetchRequest
  readonly profile: policy.CompiledProfile
  readonly denyAllHash: string
}
type Reads = { readonly activeProfile: typeof activeProfileKey }

const useCase: UseCase<Probing, Reads, Answer> = {
  reads: () => ({ activeProfile: activeProfileKey }),
  decide: (read, input, stamp) => {
    const ruling = read.activeProfile.state?.policyHash ?? input.denyAllHash
    if (ruling !== input.profile.policyHash) return { type: 'stale' }
    const { profile, request } = input
    const reasons = inOrder(policy.probeRefusals(profile, request))
    const reasonCodes = reasons.length === 0 ? ['allowed' as const] : reasons
    const probeId = stamp.mint('prb')
    const decision: ProbeDecision = {
      schemaVersion: 'ProbeDecision.v1',
      probeId,
      decisionId: stamp.mint('dec'),
      ...stamp.scope,
      agentId: input.agentId,
      origin: policy.originOf(request.url).slice(0, ORIGIN_MAX),
      method: request.method,
      requestFingerprintHash: request.fingerprintHash,
      decision: reasons.length === 0 ? 'allow' : 'deny',
      reasonCode: reasonCodes[0] ?? 'allowed',
      reasonCodes: [...reasonCodes],
      policyId: profile.profile.profileId,
      policyVersion: profile.profile.version,
      policyHash: profile.policyHash,
      decidedAt: stamp.atText,
    }
    const kid = stamp.kids.decision
    const stream = `probe:${probeId}`
    const record: ProbeRecord = { decision, kid }
    const writing = new Writing(stamp).append(
      { family: 'probe', id: probeId, stream, before: fresh(null) },
      [{ type: 'probeDecided', ...record }],
      record,
    )
    return writing.answer({ decision } as never, stream)
  },
}

const ORIGIN_MAX = 255

function inOrder(reasons: readonly ReasonCode[]): readonly ReasonCode[] {
  return reasons.toSorted((a, b) => REASON_ORDER.indexOf(a) - REASON_ORDER.indexOf(b))
}

/** Decides and records a probe. */
export function decideProbe(
  app: App,
  given: Pick<Probing, 'agentId' | 'request'>,
  current: () => Promise<policy.CompiledProfile>,
): Call<Probing, Reads> {
  return {
    useCase,
    idempotency: null,
    prepare: async () => ok({ ...given, profile: await current(), denyAllHash: app.denyAllHash }),
  }
}
