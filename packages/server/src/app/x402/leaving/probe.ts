/**
 * The decision on an unpaid probe. It is written down where it denies, or the method is unsafe.
 *
 * INVARIANT(decision-first): it stands in the journal before anything leaves the house.
 * INVARIANT(control): what stands on the request is read in the transaction that decides.
 *
 * @module
 */
import { policy, type principal } from '@surety/domain'
import { type Id, ok, type ProbeDecision, REASON_ORDER, type ReasonCode } from '@surety/protocol'
import type { Facts, ProbeRecord, Scope, Stamp, UseCase } from '../../../ports.ts'
import { controlFacts, probeControls } from '../../control/standing.ts'
import { grantFacts, partyFacts } from '../../gate/facts.ts'
import { type GrantChain, grantChain } from '../../grant/chain.ts'
import { currentProfiles } from '../../profile/current-profile.ts'
import {
  type Answer,
  type App,
  activeProfileKey,
  type Call,
  type Caller,
  grantKey,
  principalKey,
} from '../../runtime.ts'
import { fresh, Writing } from '../../write-set.ts'
import type { FetchRequest } from '../request.ts'

interface Probing {
  readonly agentId: Id<'prn'>
  readonly scope: Scope
  readonly request: FetchRequest
  readonly chain: GrantChain
  readonly profile: policy.CompiledProfile
  readonly denyAllHash: string
}
type Reads = ReturnType<typeof reads>

function reads({ agentId, scope, request, chain, profile }: Probing) {
  const { grantHash, url, method } = request
  const { tenantId } = scope
  const asked = { tenantId, agentId, grantHash, policyHash: profile.policyHash }
  const place = { rail: policy.X402_RAIL, origin: policy.originOf(url) }
  const isSafe = policy.isSafeMethod(method)
  return {
    activeProfile: activeProfileKey,
    parties: partiesOf(chain).map((id) => principalKey(id)),
    grants: chain.map((each) => grantKey(each.grantHash)),
    controls: probeControls({ ...asked, ...place, isSafe }, chain),
  }
}

/** Everybody the authority comes from, and who would pay. */
function partiesOf(chain: GrantChain): readonly Id<'prn'>[] {
  const parties = chain.map(({ document }) => document.grantorId)
  const [root] = chain
  return [...new Set(root === undefined ? parties : [...parties, root.document.payerId])]
}

function factsOf(
  read: Facts<Reads>,
  { agentId, request, chain }: Probing,
  { atText: at, scope }: Stamp,
): policy.ProbeFacts {
  const { url, method } = request
  const parties = new Map<string, principal.Principal>()
  for (const [i, id] of partiesOf(chain).entries()) {
    const party = read.parties[i]?.state
    if (party !== undefined) parties.set(id, party)
  }
  const payer = partyFacts(parties.get(chain[0]?.document.payerId ?? ''))
  const authority = { grantChain: grantFacts({ chain, grants: read.grants, parties }), payer }
  const controls = controlFacts(read.controls)
  return { at, environment: scope.environment, agentId, url, method, controls, ...authority }
}

const useCase: UseCase<Probing, Reads, Answer> = {
  reads,
  decide: (read, input, stamp) => {
    const ruling = read.activeProfile.state?.policyHash ?? input.denyAllHash
    if (ruling !== input.profile.policyHash) return { type: 'stale' }
    const { profile, request } = input
    const reasons = inOrder(policy.probeRefusals(profile, factsOf(read, input, stamp)))
    if (reasons.length === 0 && policy.isSafeMethod(request.method)) {
      return new Writing(stamp).answer({ decision: null }, `fetch:${input.agentId}`)
    }
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

/** Decides a probe, and records it if it must be. The view is `{ decision: null }` if not. */
export function decideProbe(
  app: App,
  { scope, principalId: agentId }: Caller & { readonly principalId: Id<'prn'> },
  request: FetchRequest,
): Call<Probing, Reads> {
  const { denyAllHash } = app
  return {
    useCase,
    idempotency: null,
    prepare: async () => {
      const { profile } = await currentProfiles(app, scope)
      const chain = await grantChain(app, scope, request.grantHash)
      return ok({ agentId, scope, request, chain, profile, denyAllHash })
    },
  }
}
