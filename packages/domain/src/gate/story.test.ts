/**
 * The story of one gate: a command for all that may be asked of it, and the states it passes.
 *
 * Every document in it is made by the functions that make it in the product.
 *
 * @module
 */
import {
  addMs,
  formatInstant,
  type Instant,
  instantOf,
  type PolicyDecision,
} from '@surety/protocol'
import type { Verdict } from '../evidence/evidence.ts'
import {
  compiled,
  factsOf,
  hash,
  id,
  intentOf,
  KID,
  PAYEE,
  PAYER,
  profileOf,
} from '../fixtures.test.ts'
import { closingPosting, dividingPostings, holdPosting } from '../ledger/postings.ts'
import { countersOf } from '../policy/counters.ts'
import { decisionOf } from '../policy/decision.ts'
import {
  authorizationOf,
  endingReceiptOf,
  holdbackReceiptOf,
  resolutionReceiptOf,
  settlementDecisionOf,
  settlementReceiptOf,
} from '../receipt/receipt.ts'
import { evolve } from './events.ts'
import { decide, type GateCommand, initial } from './gate.ts'
import type { Gate, TransferRecord } from './state.ts'

type Command<Type extends GateCommand['type']> = Extract<GateCommand, { type: Type }>
export interface Asked {
  readonly command: GateCommand
  /** When the facts that follow are recorded. */
  readonly at: Instant
}

export const facts = factsOf({ bounds: [{ perDay: [{ asset: 'USD/2', max: '9' }], maxDepth: 1 }] })
export const START = instantOf(facts.at)
const { intent } = facts
const intentHash = hash(intent)
export const HELD = {
  holdId: id('hld', 1),
  payerId: PAYER,
  payee: PAYEE,
  amount: BigInt(intent.amount),
  asset: intent.asset,
}

const recorded = (transfer: ReturnType<typeof holdPosting>): TransferRecord => ({
  ...transfer,
  amount: String(transfer.amount),
})

export function declareCommand(over: Partial<typeof intent> = {}): Command<'declare'> {
  const asked = intentOf({ ...intent, ...over })
  const gateId = facts.gateId
  return {
    type: 'declare',
    gateId,
    intent: asked,
    intentHash: hash(asked),
    kid: KID,
    at: START,
  }
}

export function recordCommand(outcome: PolicyDecision['decision']): Command<'record'> {
  const place = {
    decisionId: id('dec', 1),
    seq: 1,
    previousDecisionHash: null,
    intentHash,
    inputHash: hash(facts),
  }
  const profile = compiled(profileOf({ risk: [{ riskClass: 'action', outcome }] }))
  const decision = decisionOf(facts, profile, place)
  const decisionHash = hash(decision)
  if (outcome !== 'allow') {
    return { type: 'record', decision, decisionHash, kid: KID, authorized: null }
  }
  const authorization = authorizationOf(facts, decision, {
    decisionHash,
    requestFingerprintHash: hash(intent.requestFingerprint),
    authorizationId: id('aut', 1),
    holdId: HELD.holdId,
    payerId: PAYER,
  })
  const authorized = {
    authorization,
    authorizationHash: hash(authorization),
    kid: KID,
    claims: countersOf(facts.grantChain, PAYER, intent.asset, START),
    transfer: recorded(holdPosting(HELD, id('trf', 1))),
  }
  return { type: 'record', decision, decisionHash, kid: KID, authorized }
}

/** The decision that follows a person's answer to the one a gate waits on. */
export function answeredCommand(
  gate: Reached<'waiting'>,
  outcome: 'allow' | 'deny',
): Command<'record'> {
  const first = recordCommand(outcome)
  const next = { decisionId: id('dec', 2), seq: 2, previousDecisionHash: gate.decisionHash }
  const decision = { ...first.decision, ...next }
  const decisionHash = hash(decision)
  const answers = gate.decisionHash
  if (first.authorized === null) return { ...first, decision, decisionHash, answers }
  const authorization = { ...first.authorized.authorization, decisionHash }
  const authorizationHash = hash(authorization)
  const authorized = { ...first.authorized, authorization, authorizationHash }
  return { ...first, decision, decisionHash, authorized, answers }
}

/** How a person divides what is held: half of it each way, or as said. */
export function divideCommand(
  gate: Reached<'review' | 'settled'>,
  division = { released: '1', refunded: '1' },
): Command<'resolve'> {
  let number = 2
  const held = { ...HELD, amount: BigInt(gate.partition.held) }
  const transfers = dividingPostings(held, division, () => {
    number += 1
    return id('trf', number)
  }).map(recorded)
  const receipt = resolutionReceiptOf(gate, division, {
    settlementDecisionHash: hash(gate.settlementDecision),
    transferIds: transfers.map(({ transferId }) => transferId),
    at: EXECUTED_AT,
  })
  const approvalId = id('apr', 1)
  const receiptHash = hash(receipt)
  const recordHash = hash('record')
  return { type: 'resolve', approvalId, recordHash, receipt, receiptHash, kid: KID, transfers }
}

