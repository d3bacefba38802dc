/**
 * What people do in the simulated house: mostly right, often wrong, sometimes twice.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { policy } from '@surety/domain'
import {
  addMs,
  ensureInstant,
  formatInstant,
  type GrantBounds,
  hashOf,
  type Id,
  type JsonObject,
  type Lifecycle,
  type Profile,
} from '@surety/protocol'
import { httpFingerprint } from '@surety/sdk'
import { nodeCrypto } from '@surety/server'
import { authorizeGate } from '../../packages/server/src/app/gate/authorize-gate.ts'
import { contestHoldback } from '../../packages/server/src/app/gate/contest-holdback.ts'
import { declareGate } from '../../packages/server/src/app/gate/declare-gate.ts'
import { voidGate } from '../../packages/server/src/app/gate/end-gate.ts'
import { executeGate } from '../../packages/server/src/app/gate/execute-gate.ts'
import { submitEvidence } from '../../packages/server/src/app/gate/submit-evidence.ts'
import { issueGrant, revokeGrant } from '../../packages/server/src/app/grant/grants.ts'
import { recordDeposit } from '../../packages/server/src/app/house/record-deposit.ts'
import { changeLifecycle } from '../../packages/server/src/app/principal/principals.ts'
import { applyProfile } from '../../packages/server/src/app/profile/apply-profile.ts'
import { profileFor } from '../support/house.ts'
import { chainOf, type KnownGate, type KnownGrant } from './model.ts'
import type { AnyCall, Person } from './people.ts'
import type { Outcome, Simulation } from './sim.ts'

/** What one step asks of the house, and what is to be made of the answer. */
export interface Step {
  readonly who: Person
  readonly call: AnyCall
  /** `alone`: nothing else was decided meanwhile, so every rule can be held against it. */
  readonly learn: (outcome: Outcome, alone: boolean) => void
}
export type Deed = (sim: Simulation) => Step | undefined

const ASSETS = ['USD/2', 'USD/2', 'EUR/2'] as const
const REQUEST = { method: 'POST', url: 'https://api.example/v1/data', body: '{}' }
const LIFETIME_MS = 600_000

function limit(max: number) {
  return [
    { asset: 'USD/2', max: String(max) },
    { asset: 'EUR/2', max: String(max) },
  ]
}

const deposit: Deed = (sim) => {
  const { dice, operator, app } = sim
  const owner = dice.pick([sim.person('payer 1'), sim.person('payer 2')])
  const asset = dice.pick(ASSETS)
  const amount = String(5 + dice.below(20))
  const reference = `r${String(dice.below(2_000))}`
  const { principalId } = owner
  const jws = operator.party.deposit(
    { source: 'bank', reference, principalId, amount, asset },
    'sim',
  )
  return {
    who: operator,
    call: recordDeposit(app, operator.caller, jws, null) as AnyCall,
    learn: (outcome) => {
      if ('signed' in outcome) sim.model.move(principalId, asset, BigInt(amount))
    },
  }
}

const PAIRS = [
  ['payer 1', 'agent 1'],
  ['payer 2', 'agent 2'],
  ['payer 1', 'agent 2'],
] as const

const grantRoot: Deed = (sim) => {
  const { dice } = sim
  const [from, to] = dice.pick(PAIRS)
  const bounds: GrantBounds = { assets: ['USD/2', 'EUR/2'], maxDepth: 2 }
  if (dice.oneIn(2)) Object.assign(bounds, { perDay: limit(6 + dice.below(6)) })
  if (dice.oneIn(2)) Object.assign(bounds, { total: limit(10 + dice.below(20)) })
  if (dice.oneIn(3)) Object.assign(bounds, { count: 1 + dice.below(6) })
  return issue(sim, sim.person(from), sim.person(to), bounds, undefined)
}

const grantChild: Deed = (sim) => {
  const { dice, model } = sim
  const parent = model.grants.length === 0 ? undefined : dice.pick(model.grants)
  const from = sim.people.find((each) => each.principalId === parent?.granteeId)
  if (parent === undefined || from === undefined) return undefined
  const to = dice.pick([sim.person('agent 1'), sim.person('agent 2')])
  const bounds = { ...parent.bounds, perCall: limit(1 + dice.below(4)), maxDepth: 1 }
  return issue(sim, from, to, bounds, parent)
}

