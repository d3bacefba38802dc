/**
 * Every rule there is, in the order in which they are checked. All of them always are.
 *
 * The order fixes only the order of obligations; the registry's order picks the primary reason.
 *
 * @module
 */
import { checkApprovalTiers } from './approval-tiers.ts'
import { checkBuying, checkSigned } from './buying.ts'
import { checkControls } from './controls.ts'
import { checkGrantChain } from './grant-chain.ts'
import { checkIntegrity } from './integrity.ts'
import { checkFunds, checkLimits } from './limits.ts'
import { checkIrrevocable, checkLists } from './lists.ts'
import { checkAutonomy } from './optional/autonomy.ts'
import { checkCompliance } from './optional/compliance.ts'
import { checkConditions } from './optional/conditions.ts'
import { checkChallengeOnly, checkInForce } from './optional/in-force.ts'
import { checkRates } from './optional/rates.ts'
import { checkSession } from './optional/session.ts'
import { checkUnits } from './optional/units.ts'
import { checkWallet } from './optional/wallet.ts'
import { checkParties } from './parties.ts'
import { checkRisk } from './risk.ts'
import type { Rule } from './rule.ts'

export const RULES: readonly Rule[] = [
  checkIntegrity,
  checkControls,
  checkInForce,
  checkParties,
  checkGrantChain,
  checkLists,
  checkIrrevocable,
  checkSigned,
  checkBuying,
  checkWallet,
  checkCompliance,
  checkLimits,
  checkUnits,
  checkRisk,
  checkApprovalTiers,
  checkAutonomy,
  checkSession,
  checkConditions,
  checkRates,
  checkChallengeOnly,
  checkFunds,
]
