/**
 * Which wallet pays: assigned by tenant, environment, profile, risk class and depth of delegation.
 *
 * Pure: who builds wallets and who checks a decision ask the same function. Rules: spec/profile.md.
 *
 * @module
 */
import type { Environment, Id, Profile, RiskClass } from '@surety/protocol'

export interface WalletNeed {
  readonly tenantId: Id<'ten'>
  readonly environment: Environment
  readonly riskClass: RiskClass
  /** 0 for the grantee of the root. */
  readonly depth: number
}

export interface AssignedWallet {
  readonly walletId: Id<'wlt'>
  readonly policyVersion: number
  readonly kind: 'dedicated' | 'pooled'
  /** The most of one request by asset, at this depth; `undefined` if the profile names no cap. */
  readonly caps: ReadonlyMap<string, bigint> | undefined
}

type Assignment = NonNullable<Profile['wallets']>['assignments'][number]

/** The first assignment that matches; `undefined` if none does, and then nothing is paid. */
export function assignWallet(profile: Profile, need: WalletNeed): AssignedWallet | undefined {
  const found = profile.wallets?.assignments.find((each) => serves(each, need))
  if (found === undefined) return undefined
  const { walletId, policyVersion, kind } = found
  return { walletId, policyVersion, kind, caps: capsAt(found, need.depth) }
}

function serves(assignment: Assignment, need: WalletNeed): boolean {
  const { tenants, environments, riskClasses, depthMax } = assignment
  return (
    tenants?.includes(need.tenantId) !== false &&
    environments?.includes(need.environment) !== false &&
    riskClasses?.includes(need.riskClass) !== false &&
    (depthMax === undefined || need.depth <= depthMax)
  )
}

/** Each level of delegation leaves a part of the cap of the level above it, rounded down. */
function capsAt(
  { perRequest, childBasisPoints = 10_000 }: Assignment,
  depth: number,
): ReadonlyMap<string, bigint> | undefined {
  if (perRequest === undefined) return undefined
  const caps = new Map<string, bigint>()
  for (const { asset, max } of perRequest) {
    let cap = BigInt(max)
    for (let level = 0; level < depth; level += 1) cap = (cap * BigInt(childBasisPoints)) / 10_000n
    const known = caps.get(asset)
    if (known === undefined || cap < known) caps.set(asset, cap)
  }
  return caps
}
