/**
 * What is signed and what is kept by its hash: each is held against the event that speaks of it.
 *
 * INVARIANT(receipts): every fact that obliges a statement has one under one of our keys.
 * INVARIANT(no-forgery): a party's word stands under that party's own key.
 *
 * @module
 */
import {
  type ControlSigner,
  type Crypto,
  canonicalize,
  type EmergencyControlEvent,
  type Event,
  hashOf,
  type KeyLookup,
  type PartyKey,
  readJws,
  type SignedTypeName,
  signingInput,
  verifySigned,
} from '@surety/protocol'
import type { Findings } from './findings.ts'
import type { Stream } from './streams.ts'
import { jsonOf, type Tables } from './tables.ts'

/** The facts that are signed, and which member the statement is. */
const STATEMENT_OF: Readonly<Record<string, string>> = {
  decisionRecorded: 'decision',
  gateAuthorized: 'authorization',
  settlementDecided: 'record',
  paymentReported: 'payment',
  probeDecided: 'decision',
  gateHeldForReview: 'receipt',
  gateSettled: 'receipt',
  gateResolved: 'receipt',
  holdbackReleased: 'receipt',
  gateVoided: 'receipt',
  gateExpired: 'receipt',
  approvalApproved: 'record',
  approvalDenied: 'record',
  approvalExpired: 'record',
  principalRegistered: 'passport',
  principalKeyAdded: 'passport',
  principalKeyRetired: 'passport',
  principalLifecycleChanged: 'passport',
  principalRoleAssigned: 'passport',
  principalRoleWithdrawn: 'passport',
  controlImposed: 'statement',
  controlLifted: 'statement',
}
/** Where an event states a hash, and of what. */
const STATED: readonly (readonly [hash: string, member: string])[] = [
  ['intentHash', 'intent'],
  ['decisionHash', 'decision'],
  ['authorizationHash', 'authorization'],
  ['evidenceHash', 'statement'],
  ['evidenceHash', 'observation'],
  ['receiptHash', 'receipt'],
  ['grantHash', 'document'],
  ['policyHash', 'profile'],
  ['recordHash', 'record'],
]

const SIGNATURES = 'SELECT seq, signature FROM signatures WHERE scope = ? AND stream = ?'
const DOCUMENTS = 'SELECT name, content FROM documents WHERE scope = ? AND owner = ?'
const DEADLINE = 'SELECT due FROM deadlines WHERE scope = ? AND id = ?'
/** How far a wallet was looked at: nothing that is true or false, only where to go on. */
const CURSOR = /^scanned-[\w-]+ \d{1,15}$/
const PRINCIPAL = "SELECT state FROM states WHERE scope = ? AND family = 'principal' AND id = ?"

type Data = { readonly [name: string]: unknown }

/** A document that an event speaks of: how it must be signed, or which bytes it must have. */
interface Wanted {
  readonly hash: string
  readonly signed?: { readonly types: readonly SignedTypeName[]; readonly by: string; at: string }
  /** Whether what was signed is what the event says. */
  readonly says?: (object: Data) => boolean
}

export class Proofs {
  readonly #tables: Tables
  readonly #findings: Findings
  readonly #crypto: Crypto
  readonly #ours: KeyLookup
  #signatures = 0
  #documents = 0
  #unsigned = 0

  constructor(tables: Tables, findings: Findings, crypto: Crypto, ours: KeyLookup) {
    this.#tables = tables
    this.#findings = findings
    this.#crypto = crypto
    this.#ours = ours
  }

  check(stream: Stream): void {
    for (const event of stream.events) this.#checkHashes(stream, event)
    this.#checkSignatures(stream)
    this.#checkDocuments(stream)
  }

  #checkHashes({ name }: Stream, { seq, data }: Event): void {
    for (const [hash, member] of STATED) {
      if (data[hash] === undefined || data[member] === undefined || data[member] === null) continue
      const holds = hashOf(data[member], this.#crypto) === data[hash]
      this.#findings.expect('documents', holds, `${name} ${String(seq)}: ${hash} is of another`)
    }
  }

