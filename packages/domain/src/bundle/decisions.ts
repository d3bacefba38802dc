/**
 * The decisions of a gate, made again from their facts and profile, and what an allowance binds.
 *
 * @module
 */
import { DecisionFacts, type Hash, hashOf, instantOf, Profile, parseAs } from '@surety/protocol'
import { limitOf } from '../grant/index.ts'
import * as policy from '../policy/index.ts'
import { authorizationOf } from '../receipt/receipt.ts'
import { type Examination, same } from './examination.ts'
import { entriesOf, type History, type Recorded } from './history.ts'
import { EVENTS_PATH, factsPath, profilePath } from './layout.ts'
import type { Passports } from './parties.ts'

/** The facts of one decision, and the file that states them. */
export interface StatedFacts {
  readonly path: string
  readonly facts: DecisionFacts
}

type DecisionEntry = Recorded<Extract<Recorded['fact'], { type: 'decisionRecorded' }>>

/** The profiles of a bundle, by hash. Each file is named by the hash of its bytes. */
export function readProfiles(exam: Examination): ReadonlyMap<Hash, Profile> {
  const profiles = new Map<Hash, Profile>()
  for (const [path, value] of exam.surface.documents) {
    if (!path.startsWith('profiles/')) continue
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('profile', holds, path, reason)
    const hash = exam.surface.hashes.get(path) as Hash
    if (!note(path === profilePath(hash), 'not named by its hash')) continue
    const parsed = parseAs(Profile, value)
    if (!note(parsed.ok, 'not a profile') || !parsed.ok) continue
    const contradiction = policy.contradictionOf(parsed.value)
    note(contradiction === undefined, contradiction ?? '')
    profiles.set(hash, parsed.value)
  }
  return profiles
}

/** The facts of each decision, in order; each file is named by the hash of its bytes. */
export function readFacts(exam: Examination, history: History): readonly StatedFacts[] {
  const { surface, findings } = exam
  return entriesOf(history, 'decisionRecorded').flatMap((entry) => {
    const path = factsPath(entry.fact.decision.inputHash)
    const note = (holds: boolean, reason: string) => findings.note('facts', holds, path, reason)
    const value = surface.documents.get(path)
    const isNamed = factsPath(surface.hashes.get(path) ?? '') === path
    if (!note(value !== undefined && isNamed, 'missing, or not named by its hash')) return []
    const parsed = parseAs(DecisionFacts, value)
    if (!note(parsed.ok, 'not the facts of a decision') || !parsed.ok) return []
    return [{ path, facts: parsed.value }]
  })
}

/** The facts are about this gate, this intent, these parties, at the moment of the decision. */
export function checkFacts(
  exam: Examination,
  history: History,
  stated: readonly StatedFacts[],
  passports: Passports,
): void {
  const [declared] = entriesOf(history, 'gateDeclared')
  if (declared === undefined) return
  for (const entry of entriesOf(history, 'decisionRecorded')) {
    const path = factsPath(entry.fact.decision.inputHash)
    const facts = factsAt(stated, entry)
    if (facts === undefined) continue
    const note = (holds: boolean, reason: string) =>
      exam.findings.note('facts', holds, path, reason)
    const { event } = entry
    const { intent, agent, payer, payee, grantChain } = facts
    note(facts.gateId === declared.fact.gateId, 'of another gate')
    note(facts.tenantId === event.tenantId, 'of another tenant')
    note(facts.at === event.at, 'of another moment')
    note(facts.intentKid === declared.fact.kid, 'the intent was signed with another key')
    note(same(intent, declared.fact.intent), 'of another intent')
    note(agent.principalId === intent.agentId, 'of another agent')
    note(payee === null || payee.principalId === intent.payee, 'of another payee')
    note(payer?.principalId === grantChain[0]?.payerId, 'the payer is not that of the grants')
    for (const party of [agent, payer, payee]) {
      const passport = party === null ? undefined : passports.get(party.principalId)
      note(passport === undefined || passport.kind === party?.kind, 'a party of another kind')
    }
  }
}

function factsAt(stated: readonly StatedFacts[], entry: DecisionEntry): DecisionFacts | undefined {
  const path = factsPath(entry.fact.decision.inputHash)
  return stated.find((each) => each.path === path)?.facts
}

