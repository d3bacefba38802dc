/**
 * The profile that rules where none is applied: it lists nothing, so it allows nothing.
 *
 * @module
 */
import type { Profile } from '@surety/protocol'

/** INVARIANT(default-deny): a document like any other, with its own hash (spec/vectors/policy/). */
export const DENY_ALL: Profile = {
  schemaVersion: 'Profile.v1',
  profileId: 'deny-all',
  version: 1,
  name: 'deny everything',
  mode: 'enforce',
  allowlists: { assets: [], rails: [], networks: [] },
  limits: { perRequest: [] },
  approvalTiers: [],
  risk: [],
  strictBinding: true,
  authorizationWithinMs: 60_000,
  approvalWithinMs: 60_000,
  settlement: {
    mode: 'manual',
    verifiers: [{ verifier: 'status' }],
    onSilence: 'review',
    evidenceWithinMs: 60_000,
  },
}
