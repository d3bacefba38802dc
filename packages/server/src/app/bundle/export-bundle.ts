/**
 * Exports the bundle of a gate: what proves it without a network. Rules: spec/bundle.md.
 *
 * A gate that has ended gives the same bytes every time: passports and keys are stated as they
 * were when it ended, and the signature over the manifest is kept.
 *
 * @module
 */
import { type approval, bundle, type gate, policy } from '@surety/domain'
import {
  type ApprovalRecord,
  canonicalize,
  type Event,
  err,
  hashOf,
  type Id,
  type Jwks,
  ok,
  type PolicyDecision,
  type ProblemCode,
  type Result,
  readJws,
  type SignedTypeName,
  signingInput,
  toBase64url,
} from '@surety/protocol'
import { controlsOf } from '../control/proof.ts'
import { partiesOf } from '../gate/facts.ts'
import { grantChain } from '../grant/chain.ts'
import { profileByHash } from '../profile/current-profile.ts'
import { readGateEvents, seesFacts } from '../read.ts'
import { receiptsAt } from '../receipts.ts'
import { type App, approvalStream, type Caller, gateStream } from '../runtime.ts'

export interface ExportedBundle {
  readonly gateId: string
  readonly files: readonly { readonly path: string; readonly content: string }[]
}

type Decided = Extract<gate.Gate, { decision: unknown }>

/** The files of a bundle, each as base64url. Cost: linear in the gate's own history. */
export async function exportBundle(
  app: App,
  caller: Caller,
  gateId: string,
): Promise<Result<ExportedBundle, ProblemCode>> {
  const events = await readGateEvents(app, caller, gateId)
  if (!events.ok) return events
  const { state } = await app.store.reads.state(caller.scope, 'gate', gateId)
  if (!('decision' in state)) return err('bundle_not_ready')
  if (!seesFacts(caller, state)) return err('bundle_not_for_payee')
  const built = bundle.build(await partsOf(app, caller, state, events.value), app.crypto)
  const jws = await manifestSignature(app, caller, state.gateId, built.manifestText)
  const files = [...bundle.seal(built, jws)].map(([path, bytes]) => ({
    path,
    content: toBase64url(bytes),
  }))
  return ok({ gateId, files })
}

async function partsOf(
  app: App,
  caller: Caller,
  state: Decided,
  events: readonly Event[],
): Promise<bundle.BundleParts> {
  const { scope } = caller
  const { gateId, intent } = state
  const ended = events.at(-1) as Event
  const documents = await app.store.reads.documents(scope, gateId)
  const chain = await grantChain(app, scope, intent.grantHash)
  const grants = await Promise.all(chain.map((link) => signedGrant(app, caller, link.grantHash)))
  const stream = gateStream(gateId)
  const receipts = await receiptsAt(app, scope, stream, 'all')
  const decisions = events
    .filter(({ type }) => type === 'decisionRecorded')
    .map(({ data }) => data.decision as PolicyDecision)
  const texts = decisions.map(({ inputHash }) => documents.get(`facts-${inputHash}.json`) ?? '')
  const approvals = await usedApprovals(app, caller, events, texts)
  const parties = [...new Set([...partiesOf(intent, chain), ...approvals.flatMap(answerers)])]
  const passports = await Promise.all(parties.map((id) => passportAt(app, caller, id, ended.at)))
  const hashes = decisions.flatMap((decision) => {
    const watching = policy.watchingHash(decision)
    return watching === undefined ? [decision.policyHash] : [decision.policyHash, watching]
  })
  const profiles = await Promise.all(
    [...new Set(hashes)].map((hash) => profileByHash(app, scope, hash)),
  )
  const proofs = (await Promise.all(texts.map((text) => controlsOf(app, scope, text)))).flat()
  const controls = [...new Map(proofs.map((each) => [each.controlId, each])).values()]
  const signers = new Set(controls.flatMap((each) => each.signers))
  for (const passport of passports) if (passport !== undefined) signers.delete(passport.principalId)
  const others = [...signers].map((id) => passportAt(app, caller, id, ended.at))
  const known = [...passports, ...(await Promise.all(others))].filter(
    (passport) => passport !== undefined,
  )
  return {
    gateId,
    events,
    signed: {
      intent: documents.get('intent.jws') ?? null,
      grants,
      response: documents.get('response.jws') ?? null,
    },
    facts: decisions.map(({ inputHash }) => ({
      inputHash,
      text: documents.get(`facts-${inputHash}.json`) ?? '',
    })),
    profiles: profiles.map(({ policyHash, profile }) => ({
      policyHash,
      text: canonicalize(profile),
    })),
    receipts: receipts.map((each) => ({ ...each, type: each.type as SignedTypeName })),
    passports: known,
    approvals,
    controls,
    jwks: keysUsed(
      app,
      [...receipts, ...known, ...approvals, ...controls].map(({ jws }) => jws),
      ended.at,
    ),
  }
}

