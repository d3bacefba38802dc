/**
 * Gates told by the machines of the domain, and the bundles that prove them.
 *
 * A story is data: change a step, a document or a key, tell it again, and every hash and signature
 * that follows is made anew. So a test can lie in one place and be consistent in all others.
 *
 * @module
 */

import type { gate } from '@surety/domain'
import { bundle, receipt } from '@surety/domain'
import {
  type AgentPassport,
  canonicalize,
  type Event,
  type Hash,
  type Id,
  type Jwks,
  type SignedTypeName,
  sealEvent,
  signObject,
  ZERO_HASH,
} from '@surety/protocol'
import type { Answered } from './bundle-approvals.ts'
import { jwksOf, nodeCrypto, type SystemKeys, systemKeys, type TestKey } from './bundle-keys.ts'

export interface Step {
  readonly fact: gate.GateEvent
  readonly at: string
}

export interface Story {
  readonly gateId: Id<'gat'>
  readonly tenantId: Id<'ten'>
  readonly steps: readonly Step[]
  readonly signed: bundle.BundleParts['signed']
  /** Canonical texts. */
  readonly facts: readonly string[]
  readonly profiles: readonly string[]
  readonly passports: readonly AgentPassport[]
  /** What people answered, where the gate went on or ended by it. */
  readonly answers?: readonly Answered[]
}

export const HOUSE = systemKeys('house')
export const TRUSTED: Jwks = jwksOf(HOUSE)

type Signable = { readonly schemaVersion: SignedTypeName }
const signatures = new Map<string, string>()

/** Signs once; Ed25519 is deterministic. */
export function signedBy(key: TestKey, object: Signable): string {
  const name = `${key.kid}${canonicalize(object)}`
  const known = signatures.get(name)
  if (known !== undefined) return known
  const jws = signObject(object, key, nodeCrypto)
  signatures.set(name, jws)
  return jws
}

export function hashOfText(text: string): Hash {
  return nodeCrypto.sha256(text)
}

/** The events of a story, sealed and chained. */
function eventsOf(story: Story): readonly Event[] {
  let prevHash = ZERO_HASH
  return story.steps.map(({ fact, at }, i) => {
    const { type, ...data } = fact
    const { tenantId } = story
    const stream = `gate:${story.gateId}`
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const actor = 'system' as const
    const seq = i + 1
    const schemaVersion = 'Event.v1' as const
    const event = { schemaVersion, tenantId, stream, seq, type, at, actor, traceId, data, prevHash }
    const sealed = sealEvent(event, nodeCrypto)
    prevHash = sealed.eventHash
    return sealed
  })
}

const PURPOSES = {
  'PolicyDecision.v1': 'decision',
  'Authorization.v1': 'authorization',
  'SettlementDecisionRecord.v2': 'settlement',
  'SettlementReceipt.v1': 'settlement',
  'PaymentStatus.v1': 'settlement',
} as const

/** All parts of the bundle of a story, signed with the keys of a house. */
export function partsOf(story: Story, keys: SystemKeys = HOUSE): bundle.BundleParts {
  return {
    gateId: story.gateId,
    events: eventsOf(story),
    signed: story.signed,
    facts: story.facts.map((text) => ({ inputHash: hashOfText(text), text })),
    profiles: story.profiles.map((text) => ({ policyHash: hashOfText(text), text })),
    receipts: story.steps.flatMap(({ fact }, i) => {
      const owed = receipt.receiptOfEvent(fact)
      if (owed === undefined) return []
      const type = owed.object.schemaVersion
      return [{ seq: i + 1, type, jws: signedBy(keys[PURPOSES[type]], owed.object) }]
    }),
    passports: story.passports.map((passport) => ({
      principalId: passport.principalId,
      jws: signedBy(keys.passport, passport),
    })),
    jwks: jwksOf(keys),
    approvals: (story.answers ?? []).map(({ record, recordHash, acts }) => ({
      recordHash,
      jws: signedBy(keys.decision, record),
      actions: acts.map(({ act, key }, i) => ({
        actionHash: record.answers[i]?.actionHash ?? '',
        jws: signedBy(key, act),
      })),
    })),
  }
}

export type Files = ReadonlyMap<string, Uint8Array>

/** The sealed bundle of some parts. */
export function sealedOf(parts: bundle.BundleParts, keys: SystemKeys = HOUSE): Files {
  const built = bundle.build(parts, nodeCrypto)
  return bundle.seal(built, signedBy(keys.bundle, built.manifest))
}

/** The sealed bundle of a story. */
export function bundleOf(story: Story, keys: SystemKeys = HOUSE): Files {
  return sealedOf(partsOf(story, keys), keys)
}

/** What somebody with the bundle key alone can do: any files, and a manifest that fits them. */
export function resealed(files: Files, key: TestKey = HOUSE.bundle): Files {
  const { gateId } = JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString('utf8'))
  const listed = [...files]
    .filter(([path]) => !path.startsWith('manifest.'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, bytes]) => ({ path, sha256: nodeCrypto.sha256(bytes), size: bytes.length }))
  const manifest = { schemaVersion: 'ReceiptBundle.v1' as const, gateId, files: listed }
  const all = new Map(files)
  all.set('manifest.json', Buffer.from(canonicalize(manifest)))
  all.set('manifest.jws', Buffer.from(signedBy(key, manifest)))
  return all
}
