/**
 * Lies about what is held back, each consistent and truly signed in all other places.
 *
 * @module
 */
import type { gate } from '@surety/domain'
import { hashOf, type SettlementReceipt } from '@surety/protocol'
import { storyOf } from '../bundle-gates.ts'
import { nodeCrypto } from '../bundle-keys.ts'
import { bundleOf, type Files, type Step } from '../bundle-story.ts'
import { refact, type Trip, told } from './bundle-lies.ts'

type Told = Extract<gate.GateEvent, { receipt: SettlementReceipt; transfer: unknown }>

/** The fact with another receipt, and its transfer of as much as that says. */
function restated(fact: Told, change: Partial<SettlementReceipt>, amount?: string): object {
  const receipt = { ...fact.receipt, ...change }
  const transfer =
    fact.transfer === null || amount === undefined ? fact.transfer : { ...fact.transfer, amount }
  return { ...fact, receipt, transfer, receiptHash: hashOf(receipt, nodeCrypto) }
}

/** A story that goes on with steps of another one of the same number. */
function going(name: string, change: (steps: readonly Step[]) => readonly Step[]): () => Files {
  return () => {
    const story = storyOf(name)
    return bundleOf({ ...story, steps: change(story.steps) })
  }
}

const last = (steps: readonly Step[]): Step => steps.at(-1) as Step

export const HELD_BACK_TRIPS: readonly Trip[] = [
  {
    lie: 'a smaller share held back than the profile says',
    fails: ['settlement_receipt'],
    files: refact('held-back', 'gateSettled', (fact) =>
      restated(fact, { released: '250', held: '50' }, '250'),
    ),
  },
  {
    lie: 'a share held back for longer than the profile says',
    fails: ['settlement_receipt'],
    files: refact('held-back', 'gateSettled', (fact) =>
      restated(fact, { heldUntil: '2027-11-20T09:30:00.000Z' }),
    ),
  },
  {
    lie: 'a share held back under a profile that holds nothing back',
    fails: ['settlement_receipt'],
    files: refact('released', 'gateSettled', (fact) =>
      restated(
        fact,
        {
          outcome: 'held',
          released: '240',
          held: '60',
          heldUntil: '2026-11-20T10:30:00.070Z',
        },
        '240',
      ),
    ),
  },
  {
    lie: 'what is held back, called refunded',
    fails: ['transitions', 'settlement_receipt'],
    files: refact('held-back', 'gateSettled', (fact) =>
      restated(fact, { refunded: '60', held: '0' }),
    ),
  },
  {
    lie: 'what was held back, passed on before its time',
    fails: ['transitions'],
    files: going('held-back-passed-on', (steps) => {
      const at = '2026-11-20T10:30:00.070Z'
      const fact = restated(last(steps).fact as Told, { at }) as Told
      return [...steps.slice(0, -1), { fact, at }]
    }),
  },
  {
    lie: 'what was held back, passed on twice',
    fails: ['transitions', 'layout'],
    files: going('held-back-passed-on', (steps) => [...steps, last(steps)]),
  },
  {
    lie: 'a second receipt that does not name the first',
    fails: ['receipt_chain', 'transitions'],
    files: refact('held-back-passed-on', 'holdbackReleased', (fact) =>
      restated(fact, { previousReceiptHash: null }),
    ),
  },
  {
    lie: 'less passed on than was held back',
    fails: ['transfers', 'transitions'],
    files: refact('held-back-passed-on', 'holdbackReleased', (fact) => restated(fact, {}, '59')),
  },
  {
    lie: 'contested by who is paid',
    fails: ['transitions'],
    files: refact('held-back-contested', 'holdbackContested', (fact) => ({
      ...fact,
      contestedBy: storyOf('held-back').steps.flatMap(({ fact: each }) =>
        each.type === 'gateDeclared' ? [each.intent.payee] : [],
      )[0],
    })),
  },
  {
    lie: 'what is contested, divided by an answer about another amount',
    fails: ['approval_records', 'approval_answers'],
    files: told('held-back-split', {
      answerLies: { record: (record) => ({ ...record, amount: '300' }) },
    }),
  },
]
