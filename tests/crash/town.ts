/**
 * A data directory with people in it who share one budget, prepared before anything is killed.
 *
 * @module
 */
import type { GrantBounds, Id } from '@surety/protocol'
import {
  applyProfile,
  deposit,
  type Member,
  openHouse,
  profileFor,
  type TestHouse,
  window,
} from '../support/house.ts'

export interface Town {
  readonly house: TestHouse
  readonly directory: string
  readonly operator: Member
  readonly payer: Member
  readonly agents: readonly Member[]
  readonly provider: Member
  /** Who answer what waits. */
  readonly reviewers: readonly [Member, Member]
  /** What the clients know across crashes. */
  readonly deposits: Map<string, bigint>
  profileVersion: number
}

const AGENTS = 3

export async function buildTown(): Promise<Town> {
  const house = await openHouse({ tickEveryMs: 60_000 })
  const payer = await house.member('organisation', ['grant'], ['grants:write', 'gates:write'])
  const agents: Member[] = []
  for (let i = 0; i < AGENTS; i += 1) {
    const scopes = ['grants:write', 'gates:write', 'gates:execute', 'evidence:write'] as const
    agents.push(await house.member('agent', ['intent', 'grant'], [...scopes, 'read']))
  }
  const provider = await house.member('service', ['response'], ['gates:execute', 'evidence:write'])
  const reviewers = [await house.person(['reviewer']), await house.person(['reviewer'])] as const
  await deposit(house, payer, '1000000')
  const { operator, directory } = house
  const profile = profileOf(provider.principalId, 1)
  await applyProfile(house, profile)
  await house.running.stop()
  const deposits = new Map<string, bigint>()
  const people = { operator, payer, agents, provider, reviewers }
  return { house, directory, ...people, deposits, profileVersion: 1 }
}

export function profileOf(provider: Id<'prn'>, version: number) {
  const { settlement } = profileFor([])
  return profileFor([provider], {
    version,
    // Half of what is released goes on a moment later: before a kill, after it, or never.
    settlement: { ...settlement, holdback: { basisPoints: 5_000, windowMs: 150 } },
    limits: { perRequest: [{ asset: 'USD/2', max: String(1_000 + version) }] },
    risk: [
      { riskClass: 'financial', outcome: 'allow' },
      { riskClass: 'compute', outcome: 'challenge', approvers: 1, role: 'reviewer' },
      { riskClass: 'action', outcome: 'escalate', approvers: 2, role: 'reviewer' },
    ],
  })
}

/** What all agents together may spend in one run. */
export const CAP = 60

export interface Budget {
  /** Signed, from the root down; each agent has the one of its number. */
  readonly grants: readonly { readonly from: Member; readonly jws: string }[]
  readonly hashes: readonly string[]
}

/** A fresh grant for the first agent, and one under it for every other. */
export function newBudget({ payer, agents }: Town): Budget {
  const [first, ...others] = agents
  if (first === undefined) throw new Error('nobody lives here')
  const total = [{ asset: 'USD/2', max: String(CAP) }]
  const bounds: GrantBounds = { assets: ['USD/2'], total, maxDepth: 2 }
  const times = window()
  const root = payer.party.rootGrant({ granteeId: first.principalId, bounds, ...times })
  const below = others.map(({ principalId }) => {
    const narrower = { ...bounds, maxDepth: 1 }
    const draft = { granteeId: principalId, bounds: narrower, ...times }
    return first.party.delegate(root.grant, draft)
  })
  return {
    grants: [{ from: payer, jws: root.jws }, ...below.map(({ jws }) => ({ from: first, jws }))],
    hashes: [root.grantHash, ...below.map(({ grantHash }) => grantHash)],
  }
}