const allowing = recordCommand('allow')
export const authorized = allowing.authorized as NonNullable<typeof allowing.authorized>
const { authorization, authorizationHash } = authorized

export function executeCommand(at: Instant = addMs(START, 1_000)): Command<'execute'> {
  const { amountMax: amount, asset, payee, rail, grantHash, policyHash, nonce } = authorization
  const bound = { amount, asset, payee, rail, grantHash, policyHash, nonce }
  return {
    type: 'execute',
    authorizationHash,
    presented: {
      request: intent.requestFingerprint,
      ...bound,
      notAfter: authorization.notAfter,
    },
    executorId: authorization.agentId,
    at,
    terms: { strictBinding: true, evidenceWithinMs: 600_000 },
    now: { policyHash, grantsUsable: true, partiesActive: true, stopped: false },
  }
}

export function acceptCommand(
  at: Instant = addMs(START, 60_000),
  startedAt: Instant = addMs(START, 2_000),
): Command<'accept'> {
  const statement = {
    schemaVersion: 'ProviderResponse.v1' as const,
    tenantId: authorization.tenantId,
    environment: authorization.environment,
    gateId: authorization.gateId,
    authorizationId: authorization.authorizationId,
    payee: PAYEE,
    requestFingerprintHash: authorization.requestFingerprintHash,
    responseHash: hash('response'),
    status: 200,
    amount: authorization.amountMax,
    asset: authorization.asset,
    startedAt: formatInstant(startedAt),
    completedAt: formatInstant(addMs(startedAt, 1_000)),
  }
  return { type: 'accept', statement, evidenceHash: hash(statement), submittedBy: PAYEE, at }
}

type Executed = Extract<Gate, { status: 'executed' }>
const EXECUTED_AT = '2026-11-20T09:31:00.000Z'

/** One of the two units is held back until then. */
export const HELD_UNTIL = addMs(instantOf(EXECUTED_AT), 3_600_000)

export function settleCommand(
  gate: Executed,
  verdict: Verdict,
  heldBack: { readonly amount: bigint; readonly until: string } | null = null,
): Command<'settle'> {
  const colours = { release: 'green', refund: 'red', review: 'amber' } as const
  const judged = {
    colour: gate.evidenceHash === null ? ('none' as const) : colours[verdict],
    checks: [],
    verdict,
    at: EXECUTED_AT,
  }
  const record = settlementDecisionOf(gate, judged)
  const amount = HELD.amount - (heldBack?.amount ?? 0n)
  const transfer =
    verdict === 'review' || amount === 0n
      ? null
      : recorded(closingPosting({ ...HELD, amount }, verdict, id('trf', 2)))
  const transferId = transfer?.transferId ?? null
  const closing = { settlementDecisionHash: hash(record), transferId, at: EXECUTED_AT }
  const receipt = settlementReceiptOf(gate, verdict, { ...closing, heldBack })
  return { type: 'settle', record, receipt, receiptHash: hash(receipt), kid: KID, transfer }
}

/** Half is released, half held back. */
const withholdCommand = (gate: Executed) =>
  settleCommand(gate, 'release', { amount: 1n, until: formatInstant(HELD_UNTIL) })
const RETURN = { released: '0', refunded: '1' }

/** What was held back goes to the payee. */
export function releaseHeldCommand(gate: Reached<'settled'>, at: Instant): Command<'releaseHeld'> {
  const { held } = gate.partition
  const transfer = recorded(
    closingPosting({ ...HELD, amount: BigInt(held) }, 'release', id('trf', 3)),
  )
  const receipt = holdbackReceiptOf(gate, {
    settlementDecisionHash: hash(gate.settlementDecision),
    transferId: transfer.transferId,
    at: formatInstant(at),
  })
  return { type: 'releaseHeld', receipt, receiptHash: hash(receipt), kid: KID, transfer, at }
}

export function contestCommand(by: 'payer' | 'operator', at: Instant): Command<'contest'> {
  const contestedBy = by === 'payer' ? PAYER : id('prn', 99)
  return { type: 'contest', contestedBy, text: 'the answer is stale', at }
}

type Ending = Extract<Gate, { status: 'authorized' | 'waiting' }>

export function endCommand(gate: Ending, as: 'voided' | 'expired', at: Instant): Command<'end'> {
  const transfer =
    gate.status === 'authorized' ? recorded(closingPosting(HELD, 'refund', id('trf', 2))) : null
  const transferId = transfer?.transferId ?? null
  const closing = { settlementDecisionHash: null, transferId, at: EXECUTED_AT }
  const receipt = endingReceiptOf(gate, as, closing)
  return { type: 'end', as, receipt, receiptHash: hash(receipt), kid: KID, transfer, at }
}

/** What is true after a command; a refused one is a fault of the story. */
export function after(gate: Gate, { command, at }: Asked): Gate {
  const outcome = decide(gate, command)
  if (!outcome.ok) throw new Error(`${command.type} after ${gate.status}: ${outcome.refusal}`)
  return outcome.value.reduce((state, event) => evolve(state, event, at), gate)
}

