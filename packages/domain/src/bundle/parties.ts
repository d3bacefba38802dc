/**
 * Who said what: passports give the keys of parties, and these keys prove what the parties signed.
 *
 * INVARIANT(no-forgery): the key of a party comes from a passport, never from what it signs.
 *
 * @module
 */
import {
  type AgentPassport,
  type DecisionFacts,
  type Grant,
  type Hash,
  type Id,
  type KeyLookup,
  thumbprint,
  verifySigned,
} from '@surety/protocol'
import * as grants from '../grant/index.ts'
import type { StatedFacts } from './decisions.ts'
import { type Examination, same } from './examination.ts'
import { entriesOf, type History } from './history.ts'
import { grantPath, INTENT_PATH, passportPath, RESPONSE_PATH } from './layout.ts'

export type Passports = ReadonlyMap<string, AgentPassport>

/** Everyone a gate concerns whose passport must be there. */
export function partiesOf(facts: DecisionFacts): ReadonlySet<Id<'prn'>> {
  const { agent, payer, payee, grantChain } = facts
  const ids = grantChain.map((grant) => grant.grantorId)
  if (payer !== null) ids.push(payer.principalId)
  if (payee !== null) ids.push(payee.principalId)
  return new Set([agent.principalId, ...ids])
}

/** Reads the passports of these principals; each must be signed by Surety and of this tenant. */
export function readPassports(
  exam: Examination,
  principals: Iterable<Id<'prn'>>,
  facts: DecisionFacts,
): Passports {
  const { surface, keys, crypto, findings } = exam
  const passports = new Map<string, AgentPassport>()
  for (const principalId of principals) {
    const path = passportPath(principalId)
    const note = (holds: boolean, reason: string) => findings.note('passports', holds, path, reason)
    const jws = surface.texts.get(path)
    if (!note(jws !== undefined, 'missing')) continue
    const signed = verifySigned(['AgentPassport.v1'], jws as string, keys, crypto)
    if (!signed.ok) {
      note(false, signed.refusal)
      continue
    }
    const passport = signed.value.object
    const isOwn =
      passport.principalId === principalId &&
      passport.tenantId === facts.tenantId &&
      passport.environment === facts.environment
    note(isOwn, 'of another principal, tenant or environment')
    const kids = new Set(passport.keys.map(({ kid }) => kid))
    const isNamed = passport.keys.every((key) => thumbprint(key.publicKey, crypto) === key.kid)
    note(isNamed && kids.size === passport.keys.length, 'a key that is not named by its thumbprint')
    if (isOwn && isNamed) passports.set(principalId, passport)
  }
  return passports
}

/** The keys of one principal. */
export function keysOf(passports: Passports, principalId: string): KeyLookup {
  return (kid) => passports.get(principalId)?.keys.find((key) => key.kid === kid)
}

/** The intent must be signed by its agent, with a key valid when the gate was declared. */
export function checkIntent(exam: Examination, history: History, passports: Passports): void {
  const [declared] = entriesOf(history, 'gateDeclared')
  if (declared === undefined) return
  const { event, fact } = declared
  if (fact.kid === null) {
    // That the profile allowed it is checked with the decision, which states the missing key.
    exam.findings.note('intent_signature', !exam.surface.hashes.has(INTENT_PATH), INTENT_PATH, '')
    return
  }
  const jws = exam.surface.texts.get(INTENT_PATH) ?? ''
  const keys = keysOf(passports, fact.intent.agentId)
  const signed = verifySigned(['ExecutionIntent.v1'], jws, keys, exam.crypto, event.at)
  const note = (holds: boolean, reason: string) =>
    exam.findings.note('intent_signature', holds, INTENT_PATH, reason)
  if (!signed.ok) {
    note(false, signed.refusal)
    return
  }
  const { hash, kid } = signed.value
  note(hash === fact.intentHash && kid === fact.kid, 'not the intent the gate declared')
}

/** The response must be signed by the payee, with a key valid when it was accepted. */
export function checkResponse(exam: Examination, history: History, passports: Passports): void {
  for (const { event, said } of statementsIn(history)) {
    exam.findings.demand('response_signature')
    const jws = exam.surface.texts.get(RESPONSE_PATH) ?? ''
    const keys = keysOf(passports, said.statement.payee)
    const signed = verifySigned(['ProviderResponse.v1'], jws, keys, exam.crypto, event.at)
    const isSame = signed.ok && signed.value.hash === said.statementHash
    const reason = signed.ok ? 'not the statement that was accepted' : signed.refusal
    exam.findings.note('response_signature', isSame, RESPONSE_PATH, reason)
  }
}

/** What the payee signed last of its answer: brought as evidence, or come with the answer. */
export function statementsIn(history: History) {
  const brought = entriesOf(history, 'evidenceAccepted').map(({ event, fact }) => {
    return { event, said: { statement: fact.statement, statementHash: fact.evidenceHash } }
  })
  const seen = entriesOf(history, 'responseObserved').flatMap(({ event, fact }) =>
    fact.signed === undefined ? [] : [{ event, said: fact.signed }],
  )
  return [...brought, ...seen.slice(-1)]
}

