/**
 * Why a payment ended without success: a closed list, each with the state it ends in and who acts.
 *
 * The first nineteen are the canonical ones; those with a point in their name are of rails that
 * need more words. Rules: spec/payment.md. Vectors: spec/vectors/payment/.
 *
 * @module
 */
import type { PaymentState } from '@surety/protocol'

export type TerminalState = Extract<PaymentState, 'failed' | 'replaced' | 'not_found'>

/** What helps, for whoever is to act. */
export type NextAction =
  | 'rebuild'
  | 'submit_missing_or_rebuild'
  | 'poll_original'
  | 'resubmit_same_artifact'
  | 'decide'
  | 'follow_replacement'
  | 'restart_flow'

export interface TerminalReason {
  readonly state: TerminalState
  readonly category:
    | 'validation'
    | 'sender'
    | 'relay'
    | 'settlement'
    | 'replacement'
    | 'identity'
    | 'payer'
  readonly owner: 'sender' | 'relay' | 'caller'
  readonly next: NextAction
}

const failed = (
  category: TerminalReason['category'],
  owner: TerminalReason['owner'],
  next: NextAction,
): TerminalReason => ({ state: 'failed', category, owner, next })

export const REASONS = {
  invalid_transaction: failed('validation', 'sender', 'rebuild'),
  not_sponsored: failed('validation', 'sender', 'rebuild'),
  sender_nonce_stale: failed('sender', 'sender', 'rebuild'),
  sender_nonce_gap: failed('sender', 'sender', 'submit_missing_or_rebuild'),
  sender_nonce_duplicate: failed('sender', 'sender', 'poll_original'),
  origin_chaining_limit: failed('sender', 'sender', 'resubmit_same_artifact'),
  sender_hand_expired: failed('sender', 'sender', 'resubmit_same_artifact'),
  queue_unavailable: failed('relay', 'relay', 'resubmit_same_artifact'),
  sponsor_failure: failed('relay', 'relay', 'resubmit_same_artifact'),
  internal_error: failed('relay', 'relay', 'resubmit_same_artifact'),
  sponsor_exhausted: failed('relay', 'relay', 'resubmit_same_artifact'),
  sponsor_nonce_conflict: failed('relay', 'relay', 'resubmit_same_artifact'),
  broadcast_failure: failed('settlement', 'relay', 'resubmit_same_artifact'),
  broadcast_rate_limited: failed('settlement', 'relay', 'resubmit_same_artifact'),
  chain_abort: failed('settlement', 'relay', 'rebuild'),
  nonce_replacement: {
    state: 'replaced',
    category: 'replacement',
    owner: 'caller',
    next: 'decide',
  },
  superseded: {
    state: 'replaced',
    category: 'replacement',
    owner: 'caller',
    next: 'follow_replacement',
  },
  expired: { state: 'not_found', category: 'identity', owner: 'caller', next: 'restart_flow' },
  unknown_payment_identity: {
    state: 'not_found',
    category: 'identity',
    owner: 'caller',
    next: 'restart_flow',
  },
  'payer.authorization_expired': failed('payer', 'sender', 'rebuild'),
  'payer.authorization_cancelled': failed('payer', 'sender', 'rebuild'),
  'payer.never_presented': failed('payer', 'sender', 'rebuild'),
} as const satisfies Readonly<Record<string, TerminalReason>>

export type Reason = keyof typeof REASONS
