/**
 * Every rule there is, in the order in which they are checked. All of them always are.
 *
 * The order fixes only the order of obligations; the registry's order picks the primary reason.
 *
 * @module
 */
import { checkApprovalTiers } from './approval-tiers.ts'
import { checkBuying, checkSigned } from './buying.ts'
import { checkGrantChain } from './grant-chain.ts'
import { checkIntegrity } from './integrity.ts'
import { checkFunds, checkLimits } from './limits.ts'
import { checkIrrevocable, checkLists } from './lists.ts'
import { checkParties } from './parties.ts'
import { checkRisk } from './risk.ts'
import type { Rule } from './rule.ts'

export const RULES: readonly Rule[] = [
  checkIntegrity,
  checkParties,
  checkGrantChain,
  checkLists,
  checkIrrevocable,
  checkSigned,
  checkBuying,
  checkLimits,
  checkRisk,
  checkApprovalTiers,
  checkFunds,
]