interface SignedGrant {
  readonly grantHash: Hash
  readonly document: Grant
  readonly kid: string
}

/** Each grant of the chain is signed by its grantor, and the chain never widens. */
export function checkGrants(
  exam: Examination,
  stated: readonly StatedFacts[],
  passports: Passports,
): void {
  const { findings } = exam
  const facts = stated.find((each) => each.facts.grantChain.length > 0)?.facts
  if (facts === undefined) return
  for (const check of ['grant_signatures', 'grant_chain', 'grant_facts', 'grant_meet'] as const) {
    findings.demand(check)
  }
  const chain = readGrants(exam, facts, passports)
  for (const [depth, grant] of chain.entries()) {
    const refusal = chainRefusal(chain.slice(0, depth), grant, passports)
    findings.note('grant_chain', refusal === undefined, grantPath(depth), refusal ?? '')
    const isOwn = grant.document.tenantId === facts.tenantId
    findings.note('grant_chain', isOwn, grantPath(depth), 'of another tenant')
  }
  for (const each of stated) checkGrantFacts(exam, each, chain)
}

function readGrants(
  exam: Examination,
  facts: DecisionFacts,
  passports: Passports,
): readonly SignedGrant[] {
  const chain: SignedGrant[] = []
  for (const [depth, { grantorId }] of facts.grantChain.entries()) {
    const path = grantPath(depth)
    const types = depth === 0 ? (['AuthorityGrant.v1'] as const) : (['DelegationGrant.v1'] as const)
    const jws = exam.surface.texts.get(path) ?? ''
    const keys = grantKeysOf(passports, grantorId, facts.at)
    const signed = verifySigned(types, jws, keys, exam.crypto)
    exam.findings.note('grant_signatures', signed.ok, path, signed.ok ? '' : signed.refusal)
    if (!signed.ok) break
    const { hash, object, kid } = signed.value
    chain.push({ grantHash: hash, document: object, kid })
  }
  return chain
}

/**
 * When a grant was accepted stands in its own stream, not here: a key that began by the time of the
 * decision and had not ended when the grant begins could have signed it.
 */
function grantKeysOf(passports: Passports, grantorId: string, decidedAt: string): KeyLookup {
  const keys = keysOf(passports, grantorId)
  return (kid) => {
    const key = keys(kid)
    return key === undefined || key.notBefore > decidedAt ? key : { ...key, notBefore: '' }
  }
}

/** Why a grant does not continue its chain: the rules by which grants are issued, once more. */
function chainRefusal(
  above: readonly SignedGrant[],
  { document, grantHash, kid }: SignedGrant,
  passports: Passports,
): string | undefined {
  const grantorKind = passports.get(document.grantorId)?.kind ?? 'agent'
  const ancestors = above.map((grant) => ({ ...grant, status: 'active' as const }))
  const at = document.notBefore
  const issued = grants.decide(
    grants.initial,
    document.schemaVersion === 'AuthorityGrant.v1'
      ? { type: 'issueRoot', grantHash, document, kid, grantorKind }
      : { type: 'issueChild', grantHash, document, kid, ancestors, at },
  )
  return issued.ok ? undefined : `${issued.refusal} ${issued.detail ?? ''}`.trimEnd()
}

/** What the facts say of the chain is what the signed grants say, and their meet. */
function checkGrantFacts(
  { findings }: Examination,
  { facts, path }: StatedFacts,
  chain: readonly SignedGrant[],
): void {
  const { grantChain, grantMeet, intent } = facts
  const leaf = chain.at(-1)
  const isWhole = chain.length === grantChain.length && leaf?.grantHash === intent.grantHash
  findings.note('grant_facts', isWhole, path, 'the chain does not end in the grant of the intent')
  for (const [depth, stated] of grantChain.entries()) {
    const signed = chain[depth]
    if (signed === undefined) break
    const { revoked, grantorLifecycle } = stated
    const expected = { ...factsOfGrant(signed), revoked, grantorLifecycle }
    findings.note('grant_facts', same(stated, expected), path, `grant ${depth} is not as signed`)
  }
  const met = grants.meet(chain.map(({ document }) => document.bounds))
  findings.note('grant_meet', same(met, grantMeet), path, 'not what the grants allow together')
}

function factsOfGrant({ grantHash, document }: SignedGrant) {
  const { grantId, grantorId, granteeId, payerId, environment, depth } = document
  const { bounds, notBefore, expiresAt } = document
  const parentGrantHash = 'parentGrantHash' in document ? document.parentGrantHash : null
  const parties = { grantorId, granteeId, payerId, environment, depth }
  return { grantHash, grantId, parentGrantHash, ...parties, bounds, notBefore, expiresAt }
}
