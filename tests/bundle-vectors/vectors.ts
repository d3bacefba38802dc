/**
 * The vectors of bundles: which there are, and what is expected of each.
 *
 * @module
 */
import { bundle } from '@surety/domain'
import type { VerificationReport } from '@surety/protocol'
import { storyOf } from '../support/bundle-gates.ts'
import { nodeCrypto, systemKeys } from '../support/bundle-keys.ts'
import { bundleOf, type Files, resealed, TRUSTED } from '../support/bundle-story.ts'
import { FORM_TRIPS } from '../support/trips/bundle-trips-form.ts'
import { HELD_BACK_TRIPS } from '../support/trips/bundle-trips-held-back.ts'
import { MEANING_TRIPS } from '../support/trips/bundle-trips-meaning.ts'

const VALID = [
  'released',
  'silent',
  'voided',
  'denied',
  'expired-waiting',
  'approved-by-person',
  'denied-by-person',
  'split-by-person',
  'held-back',
  'held-back-passed-on',
  'held-back-contested',
  'held-back-split',
] as const

/** Lies that are vectors, by name. */
const LIES: Readonly<Record<string, string>> = {
  'manifest-out-of-order': 'a manifest out of order',
  'manifest-key-of-other-purpose': 'a manifest signed by the key for decisions',
  'file-without-place': 'a file that has no place',
  'hash-of-other-bytes': 'a hash in the manifest that is of other bytes',
  'event-of-other-actor': 'an event with another actor',
  'commit-cut-in-two': 'an allowance that ends before its authorization',
  'receipt-key-of-other-purpose': 'a receipt signed by the bundle key',
  'intent-key-ended': 'an intent signed with a key that had ended when it was declared',
  'grant-wider-than-parent':
    'a child grant that is wider than its parent, truly signed and decided upon',
  'response-of-other-gate': 'the response of another gate',
  'deny-turned-allow': 'a refusal turned into an allowance, truly signed',
  'budget-not-claimed': 'a budget that was not claimed',
  'red-judged-green': 'a failure judged green, truly signed and settled',
  'receipt-for-other-payee': 'a receipt for another payee',
  'answer-without-role': 'an answer of somebody who does not hold the role',
  'answer-of-requester': 'an approval by the agent that asks, truly signed',
  'smaller-share-held-back': 'a smaller share held back than the profile says',
  'held-back-called-refunded': 'what is held back, called refunded',
  'passed-on-too-early': 'what was held back, passed on before its time',
  'passed-on-twice': 'what was held back, passed on twice',
  'passed-on-without-first': 'a second receipt that does not name the first',
  'answer-outlives-decision': 'an answer that lives longer than the decision it answers',
}

function lieOf(lie: string): Files {
  const all = [...FORM_TRIPS, ...MEANING_TRIPS, ...HELD_BACK_TRIPS]
  const trip = all.find((each) => each.lie === lie)
  if (trip === undefined) throw new Error(`no lie \`${lie}\``)
  return trip.files()
}

/** Every vector: its folder under spec/vectors/bundle, and its files. */
export function vectors(): ReadonlyMap<string, Files> {
  const all = new Map<string, Files>()
  for (const name of VALID) all.set(`valid/${name}`, bundleOf(storyOf(name)))
  for (const [name, lie] of Object.entries(LIES)) all.set(`refused/${name}`, lieOf(lie))
  const denied = bundleOf(storyOf('denied'))
  all.set('refused/foreign-house', bundleOf(storyOf('denied'), systemKeys('foreign')))
  const missing = new Map(denied)
  missing.delete('receipts/0002-policy-decision.jws')
  all.set('refused/receipt-left-out', resealed(missing))
  const spaced = Buffer.from(denied.get('jwks.json') ?? [])
    .toString()
    .replace(':', ': ')
  all.set('refused/not-canonical', resealed(new Map(denied).set('jwks.json', Buffer.from(spaced))))
  return all
}

/** What a second implementation must find: the verdict, and which checks fail on which files. */
export function expectationOf(report: VerificationReport) {
  const failed = report.checks
    .filter(({ result }) => result === 'failed')
    .map(({ check, file }) => ({ check, file: file ?? '' }))
  const unique = new Map(failed.map((entry) => [`${entry.check} ${entry.file}`, entry]))
  const named = (result: string) =>
    report.checks.filter((entry) => entry.result === result).map(({ check }) => check)
  return {
    ok: report.ok,
    gateId: report.gateId,
    passed: named('passed'),
    failed: [...unique.values()],
    notEstablished: named('not_established'),
  }
}

/** The report on some files by the keys of the vectors. */
export function reportOn(files: Files): VerificationReport {
  return bundle.verify(files, TRUSTED, nodeCrypto)
}
