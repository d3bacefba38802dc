/**
 * Lies about facts, decisions and money, and the checks that find them.
 *
 * @module
 */
import { canonicalize, type DecisionFacts, hashOf } from '@surety/protocol'
import { REVIEWER_PASSPORT } from '../bundle-approvals.ts'
import { PARTY_KEYS, PROFILE, PROVIDER, storyOf } from '../bundle-gates.ts'
import { nodeCrypto, partyKey } from '../bundle-keys.ts'
import { allow, refact, restory, stranger, type Trip, told } from './bundle-lies.ts'

/** A denied gate with other facts, which its decision names. */
const factsInstead = (change: (facts: DecisionFacts) => DecisionFacts) =>
  restory('denied', ({ steps, facts: [text = ''] }) => {
    const facts = change(JSON.parse(text))
    const inputHash = hashOf(facts, nodeCrypto)
    return {
      facts: [canonicalize(facts)],
      steps: steps.map(({ fact, at }) => {
        if (fact.type !== 'decisionRecorded') return { fact, at }
        const decision = { ...fact.decision, inputHash }
        return { at, fact: { ...fact, decision, decisionHash: hashOf(decision, nodeCrypto) } }
      }),
    }
  })

const { roles: _, ...withoutRoles } = REVIEWER_PASSPORT
const sharingKeys = {
  ...REVIEWER_PASSPORT,
  keys: [...REVIEWER_PASSPORT.keys, partyKey(PARTY_KEYS.agent, 'intent')],
}

