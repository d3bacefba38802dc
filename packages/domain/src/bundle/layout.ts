/**
 * Where each file of a bundle has its place.
 *
 * @module
 */
import type { Hash, Id } from '@surety/protocol'

export const MANIFEST_PATH = 'manifest.json'
export const SIGNATURE_PATH = 'manifest.jws'
export const EVENTS_PATH = 'events.jsonl'
export const JWKS_PATH = 'jwks.json'
export const INTENT_PATH = 'signed/intent.jws'
export const RESPONSE_PATH = 'signed/response.jws'

export const grantPath = (depth: number): string => `signed/grant-${depth}.jws`
export const factsPath = (inputHash: Hash): string => `facts/${inputHash}.json`
export const profilePath = (policyHash: Hash): string => `profiles/${policyHash}.json`
export const passportPath = (principal: Id<'prn'>): string => `receipts/passport-${principal}.jws`
export const actionPath = (hash: Hash): string => `signed/action-${hash}.jws`
export const approvalPath = (hash: Hash): string => `receipts/approval-${hash}.jws`
export const evidencePath = (hash: Hash): string => `evidence/${hash}`

export const controlPath = (id: Id<'ctl'>): string => `receipts/control-${id}.jws`
export const controlActPath = (id: Id<'ctl'>, signer: number): string =>
  `signed/control-${id}-${signer}.jws`

/** `receipts/0002-policy-decision.jws`: the event's number, and the type without its version. */
export function receiptPath(seq: number, type: string): string {
  const name = type.replace(/\.v\d+$/, '').replace(/(?<=[a-z])(?=[A-Z])/g, '-')
  return `receipts/${String(seq).padStart(4, '0')}-${name.toLowerCase()}.jws`
}
