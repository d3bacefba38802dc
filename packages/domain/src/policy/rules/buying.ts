/** A purchase whose money leaves the house: where it goes, whom it pays, and what pays it. */
import type { DecisionFacts } from '@surety/protocol'
import { originRefusal, X402_RAIL } from '../buying.ts'
import type { Findings, RuleInput } from './rule.ts'

/** An intent that nobody signed needs the profile's word for its agent. */
export function checkSigned({ facts, profile }: RuleInput, findings: Findings): void {
  const { intentKid, intent } = facts
  if (intentKid !== null) return
  const named = profile.profile.x402?.unsignedBy?.includes(intent.agentId) === true
  if (!named || intent.rail !== X402_RAIL) findings.fail('intent_unsigned')
}

/** Checks what is particular to this rail; facts of it without the rail fit nobody's request. */
export function checkBuying({ facts, profile }: RuleInput, findings: Findings): void {
  const { intent, quote, wallet, payer } = facts
  if (intent.rail !== X402_RAIL) {
    if (quote !== null || wallet !== null) findings.fail('evaluator_failed')
    return
  }
  if (wallet === null) findings.fail('wallet_missing')
  else if (wallet.status !== 'active') findings.fail('wallet_frozen')
  if (wallet !== null && wallet.ownerId !== payer?.principalId) findings.fail('evaluator_failed')
  const { requestFingerprint: request } = intent
  if (!('url' in request) || quote === null || !isQuoted(facts, quote)) {
    findings.fail('evaluator_failed')
    return
  }
  const origin = originRefusal(profile, request)
  if (origin !== undefined) findings.fail(origin)
  const rules = profile.profile.x402
  if (!(rules?.schemes as readonly string[] | undefined)?.includes(quote.scheme)) {
    findings.fail('scheme_not_allowed')
  }
  if (quote.validSeconds > (rules?.validSecondsMax ?? 0)) {
    findings.fail('offer_validity_not_allowed')
  }
  const known = rules?.payees.some(
    ({ payee, network, payTo }) =>
      payee === intent.payee && network === quote.network && payTo === quote.payTo,
  )
  if (known !== true) findings.fail('pay_to_not_allowed')
}

/** INVARIANT(binding): the intent pays what the seller asked, in what it asked, where it asked. */
function isQuoted({ intent }: DecisionFacts, quote: NonNullable<DecisionFacts['quote']>): boolean {
  const { amount, asset, network } = quote
  return intent.amount === amount && intent.asset === asset && intent.network === network
}
