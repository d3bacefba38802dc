/**
 * A payment: the canonical lifecycle of one movement of money on one rail.
 *
 * requires_payment → queued → broadcasting → mempool → confirmed; failed and replaced end it, and
 * `not_found` is what a lookup answers. No answer is not an end: it is `certainty: unknown`.
 * Rules: spec/payment.md, docs/concepts/payments.md. Vectors: spec/vectors/payment/.
 *
 * @module
 */
import {
  err,
  ok,
  type PaymentCategory,
  type PaymentIdentity,
  type PaymentState,
  type PaymentStatus,
  type Result,
  type Scheme,
  unreachable,
} from '@surety/protocol'
import { REASONS, type Reason } from './reasons.ts'

export type Payment = { readonly state: 'requires_payment' } | PaymentStatus

export type PaymentCommand =
  | {
      readonly type: 'accept'
      readonly identity: PaymentIdentity
      readonly nonce: string
      readonly walletId: PaymentStatus['walletId']
      readonly payee: PaymentStatus['payee']
      /** The newest block when it was accepted: nothing older can have used its credential. */
      readonly sinceBlock: number
      readonly at: string
    }
  /** Durable before the credential leaves the house. */
  | { readonly type: 'dispatch'; readonly at: string }
  /** Handed over, and no conclusive answer. */
  | { readonly type: 'lose'; readonly at: string }
  | {
      readonly type: 'see' | 'confirm'
      readonly transaction: string
      readonly blockNumber: number
      /** Of a scheme that takes at most the amount: what it took. */
      readonly settled?: string | undefined
      readonly at: string
    }
  | { readonly type: 'end'; readonly reason: Reason; readonly at: string }

export type PaymentEvent =
  /** In flight, and known to be. */
  | { readonly type: 'paymentMoved'; readonly payment: PaymentStatus }
  /** An end, or the loss of certainty: Surety signs it. */
  | { readonly type: 'paymentReported'; readonly payment: PaymentStatus }

export type PaymentRefusal = 'payment_transition_illegal'

export const initial: Payment = { state: 'requires_payment' }

/** Where each state may go. What is not listed is refused; an end has no way out. */
export const NEXT: Readonly<Record<PaymentState, readonly PaymentState[]>> = {
  requires_payment: ['queued'],
  queued: ['queued', 'broadcasting', 'failed', 'replaced'],
  broadcasting: ['queued', 'broadcasting', 'mempool', 'failed', 'replaced'],
  mempool: ['mempool', 'confirmed', 'failed', 'replaced'],
  confirmed: [],
  failed: [],
  replaced: [],
  not_found: [],
}

const CATEGORY: Readonly<Record<PaymentState, PaymentCategory>> = {
  requires_payment: 'pre-payment',
  queued: 'in-flight',
  broadcasting: 'in-flight',
  mempool: 'in-flight',
  confirmed: 'terminal-success',
  failed: 'terminal-failure',
  replaced: 'terminal-failure',
  not_found: 'terminal-failure',
}

export function categoryOf(state: PaymentState): PaymentCategory {
  return CATEGORY[state]
}

/** INVARIANT(delivery): a resource of ours is delivered on `confirmed` and on nothing else. */
export function isDeliverable(state: PaymentState): boolean {
  return state === 'confirmed'
}

/** Nothing more will happen to it. */
export function isTerminal(state: PaymentState): boolean {
  return CATEGORY[state] === 'terminal-success' || CATEGORY[state] === 'terminal-failure'
}

type Events = Result<readonly PaymentEvent[], PaymentRefusal>

export function decide(payment: Payment, command: PaymentCommand): Events {
  if (command.type === 'accept') return accept(payment, command)
  if (!('paymentId' in payment)) return illegal(payment.state, 'queued')
  const { at } = command
  switch (command.type) {
    case 'dispatch':
      return moved(payment, { state: 'broadcasting', at })
    case 'lose':
      // INVARIANT(unknown): the state stays where it was; only the certainty goes.
      if (isTerminal(payment.state) || payment.state === 'queued') {
        return illegal(payment.state, payment.state)
      }
      return ok([reported({ ...payment, certainty: 'unknown', at })])
    case 'see':
      return moved(payment, { ...placeOf(command), state: 'mempool', certainty: 'known', at })
    case 'confirm':
      return confirm(payment, command)
    case 'end': {
      const { state } = REASONS[command.reason]
      if (!NEXT[payment.state].includes(state)) return illegal(payment.state, state)
      const { reason } = command
      return ok([reported(changed(payment, { state, certainty: 'known', reason, at }))])
    }
    default:
      return unreachable(command)
  }
}

function accept(payment: Payment, command: Extract<PaymentCommand, { type: 'accept' }>): Events {
  if (payment.state !== 'requires_payment') return illegal(payment.state, 'queued')
  const { identity, nonce, walletId, payee, sinceBlock, at } = command
  const { schemaVersion: _, authorizationHash: _a, requestFingerprintHash: _r, ...own } = identity
  const record: PaymentStatus = {
    schemaVersion: 'PaymentStatus.v1',
    ...own,
    nonce,
    walletId,
    payee,
    sinceBlock,
    state: 'queued',
    category: 'in-flight',
    certainty: 'known',
    reason: null,
    transaction: null,
    blockNumber: null,
    at,
  }
  return ok([{ type: 'paymentMoved', payment: record }])
}

