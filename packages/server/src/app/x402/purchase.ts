/**
 * A purchase, decided and made ready in one commit: declared, decided, held, consumed, and the
 * credential's nonce on the disk before anybody signs. Rules: spec/payment.md.
 *
 * @module
 */
import { gate, payment, type principal } from '@surety/domain'
import {
  ensureInstant,
  err,
  formatInstant,
  type Hash,
  ok,
  type PaymentIdentity,
  type ProblemCode,
  paymentNonce,
  type Result,
  type WalletFacts,
} from '@surety/protocol'
import type { Facts, Outcome, Stamp, UseCase } from '../../ports.ts'
import { stopsSpend } from '../control/standing.ts'
import { type Deciding, decideInto, decisionReads, refusalBefore } from '../gate/authorize-gate.ts'
import { FULL, isFull } from '../gate/counting.ts'
import { chainUsable, partiesOf, walletFacts } from '../gate/facts.ts'
import { noticeOf } from '../gate/money.ts'
import { deadlineOf, evolveAll } from '../gate/view.ts'
import { type Answer, gateStream } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'
import type { Chosen } from './offers.ts'

type Authorized = Extract<gate.Gate, { status: 'authorized' }>
type Executing = Extract<gate.Gate, { status: 'executing' }>
type DecisionFacts = Facts<ReturnType<typeof decisionReads>>

export interface Purchasing extends Deciding {
  readonly intentHash: Hash
  /** The intent under its agent's signature; `null` where the API key stands for it. */
  readonly jws: string | null
  readonly chosen: Pick<Chosen, 'document' | 'quote'>
  /** What makes a second call with the same key this same purchase. */
  readonly purchaseKey: string | null
  readonly sinceBlock: number
}

/** INVARIANT(once): one commit decides, holds and consumes; there is nothing in between to lose. */
export const purchase: UseCase<Purchasing, ReturnType<typeof decisionReads>, Answer> = {
  reads: decisionReads,
  decide: (read, input, stamp) => {
    const early = refusalBefore(read, input, stamp)
    if (early !== undefined) return early
    const gateId = stamp.mint('gat')
    const { intent, intentHash, intentKid: kid, quote, walletId } = input
    const named = quote === null || walletId === null ? {} : { quote, walletId }
    const declared = gate.decide(gate.initial, {
      type: 'declare',
      ...{ gateId, intent, intentHash, kid, ...named },
      at: stamp.at,
    })
    if (!declared.ok) return { type: 'refuse', code: declared.refusal, detail: declared.detail }
    const before = evolveAll(gate.initial, declared.value, stamp.at)
    if (before.status !== 'declared') throw new Error(`declared, and ${before.status}`)
    const writing = new Writing(stamp)
    const { facts, state } = decideInto(writing, before, { read, input, stamp })
    if (isFull(read, input, state.status)) return FULL
    const all = [...declared.value, ...facts]
    if (state.status !== 'authorized') return write(writing, input, stamp, { facts: all, state })
    const started = startPayment(state, { read, input, stamp })
    // What was just allowed on these facts is not refused on the same facts.
    if (!started.ok) throw new Error(`allowed, and ${started.refusal}`)
    const { facts: more, state: next } = started.value
    return write(writing, input, stamp, { facts: [...all, ...more], state: next })
  },
}

type Known = Exclude<gate.Gate, { status: 'none' }>

function write(
  writing: Writing,
  input: Purchasing,
  stamp: Stamp,
  made: { readonly facts: readonly gate.GateEvent[]; readonly state: Known },
): Outcome<Answer> {
  const { state, facts } = made
  const { gateId } = state
  const stream = gateStream(gateId)
  writing.append({ family: 'gate', id: gateId, stream, before: fresh(gate.initial) }, facts, state)
  const { intentId, agentId, nonce } = input.intent
  writing
    .unique({ family: 'intent', key: intentId, owner: gateId, refusal: 'intent_already_declared' })
    .unique({
      family: 'nonce',
      key: `${agentId}:${nonce}`,
      owner: gateId,
      refusal: 'nonce_already_used',
    })
    .document(gateId, 'offer.json', input.chosen.document)
    .deadline(gateId, null, deadlineOf(state))
  if (input.jws !== null) writing.document(gateId, 'intent.jws', input.jws)
  // A denial is no purchase: the same key may try again.
  if (input.purchaseKey !== null && state.status !== 'denied') {
    const key = input.purchaseKey
    writing.unique({ family: 'purchase', key, owner: gateId, refusal: 'idempotency_in_flight' })
  }
  if (state.status === 'executing') claimCredential(writing, state)
  if (state.status === 'denied' || state.status === 'waiting') {
    writing.notify(`gate.${state.status}`, noticeOf(state, stamp))
  }
  return writing.answer(null, stream)
}