type Answered = NonNullable<bundle.BundleParts['approvals']>[number] & {
  readonly record: ApprovalRecord
}

const answerers = ({ record }: Answered) => record.answers.map(({ operatorId }) => operatorId)

/** What people answered, where the gate went on or ended by it. */
async function usedApprovals(
  app: App,
  { scope }: Caller,
  events: readonly Event[],
  texts: readonly string[],
): Promise<readonly Answered[]> {
  const { reads } = app.store
  const asking = events.flatMap(({ type, data }) => {
    if (type === 'decisionRecorded') return [String(data.decisionHash)]
    return type === 'settlementDecided' ? [hashOf(data.record, app.crypto)] : []
  })
  const ids = await Promise.all(asking.map((hash) => reads.unique(scope, 'approval', hash)))
  const used = await Promise.all(
    ids.map(async (id) => {
      const { state } = await reads.state(scope, 'approval', id ?? '')
      const isUsed = state.status === 'consumed' || state.status === 'denied'
      return isUsed ? [await answeredOf(app, scope, state)] : []
    }),
  )
  // A yes of somebody who had lapsed was used up, and entered no decision.
  const entered = ({ record }: Answered) =>
    record.level === 'review' || texts.some((text) => text.includes(record.decisionHash))
  return used.flat().filter(entered)
}

async function answeredOf(
  app: App,
  scope: Caller['scope'],
  { approvalId, record, recordHash }: Extract<approval.Approval, { record: unknown }>,
): Promise<Answered> {
  const receipts = await receiptsAt(app, scope, approvalStream(approvalId), 'all')
  const documents = await app.store.reads.documents(scope, approvalId)
  const actions = record.answers.map(({ actionHash }) => ({
    actionHash,
    jws: documents.get(`action-${actionHash}.jws`) ?? '',
  }))
  return { recordHash, record, jws: receipts.at(-1)?.jws ?? '', actions }
}

async function signedGrant(app: App, caller: Caller, grantHash: string): Promise<string> {
  const documents = await app.store.reads.documents(caller.scope, grantHash)
  return documents.get('grant.jws') ?? ''
}

/** The passport that was true of a principal at a moment. */
async function passportAt(app: App, caller: Caller, principalId: Id<'prn'>, at: string) {
  const stream = `principal:${principalId}`
  const events = await app.store.reads.events(caller.scope, stream)
  const last = events.filter((event) => event.at <= at).at(-1)
  if (last === undefined) return undefined
  const [passport] = await receiptsAt(app, caller.scope, stream, [last.seq])
  return passport === undefined ? undefined : { principalId, jws: passport.jws }
}

/** The keys under the receipts, as they stood when the gate ended: a hint, never trust. */
function keysUsed(app: App, signed: readonly string[], at: string): Jwks {
  const kids = new Set(
    signed.map((jws) => {
      const parts = readJws(jws)
      return parts.ok ? parts.value.kid : ''
    }),
  )
  const keys = app.signer.jwks().keys.filter((key) => kids.has(key.kid))
  return {
    keys: keys.map((key) => ({
      ...key,
      notAfter: key.notAfter !== null && key.notAfter <= at ? key.notAfter : null,
    })),
  }
}

/** Made at the first export, and used again while the manifest stays equal. */
async function manifestSignature(
  app: App,
  caller: Caller,
  gateId: string,
  manifestText: string,
): Promise<string> {
  const name = `manifest-${app.crypto.sha256(manifestText)}.jws`
  const kept = (await app.store.reads.documents(caller.scope, gateId)).get(name)
  if (kept !== undefined) return kept
  const kid = app.signer.kids.bundle
  const input = signingInput('ReceiptBundle.v1', manifestText, kid)
  const jws = `${input}.${await app.signer.sign(kid, input)}`
  await app.store.keepDocument(caller.scope, gateId, name, jws)
  return jws
}