function issue(
  sim: Simulation,
  from: Person,
  to: Person,
  bounds: GrantBounds,
  parent: KnownGrant | undefined,
): Step {
  const now = sim.app.clock.now()
  const lifeMs = sim.dice.oneIn(4) ? 60_000 : 259_200_000
  const notBefore = formatInstant(now)
  const expiresAt = formatInstant(addMs(now, lifeMs))
  const draft = { granteeId: to.principalId, bounds, notBefore, expiresAt }
  const signed =
    parent === undefined
      ? from.party.rootGrant(draft)
      : from.party.delegate(documentOf(sim, parent), draft)
  return {
    who: from,
    call: issueGrant(sim.app, from.caller, signed.jws, null) as AnyCall,
    learn: (outcome) => {
      if (!('signed' in outcome)) return
      const { grantorId, granteeId, payerId } = signed.grant
      const { grantHash } = signed
      documents.set(grantHash, signed.grant)
      const known = { grantHash, grantorId, granteeId, payerId, bounds, expiresAt, parent }
      sim.model.grants.push({ ...known, isRevoked: false })
    },
  }
}
const documents = new Map<string, Parameters<Person['party']['delegate']>[0]>()

function documentOf(_: Simulation, { grantHash }: KnownGrant) {
  const found = documents.get(grantHash)
  if (found === undefined) throw new Error('a grant that nobody signed')
  return found
}

const revoke: Deed = (sim) => {
  const { dice, model, operator } = sim
  if (sim.watched === undefined && (model.grants.length < 8 || !dice.oneIn(3))) return undefined
  const watched = model.gates.get(sim.watched ?? '')
  const grant =
    watched?.grant === undefined ? dice.pick(model.grants) : dice.pick(chainOf(watched.grant))
  const who = watched === undefined ? dice.pick([operator, ...sim.people]) : operator
  const body = { grantHash: grant.grantHash, reason: 'sim' }
  return {
    who,
    call: revokeGrant(sim.app, who.caller, body, null) as AnyCall,
    learn: (outcome) => {
      if ('signed' in outcome) grant.isRevoked = true
    },
  }
}

const profile: Deed = (sim) => {
  const { dice, model, operator } = sim
  const payees = ['provider 1', 'provider 2'].slice(dice.oneIn(4) ? 1 : 0)
  const next: Profile = {
    ...profileFor(payees.map((name) => sim.person(name).principalId)),
    version: model.profiles.size + (dice.oneIn(5) ? 0 : 1) || 1,
    allowlists: {
      assets: ['USD/2', 'EUR/2'],
      rails: ['ledger'],
      networks: ['internal'],
      payees: payees.map((name) => sim.person(name).principalId),
    },
    limits: {
      perRequest: limit(2 + dice.below(3)),
      perDay: limit(30 + dice.below(30)),
      perMonth: limit(200 + dice.below(200)),
      tenantPerDay: limit(50 + dice.below(60)),
    },
    approvalTiers: [
      { asset: 'USD/2', above: '3', approvers: 1, role: 'payer', raise: 'challenge' },
    ],
    strictBinding: dice.oneIn(2),
  }
  const settlement = {
    ...next.settlement,
    mode: dice.oneIn(4) ? ('manual' as const) : ('automatic' as const),
    onSilence: dice.pick(['release', 'refund', 'review'] as const),
    ...(dice.oneIn(2) ? { holdback: holdback(dice) } : {}),
  }
  const applied = { ...next, settlement }
  const previousPolicyHash = hashOf(model.ruling ?? policy.DENY_ALL, nodeCrypto)
  const change = { previousPolicyHash, justificationCode: 'sim' }
  const action = operator.party.applyProfile(applied, change)
  return {
    who: operator,
    call: applyProfile(sim.app, operator.caller, { profile: applied, action }, null) as AnyCall,
    learn: (outcome) => {
      if (!('signed' in outcome)) return
      model.profiles.set(String(outcome.signed.view.policyHash), applied)
      model.ruling = applied
    },
  }
}

const lifecycle: Deed = (sim) => {
  const { dice, model, operator } = sim
  const away = sim.people.find(({ principalId }) => model.inactive.has(principalId))
  if (away === undefined && sim.watched === undefined && !dice.oneIn(4)) return undefined
  const gate = model.gates.get(sim.watched ?? '')
  const parties = [gate?.agentId, gate?.payee, gate?.grant?.payerId]
  const involved = sim.people.filter(({ principalId }) => parties.includes(principalId))
  const someone = away ?? dice.pick(gate === undefined ? sim.people : involved)
  const to: Lifecycle = away === undefined ? dice.pick(['suspended', 'throttled']) : 'active'
  const body = { to, reason: 'sim' }
  return {
    who: operator,
    call: changeLifecycle(someone.principalId, body, null) as AnyCall,
    learn: (outcome) => {
      if (!('signed' in outcome)) return
      if (to === 'active') model.inactive.delete(someone.principalId)
      else model.inactive.add(someone.principalId)
    },
  }
}