/** INVARIANT(once): one payment for one credential, for good. */
export function claimCredential(writing: Writing, { gateId, payment }: Executing): void {
  if (payment === undefined) throw new Error('a credential of no payment')
  const { network, payer, nonce } = payment
  const key = `${network}:${payer}:${nonce}`
  writing
    .unique({ family: 'credential', key, owner: gateId, refusal: 'nonce_already_used' })
    .unique({
      family: 'payment',
      key: payment.paymentId,
      owner: gateId,
      refusal: 'nonce_already_used',
    })
}

interface Starting {
  readonly read: DecisionFacts
  readonly input: Deciding & { readonly sinceBlock: number }
  readonly stamp: Stamp
}

/**
 * Consumes an authorization by accepting its payment. INVARIANT(control): everything that may have
 * changed since is read in this very transaction; afterwards nothing stops the money.
 */
export function startPayment(
  before: Authorized,
  { read, input, stamp }: Starting,
): Result<{ readonly facts: readonly gate.GateEvent[]; readonly state: Executing }, ProblemCode> {
  const { authorization, authorizationHash, intent } = before
  const { strictBinding, settlement } = input.profile.profile
  const wallet = walletFacts(read.wallet.state)
  if (wallet === null) throw new Error('a payment without a wallet')
  if (wallet.status !== 'active') return err('commit_wallet_frozen', wallet.walletId)
  const parties = new Map(
    partiesOf(input.intent, input.chain).map((id, i) => [
      id as string,
      read.parties[i]?.state as principal.Principal,
    ]),
  )
  const { amountMax, asset, payee, rail, grantHash, policyHash, nonce, notAfter } = authorization
  const bound = { asset, payee, rail, grantHash, policyHash, nonce, notAfter }
  const started = gate.decide(before, {
    type: 'execute',
    authorizationHash,
    presented: { request: intent.requestFingerprint, amount: amountMax, ...bound },
    executorId: intent.agentId,
    at: stamp.at,
    pays: true,
    terms: { strictBinding, evidenceWithinMs: settlement.evidenceWithinMs },
    now: {
      policyHash: read.activeProfile.state?.policyHash ?? input.denyAllHash,
      grantsUsable: chainUsable(input.chain, read.grants, parties, stamp.atText),
      partiesActive: [...parties.values()].every(
        (party) => party.status === 'registered' && party.lifecycle === 'active',
      ),
      stopped: stopsSpend(read.controls),
    },
  })
  if (!started.ok) return started
  const executing = evolveAll(before, started.value, stamp.at)
  const paid = gate.decide(executing, {
    type: 'pay',
    payments: accepted(before, { wallet, sinceBlock: input.sinceBlock, stamp }),
    observed: null,
  })
  if (!paid.ok) throw new Error(`an executing gate refuses its payment: ${paid.refusal}`)
  const state = evolveAll(executing, paid.value, stamp.at)
  if (state.status !== 'executing') throw new Error(`paying, and ${state.status}`)
  return ok({ facts: [...started.value, ...paid.value], state })
}

const NEVER_BEFORE = '1970-01-01T00:00:00.000Z'
const SECOND_MS = 1_000

/** The payment of an authorization: accepted with its nonce, and about to be handed over. */
function accepted(
  { authorization, authorizationHash, quote }: Authorized,
  { wallet, sinceBlock, stamp }: { wallet: WalletFacts; sinceBlock: number; stamp: Stamp },
): readonly Extract<gate.PaidEvent, { type: 'paymentMoved' }>[] {
  if (quote === undefined) throw new Error('a payment without a quote')
  const { tenantId, environment, gateId, rail, payee, requestFingerprintHash } = authorization
  const { offerHash, scheme, network, asset, amount, payTo, validSeconds } = quote
  const ends = ensureInstant((Math.floor(stamp.at / SECOND_MS) + validSeconds) * SECOND_MS)
  const at = stamp.atText
  const identity: PaymentIdentity = {
    schemaVersion: 'PaymentIdentity.v1',
    paymentId: stamp.mint('pay'),
    ...{ tenantId, environment, gateId, authorizationHash, requestFingerprintHash },
    ...{ offerHash, rail, scheme, network, asset, amount, payTo },
    payer: wallet.address,
    validAfter: NEVER_BEFORE,
    validBefore: formatInstant(ends),
  }
  const nonce = paymentNonce(identity, stamp.crypto)
  const { walletId } = wallet
  const commands = [
    { type: 'accept', identity, nonce, walletId, payee, sinceBlock, at },
    { type: 'dispatch', at },
  ] as const
  let state: payment.Payment = payment.initial
  return commands.flatMap((command) => {
    const decided = payment.decide(state, command)
    if (!decided.ok) throw new Error(`a new payment refuses: ${decided.refusal}`)
    for (const event of decided.value) state = payment.evolve(state, event)
    return decided.value as readonly Extract<gate.PaidEvent, { type: 'paymentMoved' }>[]
  })
}