/** What is seen mined before it was seen pending passes through `mempool`: history stays legal. */
function confirm(payment: PaymentStatus, command: PaymentCommand & { type: 'see' | 'confirm' }) {
  const { at } = command
  const change = { ...placeOf(command), certainty: 'known', at } as const
  if (payment.state !== 'broadcasting' && payment.state !== 'mempool') {
    return illegal(payment.state, 'confirmed')
  }
  const seen = changed(payment, { ...change, state: 'mempool' })
  const first: readonly PaymentEvent[] =
    payment.state === 'mempool' ? [] : [{ type: 'paymentMoved', payment: seen }]
  return ok([...first, reported(changed(seen, { ...change, state: 'confirmed' }))])
}

function placeOf(command: PaymentCommand & { type: 'see' | 'confirm' }) {
  const { transaction, blockNumber, settled } = command
  return { transaction, blockNumber, ...(settled === undefined ? {} : { settled }) }
}

type Change = Partial<PaymentStatus> & Pick<PaymentStatus, 'state' | 'at'>

function moved(payment: PaymentStatus, change: Change): Events {
  if (!NEXT[payment.state].includes(change.state)) return illegal(payment.state, change.state)
  return ok([{ type: 'paymentMoved', payment: changed(payment, change) }])
}

function changed(payment: PaymentStatus, change: Change): PaymentStatus {
  return { ...payment, ...change, category: CATEGORY[change.state] }
}

function reported(payment: PaymentStatus): PaymentEvent {
  return { type: 'paymentReported', payment }
}

function illegal(from: PaymentState, to: PaymentState) {
  return err('payment_transition_illegal', `${from} → ${to}`)
}

/** What is true once the fact has happened. A fact out of order is a fault. */
export function evolve(payment: Payment, event: PaymentEvent): Payment {
  const { payment: next } = event
  const stays = event.type === 'paymentReported' && next.certainty === 'unknown'
  const legal = stays ? next.state === payment.state : NEXT[payment.state].includes(next.state)
  const fault = contradictionOf(next)
  if (!legal || fault !== undefined) {
    throw new Error(fault ?? `${payment.state} → ${next.state}`)
  }
  if ('paymentId' in payment && !isSame(payment, next)) throw new Error('another payment')
  return next
}

const FIXED = [
  'paymentId',
  'tenantId',
  'environment',
  'gateId',
  'walletId',
  'payee',
  'offerHash',
  'rail',
  'scheme',
  'network',
  'asset',
  'amount',
  'payer',
  'payTo',
  'nonce',
  'validAfter',
  'validBefore',
  'sinceBlock',
] as const satisfies readonly (keyof PaymentStatus)[]

/** INVARIANT(one-truth): whatever happens to a payment, it stays this payment. */
function isSame(a: PaymentStatus, b: PaymentStatus): boolean {
  return FIXED.every((name) => a[name] === b[name])
}

/** What a status contradicts in itself, if anything. */
export function contradictionOf(status: PaymentStatus): string | undefined {
  const { state, category, reason, certainty, transaction } = status
  if (category !== CATEGORY[state]) return `\`${category}\` is not the category of \`${state}\``
  if (state === 'requires_payment' || state === 'not_found') return `\`${state}\` is never stored`
  if (certainty === 'unknown' && isTerminal(state)) return 'an end is certain'
  if (state === 'confirmed' && transaction === null) return 'confirmed by no transaction'
  const overtaken = settledFault(status)
  if (overtaken !== undefined) return overtaken
  const ends = state === 'failed' || state === 'replaced'
  if (ends !== (reason !== null)) return 'a reason and an end come together'
  if (reason === null) return undefined
  const known = Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason] : undefined
  return known?.state === state ? undefined : `\`${reason}\` does not end in \`${state}\``
}

/** INVARIANT(budget): nothing takes more than what was held, and what takes says how much. */
function settledFault(status: PaymentStatus): string | undefined {
  const { scheme, state, transaction, settled, amount } = status
  if (settled === undefined) {
    const owes = scheme === UPTO && (state === 'mempool' || state === 'confirmed')
    return owes ? 'taken, and nobody knows how much' : undefined
  }
  if (scheme !== UPTO || transaction === null) return 'a part was taken of what is whole'
  const isWithin = settled !== '0' && BigInt(settled) <= BigInt(amount)
  return isWithin ? undefined : 'more was taken than was held, or nothing'
}

const UPTO: Scheme = 'upto'

/** The identity that a payment's nonce is the hash of: the payment, and what it was made for. */
export function identityOf(
  status: PaymentStatus,
  made: Pick<PaymentIdentity, 'authorizationHash' | 'requestFingerprintHash'>,
): PaymentIdentity {
  const { paymentId, tenantId, environment, gateId, offerHash, rail, scheme, network } = status
  const { asset, amount, payer, payTo, validAfter, validBefore } = status
  return {
    schemaVersion: 'PaymentIdentity.v1',
    ...{ paymentId, tenantId, environment, gateId },
    authorizationHash: made.authorizationHash,
    requestFingerprintHash: made.requestFingerprintHash,
    ...{ offerHash, rail, scheme, network, asset, amount, payer, payTo, validAfter, validBefore },
  }
}
