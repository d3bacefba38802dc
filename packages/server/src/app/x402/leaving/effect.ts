/**
 * Whether a purchase that was allowed may still take effect: read where it does.
 *
 * INVARIANT(control): before a credential is made or handed over, first or again, everything that
 * stops it is looked at. What was handed over before is looked up on the chain all the same.
 *
 * @module
 */
import { type control, type gate, policy, principal } from '@surety/domain'
import { err, formatInstant, ok, type ProblemCode, type Result } from '@surety/protocol'
import type { Families, Family, Stored } from '../../../ports.ts'
import {
  callerControls,
  callerStopped,
  requestControls,
  standingKey,
  stopsRelease,
  stopsSpend,
} from '../../control/standing.ts'
import { chainUsable, partiesOf } from '../../gate/facts.ts'
import { grantChain } from '../../grant/chain.ts'
import { currentProfiles } from '../../profile/current-profile.ts'
import { type App, type Caller, grantKey, principalKey } from '../../runtime.ts'

type Allowed = Extract<gate.Gate, { status: 'authorized' | 'executing' }>
type Refused = Result<null, ProblemCode>

/** Refuses by the first thing that stops it. Cost: a row for each selector, grant and party. */
export async function mayTakeEffect(app: App, caller: Caller, state: Allowed): Promise<Refused> {
  const may = await mayCall(app, caller)
  return may.ok ? mayPay(app, caller, state) : may
}

/** Whoever calls is active, and stopped by nothing: neither they, nor their key, nor the scope. */
async function mayCall(app: App, caller: Caller): Promise<Refused> {
  const [who, ...rows] = await Promise.all([
    stateOf(app, caller, principalKey(caller.principalId)),
    ...callerControls(caller).map((key) => stateOf(app, caller, key)),
  ])
  if (!principal.mayAct(who.state)) return err('principal_not_active', caller.principalId)
  const stopped = callerStopped(rows as readonly Stored<control.Standing>[])
  return stopped === undefined ? ok(null) : err('control_active', stopped)
}

async function mayPay(app: App, caller: Caller, state: Allowed): Promise<Refused> {
  const { intent, authorization, walletId } = state
  const chain = await grantChain(app, caller.scope, intent.grantHash)
  const { profile } = await currentProfiles(app, caller.scope)
  const { policyHash } = authorization
  const request = { tenantId: intent.tenantId, intent, policyHash }
  const ruling = standingKey({ type: 'policy', id: profile.policyHash })
  const keys = [...requestControls(request, chain), ruling]
  const rows = await Promise.all(keys.map((key) => stateOf(app, caller, key)))
  // What somebody may have already executes, and a pause lets it end.
  const isSeen = 'payment' in state && state.payment?.certainty === 'unknown'
  if (isSeen ? stopsRelease(rows) : stopsSpend(rows)) return err('commit_control_active')
  const wallet = await app.store.reads.state(caller.scope, 'wallet', walletId ?? '')
  if (wallet.state.status !== 'active') return err('commit_wallet_frozen', walletId)
  const ids = partiesOf(intent, chain)
  const found = await Promise.all(ids.map((id) => stateOf(app, caller, principalKey(id))))
  const grants = await Promise.all(
    chain.map(({ grantHash }) => stateOf(app, caller, grantKey(grantHash))),
  )
  const parties = new Map(ids.map((id, i) => [id as string, found[i]?.state as never]))
  const at = formatInstant(app.clock.now())
  if (!chainUsable(chain, grants, parties, at)) return err('commit_grant_not_usable')
  if (!found.every(({ state }) => principal.mayAct(state))) return err('principal_not_active')
  const { requestFingerprint: asked } = intent
  const origin = 'url' in asked ? policy.originRefusal(profile, asked) : 'origin_not_allowed'
  return origin === undefined ? ok(null) : err('commit_policy_changed', origin)
}

function stateOf<F extends Family>(
  app: App,
  { scope }: Caller,
  { family, id }: { readonly family: F; readonly id: string },
): Promise<Stored<Families[F]>> {
  return app.store.reads.state(scope, family, id)
}