/** What a command about a gate answered, taken in. */
function learnGate(sim: Simulation, what: string, outcome: Outcome): KnownGate | undefined {
  if (!('signed' in outcome)) return undefined
  sim.verifyReceipts(outcome.signed)
  if (outcome.signed.replayed) {
    sim.model.count(`replayed ${what}`)
    return undefined
  }
  const { view } = outcome.signed
  const gate = sim.known(view)
  sim.model.learn(gate, { ...view, receipts: outcome.signed.receipts as never })
  return gate
}

const declare: Deed = (sim) => {
  const { dice, model } = sim
  const who = dice.pick([sim.person('agent 1'), sim.person('agent 2')])
  const own = model.grants.filter((grant) => grant.granteeId === who.principalId)
  const grants = dice.oneIn(10) ? model.grants : own.slice(-3)
  if (grants.length === 0) return undefined
  const payee = dice.oneIn(12) ? 'payer 1' : dice.pick(['provider 1', 'provider 2', 'provider 2'])
  const { jws } = who.party.intent({
    requestFingerprint: httpFingerprint(REQUEST, nodeCrypto),
    action: 'purchase',
    riskClass: dice.oneIn(10) ? dice.pick(['action', 'compute'] as const) : 'financial',
    sideEffecting: true,
    amount: String(1 + dice.below(4)),
    asset: dice.pick(ASSETS),
    payee: sim.person(payee).principalId,
    rail: 'ledger',
    network: 'internal',
    grantHash: dice.pick(grants).grantHash,
    expiresInMs: dice.oneIn(5) ? 50 : LIFETIME_MS,
  })
  return {
    who,
    call: declareGate(sim.app, who.caller, jws, sim.key(who, jws)) as AnyCall,
    learn: (outcome) => void learnGate(sim, 'declare', outcome),
  }
}

const authorize: Deed = (sim) => {
  const waiting = [...sim.model.gates.values()].filter(({ status }) => status === 'declared')
  const recent = sim.dice.oneIn(8) ? waiting : waiting.slice(-3)
  const gate = recent.length === 0 ? sim.gate(() => true) : sim.dice.pick(recent)
  const who = sim.dice.oneIn(20) ? sim.person('agent 1') : owner(sim, gate)
  if (gate === undefined || who === undefined) return undefined
  const key = sim.dice.oneIn(2) ? sim.key(who, `authorize ${gate.gateId}`) : null
  const { model } = sim
  return {
    who,
    call: authorizeGate(sim.app, who.caller, gate.gateId, key) as AnyCall,
    learn: (outcome, alone) => {
      const isNew = 'signed' in outcome && !outcome.signed.replayed
      const decision = isNew ? (outcome.signed.view.decision as JsonObject) : undefined
      const expected = decision && model.expected(gate, String(decision.decidedAt))
      learnGate(sim, 'authorize', outcome)
      if (decision === undefined) return
      for (const code of decision.reasonCodes as readonly string[]) model.count(`reason ${code}`)
      const came = { authorized: 'allow', waiting: 'wait', denied: 'deny' }[gate.status]
      if (alone) assert.equal(came, expected, JSON.stringify(decision.reasonCodes))
    },
  }
}

function owner(sim: Simulation, gate: KnownGate | undefined): Person | undefined {
  return sim.people.find((each) => each.principalId === gate?.agentId)
}

/** What must be presented, each with another value that must be refused. */
const LIES = {
  amount: '9',
  asset: 'EURC/6',
  payee: 'prn_00000000000000000000000000',
  rail: 'card',
  grantHash: '0'.repeat(64),
  policyHash: '0'.repeat(64),
  nonce: 'A'.repeat(24),
  notAfter: '2030-01-01T00:00:00.000Z',
} as const

const execute: Deed = (sim) => {
  const { dice } = sim
  const gate = sim.gate(({ status }) => status === 'authorized')
  const receipts = (gate?.view.receipts ?? []) as unknown as readonly {
    readonly type: string
    readonly jws: string
  }[]
  const jws = receipts.find(({ type }) => type === 'Authorization.v1')?.jws
  if (gate === undefined || jws === undefined) return undefined
  const { intent, authorization } = gate.view as never as {
    intent: { requestFingerprint: never }
    authorization: Record<string, string>
  }
  const bound = Object.fromEntries(
    Object.keys(LIES).map((name) => [name, authorization[name === 'amount' ? 'amountMax' : name]]),
  )
  const lie = dice.oneIn(4) ? dice.pick(Object.keys(LIES) as (keyof typeof LIES)[]) : undefined
  const told = lie === undefined ? {} : { [lie]: LIES[lie] }
  const body = { authorization: jws, request: intent.requestFingerprint, ...bound, ...told }
  const isPayee = ({ principalId }: Person) => principalId === gate.payee
  const who = dice.oneIn(2) ? sim.people.find(isPayee) : owner(sim, gate)
  if (who === undefined) return undefined
  const call = { gateId: gate.gateId, body }
  return {
    who,
    call: executeGate(sim.app, who.caller, call, null) as AnyCall,
    learn: (outcome, alone) => {
      const isDone = 'signed' in outcome
      assert.ok(lie === undefined || !isDone, `${lie ?? ''} was not bound`)
      const execution = isDone ? (outcome.signed.view.execution as JsonObject) : undefined
      const at = String(execution?.startedAt)
      assert.ok(!isDone || !alone || sim.model.mayExecute(gate, at), 'executed against the rules')
      learnGate(sim, 'execute', outcome)
    },
  }
}

