/**
 * Lies about payments, told of gates that really paid, and the checks that find them.
 *
 * @module
 */
import type { gate } from '@surety/domain'
import type { AgentPassport, Event } from '@surety/protocol'
import { hashOf } from '@surety/protocol'
import type { CheckName } from '../../../packages/domain/src/bundle/report.ts'
import { nodeCrypto } from '../bundle-keys.ts'
import { type Files, HOUSE, type Step, type Story } from '../bundle-story.ts'
import { payloadOf } from './bundle-lies.ts'

type Fact = gate.GateEvent
type FactOf<Type extends Fact['type']> = Extract<Fact, { type: Type }>

export interface PaymentTrip {
  readonly lie: string
  /** The gate it is told of: served, answered wrongly, by nothing, voided, or charged by use. */
  readonly of: 'served' | 'unserved' | 'unanswered' | 'voided' | 'metered'
  /** Exactly the checks that fail; the first is the one this lie is about. */
  readonly fails: readonly CheckName[]
  readonly tell: (steps: readonly Step[]) => readonly Step[]
}

const SIGNED_BY: Readonly<Record<string, keyof typeof HOUSE>> = {
  decisionRecorded: 'decision',
  gateAuthorized: 'authorization',
  paymentReported: 'settlement',
  settlementDecided: 'settlement',
  gateSettled: 'settlement',
  gateVoided: 'settlement',
}

/** The story of an exported bundle, to be told again under the keys of the test house. */
export function storyIn(files: Files): Story {
  const text = (path: string): string => Buffer.from(files.get(path) ?? []).toString('utf8')
  const under = (folder: string) => [...files.keys()].filter((path) => path.startsWith(folder))
  const events = text('events.jsonl').trimEnd().split('\n')
  const read = events.map((line) => JSON.parse(line) as Event)
  const [first] = read
  if (first === undefined) throw new Error('a gate without events')
  const steps = read.map(({ type, data, at }) => {
    const key = SIGNED_BY[type]
    const signed = key === undefined ? {} : { kid: HOUSE[key].kid }
    return { at, fact: { type, ...data, ...signed } as unknown as Fact }
  })
  return {
    gateId: first.stream.slice('gate:'.length) as Story['gateId'],
    tenantId: first.tenantId as Story['tenantId'],
    steps,
    signed: {
      intent: files.has('signed/intent.jws') ? text('signed/intent.jws') : null,
      grants: under('signed/grant-').map(text),
      response: files.has('signed/response.jws') ? text('signed/response.jws') : null,
    },
    facts: under('facts/').map(text),
    profiles: under('profiles/').map(text),
    passports: under('receipts/passport-').map((path) => payloadOf(text(path)) as AgentPassport),
  }
}

/** Every fact of a type is another. */
const all =
  <Type extends Fact['type']>(type: Type, change: (fact: FactOf<Type>, i: number) => object) =>
  (steps: readonly Step[]): readonly Step[] => {
    let count = 0
    return steps.map(({ at, fact }) =>
      fact.type === type
        ? { at, fact: change(fact as FactOf<Type>, count++) as Fact }
        : { at, fact },
    )
  }

/** Every fact that says where the payment is, says it of another. */
const everywhere = (change: object) => (steps: readonly Step[]) => {
  const other = (fact: FactOf<'paymentMoved' | 'paymentReported'>) => ({
    ...fact,
    payment: { ...fact.payment, ...change },
  })
  return all('paymentReported', other)(all('paymentMoved', other)(steps))
}

/** Every fact that says how much was taken, says that much. */
const taking =
  (settled: string | undefined) =>
  (steps: readonly Step[]): readonly Step[] => {
    const other = (fact: FactOf<'paymentMoved' | 'paymentReported'>) => {
      const { settled: _, ...payment } = fact.payment
      const isSeen = payment.state === 'mempool' || payment.state === 'confirmed'
      const said = isSeen && settled !== undefined ? { settled } : {}
      return { ...fact, payment: { ...payment, ...said } }
    }
    return all('paymentReported', other)(all('paymentMoved', other)(steps))
  }

type Settled = Extract<Fact, { type: 'gateSettled' | 'gateHeldForReview' }>

const settled =
  (change: (fact: Settled) => object) =>
  (steps: readonly Step[]): readonly Step[] =>
    steps.map(({ at, fact }) =>
      fact.type === 'gateSettled' ? { at, fact: change(fact) as Fact } : { at, fact },
    )

const without = (type: Fact['type']) => (steps: readonly Step[]) =>
  steps.filter(({ fact }) => fact.type !== type)

const observed = (change: object) =>
  all('responseObserved', (fact) => {
    const observation = { ...fact.observation, ...change }
    return { ...fact, observation, evidenceHash: hashOf(observation, nodeCrypto) }
  })