  #checkSignatures({ scope, name, events }: Stream): void {
    const kept = new Map<number, string | null>()
    for (const row of this.#tables.rows(SIGNATURES, scope.scope, name)) {
      kept.set(Number(row.seq), row.signature as string | null)
    }
    this.#signatures += kept.size
    for (const event of events) {
      const statement = event.data[STATEMENT_OF[event.type] ?? '']
      const where = `${name} ${String(event.seq)}`
      if (statement === undefined) continue
      this.#checkStatement(where, event, statement as Data, kept)
      kept.delete(event.seq)
    }
    for (const seq of kept.keys()) {
      this.#findings.problem('receipts', `${name} ${String(seq)}: signed, and no such fact`)
    }
  }

  #checkStatement(
    where: string,
    { seq, data }: Event,
    statement: Data,
    kept: ReadonlyMap<number, string | null>,
  ): void {
    const signature = kept.get(seq)
    const isOwed = this.#findings.expect('receipts', signature !== undefined, `${where}: not owed`)
    if (signature === null) this.#unsigned += 1
    if (!isOwed || signature === null) return
    const type = statement.schemaVersion as SignedTypeName
    const input = signingInput(type, canonicalize(statement), String(data.kid))
    const verified = verifySigned([type], `${input}.${signature}`, this.#ours, this.#crypto)
    if (!verified.ok) this.#findings.problem('receipts', `${where}: ${verified.refusal}`)
  }

  #checkDocuments(stream: Stream): void {
    const { scope, name, id } = stream
    const wanted = wantedOf(stream)
    for (const row of this.#tables.rows(DOCUMENTS, scope.scope, id)) {
      this.#documents += 1
      const title = String(row.name)
      if (stream.kind === 'wallet' && CURSOR.test(`${title} ${String(row.content)}`)) continue
      const found = wanted.get(title) ?? manifestOf(title)
      wanted.delete(title)
      const why =
        found === undefined
          ? 'no event speaks of it'
          : this.#wrongWith(scope.scope, found, String(row.content))
      this.#findings.expect('documents', why === undefined, `${name} ${title}: ${why ?? ''}`)
    }
    // An answer is let go of when its time is over, and its deadline with it.
    const answer = this.#tables.row(DEADLINE, scope.scope, id.replace(/^gat_/, 'ans_'))
    if (answer === undefined) wanted.delete('answer.json')
    for (const title of wanted.keys()) {
      this.#findings.problem('documents', `${name} ${title}: it is missing`)
    }
  }

  #wrongWith(scope: number, { hash, signed, says }: Wanted, content: string): string | undefined {
    if (signed === undefined) {
      return this.#crypto.sha256(content) === hash ? undefined : 'not of that hash'
    }
    const { types, by, at } = signed
    const parts = readJws(content)
    if (!parts.ok) return parts.refusal
    if (this.#crypto.sha256(parts.value.payload) !== hash) return 'not of that hash'
    const keys: KeyLookup = by === '' ? this.#ours : (kid) => this.#partyKey(scope, by, kid)
    const verified = verifySigned(types, content, keys, this.#crypto, at === '' ? undefined : at)
    if (!verified.ok) return verified.refusal
    const isSaid = says === undefined || says(verified.value.object as unknown as Data)
    return isSaid ? undefined : 'it says something else than its event'
  }

  #partyKey(scope: number, principalId: string, kid: string): PartyKey | undefined {
    const row = this.#tables.row(PRINCIPAL, scope, principalId)
    const state = jsonOf(row?.state) as unknown as { readonly keys?: readonly PartyKey[] }
    return state?.keys?.find((key) => key.kid === kid)
  }

  /** Rows of streams that do not exist. */
  finish(): void {
    const count = (table: string) =>
      Number(this.#tables.row(`SELECT count(*) AS found FROM ${table}`)?.found)
    const lost = (found: number, seen: number) => `${String(found - seen)} rows belong to no stream`
    const signatures = count('signatures')
    const documents = count('documents')
    if (signatures !== this.#signatures) {
      this.#findings.problem('receipts', lost(signatures, this.#signatures))
    }
    if (documents !== this.#documents) {
      this.#findings.problem('documents', lost(documents, this.#documents))
    }
    if (this.#unsigned > 0) {
      const note = `${String(this.#unsigned)} are not signed yet; a running server signs them`
      this.#findings.note('receipts', note)
    }
  }
}

/** What a person signed who answered, or asked a question. */
function answered(
  kind: string,
  data: Data,
  at: string,
): readonly (readonly [name: string, act: Wanted])[] {
  const said = (data.answer ?? data.question) as Readonly<Record<string, string>> | undefined
  if (kind !== 'approval' || said === undefined) return []
  const hash = String(said.actionHash)
  const signed = { types: ['OperatorAction.v1'], by: String(said.operatorId), at } as const
  return [[`action-${hash}.jws`, { hash, signed }]]
}