export type Reached<Status extends Gate['status']> = Extract<Gate, { status: Status }>

export interface States {
  readonly none: Gate
  readonly declared: Reached<'declared'>
  readonly waiting: Reached<'waiting'>
  readonly denied: Reached<'denied'>
  readonly authorized: Reached<'authorized'>
  readonly executing: Reached<'executing'>
  readonly executed: Executed
  readonly silent: Executed
  readonly review: Reached<'review'>
  readonly released: Reached<'settled'>
  readonly refunded: Reached<'settled'>
  readonly voided: Reached<'voided'>
  readonly lapsed: Reached<'expired'>
  readonly unanswered: Reached<'expired'>
  readonly resumed: Reached<'authorized'>
  readonly refused: Reached<'denied'>
  readonly divided: Reached<'settled'>
  readonly withheld: Reached<'settled'>
  readonly contested: Reached<'settled'>
  readonly passedOn: Reached<'settled'>
  readonly returned: Reached<'settled'>
}

function reach<Status extends Gate['status']>(
  gate: Gate,
  command: GateCommand,
  status: Status,
): Reached<Status> {
  const reached = after(gate, { command, at: START })
  if (reached.status !== status) throw new Error(`${reached.status}, not ${status}`)
  return reached as Reached<Status>
}

/** Every state a gate passes, each by the shortest way. */
export function statesOf(): States {
  const declared = reach(initial, declareCommand(), 'declared')
  const waiting = reach(declared, recordCommand('escalate'), 'waiting')
  const held = reach(declared, allowing, 'authorized')
  const executing = reach(held, executeCommand(), 'executing')
  const executed = reach(executing, acceptCommand(), 'executed')
  const late = addMs(START, 90_000_000)
  const silent = reach(executing, { type: 'timeOut', at: late }, 'executed')
  const review = reach(executed, settleCommand(executed, 'review'), 'review')
  const withheld = reach(executed, withholdCommand(executed), 'settled')
  const contested = reach(withheld, contestCommand('payer', HELD_UNTIL), 'settled')
  const over = addMs(HELD_UNTIL, 1)
  return {
    none: initial,
    declared,
    waiting,
    denied: reach(declared, recordCommand('deny'), 'denied'),
    authorized: held,
    executing,
    executed,
    silent,
    review,
    released: reach(executed, settleCommand(executed, 'release'), 'settled'),
    refunded: reach(silent, settleCommand(silent, 'refund'), 'settled'),
    voided: reach(held, endCommand(held, 'voided', START), 'voided'),
    lapsed: reach(held, endCommand(held, 'expired', late), 'expired'),
    unanswered: reach(waiting, endCommand(waiting, 'expired', late), 'expired'),
    resumed: reach(waiting, answeredCommand(waiting, 'allow'), 'authorized'),
    refused: reach(waiting, answeredCommand(waiting, 'deny'), 'denied'),
    divided: reach(review, divideCommand(review), 'settled'),
    withheld,
    contested,
    passedOn: reach(withheld, releaseHeldCommand(withheld, over), 'settled'),
    returned: reach(contested, divideCommand(contested, RETURN), 'settled'),
  }
}

type CommandName =
  | 'declare'
  | PolicyDecision['decision']
  | 'execute'
  | 'accept'
  | 'timeOut'
  | Verdict
  | 'void'
  | 'expire'
  | 'expireWaiting'
  | 'answeredAllow'
  | 'answeredDeny'
  | 'divide'
  | 'withhold'
  | 'contest'
  | 'contestByOperator'
  | 'releaseHeld'
  | 'return'

/** Everything that may be asked, by name; `at` lets each happen in the state that allows it. */
export function commandsOf(): Readonly<Record<CommandName, GateCommand>> {
  const { waiting, authorized: held, executed, review, withheld, contested } = statesOf()
  const late = addMs(START, 90_000_000)
  return {
    declare: declareCommand(),
    allow: allowing,
    deny: recordCommand('deny'),
    challenge: recordCommand('challenge'),
    escalate: recordCommand('escalate'),
    execute: executeCommand(),
    accept: acceptCommand(),
    timeOut: { type: 'timeOut', at: late },
    release: settleCommand(executed, 'release'),
    refund: settleCommand(executed, 'refund'),
    review: settleCommand(executed, 'review'),
    void: endCommand(held, 'voided', START),
    expire: endCommand(held, 'expired', late),
    expireWaiting: endCommand(waiting, 'expired', late),
    answeredAllow: answeredCommand(waiting, 'allow'),
    answeredDeny: answeredCommand(waiting, 'deny'),
    divide: divideCommand(review),
    withhold: withholdCommand(executed),
    contest: contestCommand('payer', HELD_UNTIL),
    contestByOperator: contestCommand('operator', addMs(HELD_UNTIL, 1)),
    releaseHeld: releaseHeldCommand(withheld, addMs(HELD_UNTIL, 1)),
    return: divideCommand(contested, RETURN),
  }
}