export const MEANING_TRIPS: readonly Trip[] = [
  {
    lie: 'facts about a party of another kind',
    fails: ['facts'],
    files: told('denied', {
      lies: { facts: (facts) => ({ ...facts, agent: { ...facts.agent, kind: 'service' } }) },
    }),
  },
  {
    lie: 'facts about an intent under another key',
    fails: ['facts'],
    files: told('denied', { lies: { facts: (facts) => ({ ...facts, intentKid: stranger.kid }) } }),
  },
  {
    lie: 'a profile that contradicts itself',
    fails: ['profile'],
    files: told('released', { profile: { ...PROFILE, risk: [...PROFILE.risk, ...PROFILE.risk] } }),
  },
  {
    lie: 'a refusal turned into an allowance, truly signed',
    fails: ['decision'],
    files: told('denied', {
      lies: { decision: (d) => ({ ...d, ...allow, validUntil: '2026-11-20T09:31:00.010Z' }) },
    }),
  },
  {
    lie: 'a refusal turned into a wait',
    fails: ['decision'],
    files: told('denied', { lies: { decision: (d) => ({ ...d, decision: 'challenge' }) } }),
  },
  {
    lie: 'an allowance that is valid for longer',
    fails: ['decision'],
    files: told('authorized', {
      lies: { decision: (d) => ({ ...d, validUntil: '2026-11-21T00:00:00.000Z' }) },
    }),
  },
  {
    lie: 'a first decision that says it is the second',
    fails: ['decision_chain'],
    files: told('denied', { lies: { decision: (d) => ({ ...d, seq: 2 }) } }),
  },
  {
    lie: 'a first decision that names one before it',
    fails: ['decision_chain'],
    files: told('denied', {
      lies: { decision: (d) => ({ ...d, previousDecisionHash: '0'.repeat(64) }) },
    }),
  },
  {
    lie: 'an authorization for another environment',
    fails: ['authorization'],
    files: told('authorized', {
      lies: { authorization: (a) => ({ ...a, environment: 'production' }) },
    }),
  },
  {
    lie: 'an authorization of another request',
    fails: ['authorization'],
    files: told('authorized', {
      lies: { authorization: (a) => ({ ...a, requestFingerprintHash: '0'.repeat(64) }) },
    }),
  },
  {
    lie: 'a budget that was not claimed',
    fails: ['budgets'],
    files: refact('authorized', 'gateAuthorized', (fact) => ({
      ...fact,
      claims: fact.claims.slice(1),
    })),
  },
  {
    lie: 'an allowance above a budget, truly signed',
    fails: ['budgets', 'decision'],
    files: told('denied', {
      amount: '300',
      lies: {
        facts: (f) => ({
          ...f,
          counters: f.counters.map((c) =>
            c.subject.startsWith('principal') ? { ...c, spent: '701' } : c,
          ),
        }),
        decision: (d) => ({
          ...d,
          ...allow,
          obligations: [{ type: 'evidence_required', verifier: 'response.v1' }],
          validUntil: '2026-11-20T09:31:00.010Z',
        }),
      },
    }),
  },
  {
    lie: 'a closing transfer under the name of the hold',
    fails: ['transfers'],
    files: refact('released', 'gateSettled', (fact) => {
      const transferId = storyOf('released').steps.flatMap(({ fact: f }) =>
        f.type === 'gateAuthorized' ? [f.transfer.transferId] : [],
      )[0] as never
      const receipt = { ...fact.receipt, transferIds: [transferId] }
      const transfer = fact.transfer && { ...fact.transfer, transferId }
      return { ...fact, receipt, transfer, receiptHash: hashOf(receipt, nodeCrypto) }
    }),
  },
  {
    lie: 'a hold on the account of another',
    fails: ['transfers', 'transitions'],
    files: refact('authorized', 'gateAuthorized', (fact) => ({
      ...fact,
      transfer: { ...fact.transfer, debit: `principal:${PROVIDER}` },
    })),
  },
  {
    lie: 'a receipt whose parts are more than the principal',
    fails: ['partition', 'transitions', 'settlement_receipt'],
    files: refact('released', 'gateSettled', (fact) => {
      const receipt = { ...fact.receipt, refunded: '1' }
      return { ...fact, receipt, receiptHash: hashOf(receipt, nodeCrypto) }
    }),
  },
  {
    lie: 'a failure judged green, truly signed and settled',
    fails: ['settlement_decision'],
    files: told('refunded', {
      lies: {
        record: (r) => ({
          ...r,
          colour: 'green',
          verdict: 'release',
          checks: r.checks.map((c) => ({ ...c, colour: 'green' })),
        }),
      },
    }),
  },
  {
    lie: 'a review released without a person',
    fails: ['settlement_decision'],
    files: told('review', { lies: { record: (r) => ({ ...r, verdict: 'release' }) } }),
  },
  {
    lie: 'silence judged by checks that nobody made',
    fails: ['settlement_decision'],
    files: told('silent', {
      lies: {
        record: (r) => ({ ...r, colour: 'red', checks: [{ check: 'status', colour: 'red' }] }),
      },
    }),
  },
  {
    lie: 'a receipt for another payee',
    fails: ['settlement_receipt'],
    files: told('released', { lies: { receipt: (r) => ({ ...r, payee: r.payerId ?? r.payee }) } }),
  },
  {
    lie: 'a receipt that names one before it',
    fails: ['receipt_chain'],
    files: told('expired', {
      lies: { receipt: (r) => ({ ...r, previousReceiptHash: '0'.repeat(64) }) },
    }),
  },
  {
    lie: 'facts about another gate',
    fails: ['facts', 'decision'],
    files: factsInstead((f) => ({ ...f, gateId: storyOf('waiting').gateId })),
  },
  {
    lie: 'facts of another moment',
    fails: ['facts', 'receipt_content'],
    files: told('denied', { lies: { facts: (f) => ({ ...f, at: '2026-11-20T09:30:00.011Z' }) } }),
  },
  {
    lie: 'facts about another intent',
    fails: ['facts', 'decision'],
    files: factsInstead((f) => ({ ...f, intent: { ...f.intent, sideEffecting: false } })),
  },
  {
    lie: 'facts about another agent',
    fails: ['facts', 'layout', 'intent_signature'],
    files: told('denied', {
      lies: {
        facts: (f) => ({
          ...f,
          agent: { ...f.agent, principalId: f.grantChain[1]?.grantorId as never },
        }),
      },
    }),
  },
  {
    lie: 'facts about another payee',
    fails: ['facts', 'layout'],
    files: told('denied', {
      lies: { facts: (f) => ({ ...f, payee: f.payer }) },
    }),
  },
  {
    lie: 'facts about another payer',
    fails: ['facts'],
    files: told('denied', {
      lies: { facts: (f) => ({ ...f, payer: f.payee }) },
    }),
  },
  {
    lie: 'facts without a payer',
    fails: ['facts'],
    files: told('denied', { lies: { facts: (f) => ({ ...f, payer: null }) } }),
  },
  {
    lie: 'a budget that is stated twice',
    fails: ['budgets', 'decision'],
    files: told('authorized', {
      lies: {
        facts: (f) => ({ ...f, counters: f.counters.flatMap((c) => [c, { ...c, spent: '0' }]) }),
        decision: (d) => ({
          ...d,
          ...allow,
          obligations: [{ type: 'evidence_required', verifier: 'response.v1' }],
          validUntil: '2026-11-20T09:31:00.010Z',
        }),
      },
    }),
  },
  {
    lie: 'a hold of less than the principal',
    fails: ['partition', 'transfers', 'transitions'],
    files: refact('authorized', 'gateAuthorized', (fact) => ({
      ...fact,
      transfer: { ...fact.transfer, amount: '299' },
    })),
  },
  {
    lie: 'an answer that lives longer than the decision it answers',
    fails: ['approval_records'],
    files: told('approved-by-person', {
      answerLies: { record: (r) => ({ ...r, expiresAt: '2026-11-21T00:00:00.000Z' }) },
    }),
  },
  {
    lie: 'an answer of somebody who does not hold the role',
    fails: ['approval_answers'],
    files: told('approved-by-person', { reviewer: withoutRoles }),
  },
  {
    lie: 'an answer under a key that is nobody’s',
    fails: ['approval_answers'],
    files: told('approved-by-person', { answerLies: { key: stranger } }),
  },
  {
    lie: 'an answer to another amount, truly signed',
    fails: ['approval_answers'],
    files: told('approved-by-person', {
      answerLies: { act: (act) => ({ ...act, approval: { ...act.approval, amount: '1' } }) },
    }),
  },
  {
    lie: 'an approval by the agent that asks, truly signed',
    fails: ['approval_answers'],
    files: told('approved-by-person', { reviewer: sharingKeys }),
  },
  {
    lie: 'a quorum that nobody met',
    fails: ['approval_answers', 'approval_records'],
    files: told('approved-by-person', {
      answerLies: { record: (r) => ({ ...r, requirements: [{ role: 'reviewer', approvers: 2 }] }) },
    }),
  },
  {
    lie: 'what was in review divided for another verdict',
    fails: ['approval_records', 'approval_answers'],
    files: told('split-by-person', {
      answerLies: { record: (r) => ({ ...r, decisionHash: '0'.repeat(64) }) },
    }),
  },
]