/** The documents that the events of a stream speak of, by name. */
function wantedOf({ kind, events }: Stream): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  for (const { type, data, at, actor } of events) {
    const party = (hash: string, by: string, ...types: SignedTypeName[]) => ({
      hash: String(data[hash]),
      signed: { types, by, at },
    })
    const inside = (member: string) => data[member] as Readonly<Record<string, string>>
    if (type === 'gateDeclared') {
      const by = String(inside('intent').agentId)
      wanted.set('intent.jws', party('intentHash', by, 'ExecutionIntent.v1'))
      // What nobody signed has no signature to keep.
      if (data.kid === null) wanted.delete('intent.jws')
    }
    wantPurchase(wanted, type, data)
    if (type === 'decisionRecorded') {
      const hash = String(inside('decision').inputHash)
      wanted.set(`facts-${hash}.json`, { hash })
    }
    const response = responseOf(type, data, at)
    if (response !== undefined) wanted.set('response.jws', response)
    if (type === 'grantIssued') {
      const by = String(inside('document').grantorId)
      const types = ['AuthorityGrant.v1', 'DelegationGrant.v1'] as const
      wanted.set('grant.jws', party('grantHash', by, ...types))
    }
    for (const [name, act] of answered(kind, data, at)) wanted.set(name, act)
    if (kind === 'principal' && typeof data.actionHash === 'string') {
      wanted.set(`action-${data.actionHash}.jws`, party('actionHash', actor, 'OperatorAction.v1'))
    }
    if (POLICY_CHANGES.has(type)) {
      const hash = String(data.actionHash)
      wanted.set(`action-${hash}.jws`, {
        hash,
        signed: { types: ['OperatorAction.v1'], by: actor, at },
        says: (act) => saysChange(act, type, data),
      })
    }
    if (kind === 'control') wantOrders(wanted, data, at)
    if (kind === 'deposit') {
      const hash = String(inside('deposit').actionHash)
      wanted.set('action.jws', { hash, signed: { types: ['OperatorAction.v1'], by: actor, at } })
    }
  }
  return wanted
}

/** What a payee signed of its answer: brought as evidence, or come with the answer itself. */
function responseOf(type: string, data: Data, at: string): Wanted | undefined {
  const said = { evidenceAccepted: data, responseObserved: data.signed as Data | undefined }[type]
  if (said === undefined) return undefined
  const hash = String(said.statementHash ?? said.evidenceHash)
  const by = String((said.statement as Data).payee)
  return { hash, signed: { types: ['ProviderResponse.v1'], by, at } }
}

/** What is kept of a purchase: the offer that was taken, and the answer that counts. */
function wantPurchase(wanted: Map<string, Wanted>, type: string, data: Data): void {
  const want = (name: string, hash: unknown) => {
    wanted.delete(name)
    if (typeof hash === 'string') wanted.set(name, { hash })
  }
  const inside = (member: string) => data[member] as Data | undefined
  if (type === 'gateDeclared') want('offer.json', inside('quote')?.offerHash)
  if (type === 'responseObserved') want('answer.json', inside('observation')?.answerHash)
}

const POLICY_CHANGES = new Set(['profileApplied', 'profileShadowed', 'profileShadowEnded'])

/** INVARIANT(control): what came to rule, and after what, is what an operator signed. */
function saysChange(act: Data, type: string, data: Data): boolean {
  const { actionHash: _, ...stated } = data
  const word = type === 'profileShadowEnded' ? 'shadow_end' : 'profile_apply'
  const said = word === 'shadow_end' ? act.shadow : act.profile
  return act.action === word && canonicalize(said) === canonicalize(stated)
}

/** The acts of whoever ordered what an event of a control states. */
function wantOrders(wanted: Map<string, Wanted>, data: Data, at: string): void {
  for (const { actionHash, operatorId } of signersOf(data)) {
    const signed = { types: ['OperatorAction.v1'], by: operatorId, at } as const
    wanted.set(`action-${actionHash}.jws`, { hash: actionHash, signed })
  }
}

function signersOf({ statement, signer }: Data): readonly ControlSigner[] {
  if (signer !== undefined) return [signer as ControlSigner]
  return (statement as EmergencyControlEvent | undefined)?.signers ?? []
}

/** The signature over a bundle's manifest: kept under the manifest's hash, by our own key. */
function manifestOf(title: string): Wanted | undefined {
  const hash = /^manifest-([0-9a-f]{64})\.jws$/.exec(title)?.[1]
  const signed = { types: ['ReceiptBundle.v1'], by: '', at: '' } as const
  return hash === undefined ? undefined : { hash, signed }
}
