/**
 * Whether the facts of a decision agree with one another.
 *
 * Facts that do not are nobody's request; a rule that read one half of them would check the other
 * in vain. They come out as `evaluator_failed`. Rules: spec/decision.md.
 *
 * @module
 */
import type { DecisionFacts } from '@surety/protocol'

/** INVARIANT(default-deny): every party, rail and grant is the one the intent names. */
export function isCoherent(facts: DecisionFacts): boolean {
  const { intent, agent, payee, rail } = facts
  return (
    intent.tenantId === facts.tenantId &&
    agent.principalId === intent.agentId &&
    (payee === null || payee.principalId === intent.payee) &&
    (rail === null || rail.rail === intent.rail) &&
    isChain(facts)
  )
}

/**
 * INVARIANT(budget): the chain is whole, from its root to the grant of the intent, and its payer is
 * known. A grant left out would be a limit left out.
 */
function isChain(facts: DecisionFacts): boolean {
  const { grantChain, intent, payer } = facts
  const [root] = grantChain
  if (root === undefined) return true
  if (root.parentGrantHash !== null || root.grantorId !== root.payerId) return false
  if (payer?.principalId !== root.payerId) return false
  for (let depth = 0; depth < grantChain.length; depth += 1) {
    const grant = grantChain[depth]
    const parent = grantChain[depth - 1]
    if (grant?.depth !== depth || grant.payerId !== root.payerId) return false
    if (parent === undefined) continue
    if (grant.parentGrantHash !== parent.grantHash) return false
    if (grant.grantorId !== parent.granteeId) return false
  }
  return grantChain.at(-1)?.grantHash === intent.grantHash
}