/** INVARIANT(receipts): each decision is made again from facts and profile, to the same bytes. */
export function checkDecisions(
  exam: Examination,
  history: History,
  stated: readonly StatedFacts[],
  profiles: ReadonlyMap<Hash, Profile>,
): void {
  const { findings, crypto } = exam
  let previous: DecisionEntry['fact'] | undefined
  for (const [i, entry] of entriesOf(history, 'decisionRecorded').entries()) {
    const { decision } = entry.fact
    const note = (check: 'decision' | 'decision_chain', holds: boolean, reason: string) =>
      findings.note(check, holds, EVENTS_PATH, `decision ${i + 1}: ${reason}`)
    const profile = profiles.get(decision.policyHash)
    const facts = factsAt(stated, entry)
    findings.note('profile', profile !== undefined, profilePath(decision.policyHash), 'missing')
    const watching = watchingOf(decision, profiles)
    const isWatched = policy.watchingHash(decision) === watching?.policyHash
    note('decision', isWatched, 'the profile that watched is missing')
    if (facts !== undefined && profile !== undefined) {
      const { decisionId, seq, previousDecisionHash, inputHash, policyHash } = decision
      const intentHash = hashOf(facts.intent, crypto)
      const place = { decisionId, seq, previousDecisionHash, intentHash, inputHash }
      const compiled = policy.compile(profile, policyHash)
      const again = policy.decisionOf(facts, compiled, place, watching)
      note('decision', same(again, decision), `evaluating again gives \`${again.decision}\``)
    }
    note('decision_chain', decision.seq === i + 1, 'its number is not the next')
    const follows = decision.previousDecisionHash === (previous?.decisionHash ?? null)
    note('decision_chain', follows, 'it names another decision before it')
    // INVARIANT(once): an allowance is the last decision of its gate.
    note('decision_chain', previous?.decision.decision !== 'allow', 'after an allowance')
    previous = entry.fact
  }
}

function watchingOf(
  decision: DecisionEntry['fact']['decision'],
  profiles: ReadonlyMap<Hash, Profile>,
): policy.CompiledProfile | undefined {
  const policyHash = policy.watchingHash(decision)
  const profile = policyHash === undefined ? undefined : profiles.get(policyHash)
  if (profile === undefined || policyHash === undefined) return undefined
  return policy.compile(profile, policyHash)
}

/** INVARIANT(binding): the authorization is the one its decision yields, member by member. */
export function checkAuthorization(
  exam: Examination,
  history: History,
  stated: readonly StatedFacts[],
  profiles: ReadonlyMap<Hash, Profile>,
): void {
  for (const { fact } of entriesOf(history, 'gateAuthorized')) {
    exam.findings.demand('authorization')
    exam.findings.demand('budgets')
    const decided = entriesOf(history, 'decisionRecorded').at(-1)
    const facts = decided === undefined ? undefined : factsAt(stated, decided)
    const profile = profiles.get(decided?.fact.decision.policyHash ?? '')
    if (decided === undefined || facts?.payer == null || profile === undefined) continue
    const { authorizationId, holdId } = fact.authorization
    const expected = authorizationOf(facts, decided.fact.decision, {
      decisionHash: decided.fact.decisionHash,
      requestFingerprintHash: hashOf(facts.intent.requestFingerprint, exam.crypto),
      authorizationId,
      holdId,
      payerId: facts.payer.principalId,
    })
    const differs = memberThatDiffers(expected, fact.authorization)
    const reason = `\`${differs}\` is not what was decided`
    exam.findings.note('authorization', differs === undefined, EVENTS_PATH, reason)
    const compiled = policy.compile(profile, decided.fact.decision.policyHash)
    checkBudgets(exam, facts, compiled, fact.claims)
  }
}

function memberThatDiffers<Item extends object>(expected: Item, found: Item): string | undefined {
  const names = new Set([...Object.keys(expected), ...Object.keys(found)])
  return [...names].find((name) => {
    const [a, b] = [expected, found].map((item) => item[name as keyof Item] as unknown)
    return a === undefined || b === undefined || !same(a, b)
  })
}

/** INVARIANT(budget): every counter that bounds the payment was claimed, and had room for it. */
function checkBudgets(
  exam: Examination,
  facts: DecisionFacts,
  profile: policy.CompiledProfile,
  claims: readonly policy.CounterKey[],
): void {
  const { intent, grantChain, counters, payer, at } = facts
  const note = (holds: boolean, reason: string) =>
    exam.findings.note('budgets', holds, EVENTS_PATH, reason)
  const keys = policy.countersOf(grantChain, payer?.principalId, intent.asset, instantOf(at))
  note(same(keys, claims), 'the claims are not the counters that bound this payment')
  const index = policy.indexOf(counters)
  for (const key of keys) {
    const name = `${key.subject} ${key.period}`
    const used = policy.usedOf(index, key)
    note(used !== undefined, `${name}: not stated once`)
    if (used === undefined) continue
    const after = used + policy.shareOf(key, BigInt(intent.amount))
    const ceiling = ceilingOf(key, facts, profile)
    note(ceiling === undefined || after <= ceiling, `${name}: above its ceiling`)
  }
}

/** The ceiling of a counter, if it has one; a list of limits that omits the asset allows none. */
function ceilingOf(
  { subject, period }: policy.CounterKey,
  { grantChain, intent }: DecisionFacts,
  profile: policy.CompiledProfile,
): bigint | undefined {
  const grant = grantChain.find(({ grantHash }) => subject === `grant:${grantHash}`)
  if (grant !== undefined) {
    const { perDay, total, count } = grant.bounds
    if (period === 'count') return count === undefined ? undefined : BigInt(count)
    return limitOf(period === 'day' ? perDay : total, intent.asset)
  }
  const ofTenant = subject === 'tenant'
  const limits = {
    day: ofTenant ? profile.tenantPerDay : profile.perDay,
    month: ofTenant ? profile.tenantPerMonth : profile.perMonth,
    total: ofTenant ? profile.tenantTotal : profile.total,
    count: undefined,
  }[period]
  return limits === undefined ? undefined : (limits.get(intent.asset) ?? 0n)
}