export const PAYMENT_TRIPS: readonly PaymentTrip[] = [
  {
    lie: 'a credential with another nonce, as a second one would have',
    of: 'served',
    fails: ['payment', 'settlement_receipt'],
    tell: everywhere({ nonce: 'a'.repeat(64) }),
  },
  {
    lie: 'money that went to another address',
    of: 'served',
    fails: ['payment', 'transitions'],
    tell: everywhere({ payTo: `0x${'2'.repeat(40)}` }),
  },
  {
    lie: 'money that another wallet paid',
    of: 'served',
    fails: ['payment'],
    tell: everywhere({ payer: `0x${'2'.repeat(40)}` }),
  },
  {
    lie: 'a credential that was good for longer',
    of: 'served',
    fails: ['payment'],
    tell: everywhere({ validBefore: '2030-01-01T00:00:00.000Z' }),
  },
  {
    lie: 'a payment that jumped to its end',
    of: 'served',
    fails: ['payment'],
    tell: (steps) =>
      steps.filter(({ fact }) => fact.type !== 'paymentMoved' || fact.payment.state !== 'mempool'),
  },
  {
    lie: 'a payment of another moment than its event',
    of: 'served',
    fails: ['payment'],
    tell: all('paymentMoved', (fact, i) =>
      i === 0 ? { ...fact, payment: { ...fact.payment, at: '2026-01-01T00:00:00.000Z' } } : fact,
    ),
  },
  {
    lie: 'an end without certainty',
    of: 'served',
    fails: ['payment'],
    tell: all('paymentReported', (fact) => ({
      ...fact,
      payment: { ...fact.payment, certainty: 'unknown' },
    })),
  },
  {
    lie: 'an answer to another request',
    of: 'served',
    fails: ['payment', 'settlement_decision'],
    tell: observed({ requestFingerprintHash: '0'.repeat(64) }),
  },
  {
    lie: 'an answer that another status had',
    of: 'served',
    fails: ['settlement_decision'],
    tell: observed({ status: 500 }),
  },
  {
    lie: 'an error that came after what served, and counts',
    of: 'served',
    fails: ['transitions', 'settlement_decision'],
    tell: (steps) =>
      steps.flatMap((step) =>
        step.fact.type === 'responseObserved'
          ? [step, ...observed({ status: 500 })([step])]
          : [step],
      ),
  },
  {
    lie: 'no claim where nothing was served',
    of: 'unserved',
    fails: ['payment'],
    tell: without('claimOpened'),
  },
  {
    lie: 'no claim where nothing was answered',
    of: 'unanswered',
    fails: ['payment'],
    tell: without('claimOpened'),
  },
  {
    lie: 'a claim for another reason',
    of: 'unserved',
    fails: ['payment'],
    tell: all('claimOpened', (fact) => ({
      ...fact,
      claim: { ...fact.claim, reason: 'response_missing' },
    })),
  },
  {
    lie: 'a claim on other evidence',
    of: 'unserved',
    fails: ['payment'],
    tell: all('claimOpened', (fact) => ({
      ...fact,
      claim: { ...fact.claim, evidenceHash: '0'.repeat(64) },
    })),
  },
  {
    lie: 'a part taken of what is sold at a price',
    of: 'served',
    fails: ['payment', 'transitions'],
    tell: taking('4000'),
  },
  {
    lie: 'less taken than was captured',
    of: 'metered',
    fails: ['transitions', 'settlement_receipt'],
    tell: taking('1'),
  },
  {
    lie: 'more taken than was held',
    of: 'metered',
    fails: ['payment', 'transitions', 'settlement_receipt'],
    tell: taking('50001'),
  },
  {
    lie: 'taken, and nobody knows how much',
    of: 'metered',
    fails: ['payment', 'transitions', 'settlement_receipt'],
    tell: taking(undefined),
  },
  {
    lie: 'the rest of a hold kept by nobody',
    of: 'metered',
    fails: ['transfers', 'transitions', 'settlement_receipt'],
    tell: settled(({ remainder: _, ...fact }) => fact),
  },
  {
    lie: 'the rest of a hold given to the payee',
    of: 'metered',
    fails: ['transfers', 'transitions'],
    tell: settled((fact) => ({
      ...fact,
      remainder: { ...fact.remainder, credit: `principal:${fact.receipt.payee}` },
    })),
  },
  {
    lie: 'the rest of a hold under the name of what was taken',
    of: 'metered',
    fails: ['transfers', 'transitions', 'settlement_receipt'],
    tell: settled((fact) => ({
      ...fact,
      remainder: { ...fact.remainder, transferId: fact.transfer?.transferId },
    })),
  },
  {
    lie: 'money given back as if the credential were disproved, and it was captured',
    of: 'voided',
    fails: ['payment', 'layout', 'transitions'],
    tell: all('paymentReported', (fact) =>
      fact.payment.reason === null
        ? fact
        : {
            ...fact,
            payment: {
              ...fact.payment,
              reason: null,
              state: 'confirmed',
              category: 'terminal-success',
            },
          },
    ),
  },
]