const prove: Deed = (sim) => {
  const { dice, app } = sim
  const gate = sim.gate(({ status }) => status === 'executing') ?? sim.gate(({ isUsed }) => isUsed)
  const provider = sim.people.find(({ principalId }) => principalId === gate?.payee)
  if (gate === undefined || provider === undefined) return undefined
  const authorization = gate.view.authorization as Record<string, string> | null
  if (authorization === null || !provider.name.startsWith('provider')) return undefined
  const at = formatInstant(ensureInstant(app.clock.now()))
  const forged = dice.oneIn(5)
  const response = provider.party.response({
    gateId: gate.gateId as Id<'gat'>,
    authorizationId: authorization.authorizationId as Id<'aut'>,
    requestFingerprintHash: authorization.requestFingerprintHash as string,
    responseHash: nodeCrypto.sha256('{}'),
    status: dice.oneIn(3) ? 500 : 200,
    amount: forged ? '77' : String(gate.amount),
    asset: gate.asset,
    startedAt: at,
    completedAt: at,
  })
  const who = dice.oneIn(2) ? provider : (owner(sim, gate) as Person)
  const key = sim.key(who, response)
  const call = { gateId: gate.gateId, body: { response } }
  return {
    who,
    call: submitEvidence(app, who.caller, call, key) as AnyCall,
    learn: (outcome) => {
      assert.ok(!forged || 'code' in outcome, 'a forged statement was taken')
      learnGate(sim, 'prove', outcome)
    },
  }
}

const giveBack: Deed = (sim) => {
  const gate = sim.gate(({ status }) => status === 'authorized') ?? sim.gate(() => true)
  const payer = sim.people.find(({ principalId }) => principalId === gate?.grant?.payerId)
  const who = sim.dice.pick([owner(sim, gate), payer, sim.person('provider 1')])
  if (gate === undefined || who === undefined) return undefined
  return {
    who,
    call: voidGate(sim.app, who.caller, gate.gateId, null) as AnyCall,
    learn: (outcome) => void learnGate(sim, 'void', outcome),
  }
}

/** Of amounts of a few units, a share of none, some or all of them. */
function holdback(dice: Simulation['dice']) {
  const windowMs = 60_000 * (1 + dice.below(180))
  return { basisPoints: dice.pick([1_000, 2_500, 5_000, 10_000]), windowMs }
}

const contest: Deed = (sim) => {
  const { dice, model } = sim
  const gate = sim.gate(({ kept }) => kept > 0n) ?? sim.gate(({ isUsed }) => isUsed)
  const payer = sim.people.find(({ principalId }) => principalId === gate?.grant?.payerId)
  const who = dice.pick([owner(sim, gate), payer, sim.person('provider 1'), sim.operator])
  if (gate === undefined || who === undefined) return undefined
  const call = { gateId: gate.gateId, text: 'sim' }
  return {
    who,
    call: contestHoldback(sim.app, who.caller, call, null) as AnyCall,
    learn: (outcome, alone) => {
      if (!('signed' in outcome)) return
      assert.notEqual(who.principalId, gate.payee, 'who is paid contested it')
      assert.ok(!gate.isContested, 'contested twice')
      assert.ok(!alone || gate.kept > 0n, 'nothing was contested')
      gate.isContested = true
      model.count('contested')
    },
  }
}

/** What may happen together in one batch. */
export const MONEY: readonly Deed[] = [
  ...[declare, declare, declare, declare],
  ...[authorize, authorize, authorize, authorize],
  ...[execute, execute, execute, prove, prove, giveBack, deposit, contest, contest],
]
export const ALL: readonly Deed[] = [
  ...MONEY,
  ...MONEY,
  ...[grantRoot, grantRoot, grantRoot, grantChild, grantChild, revoke, profile],
  ...[lifecycle, lifecycle, deposit],
]
/** What may change under a gate that was authorized, and then the attempt to go on. */
export const CHANGES: readonly Deed[] = [revoke, revoke, profile, lifecycle]
export const GO_ON: Deed = execute
/** So that something can happen at all. */
export const FIRST: readonly Deed[] = [profile, deposit, deposit, deposit, grantRoot, grantRoot]
