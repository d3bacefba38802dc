/**
 * Every route there is.
 *
 * @module
 */
import { openApi } from './openapi.ts'
import type { Route } from './route.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { auditRoutes } from './routes/audit.ts'
import { authorityRoutes } from './routes/authority.ts'
import { controlRoutes } from './routes/controls.ts'
import { gateRoutes } from './routes/gates.ts'
import { houseRoutes } from './routes/house.ts'
import { partyRoutes } from './routes/parties.ts'
import { policyRoutes } from './routes/policy.ts'
import { purchaseRoutes } from './routes/purchases.ts'
import { walletRoutes } from './routes/wallets.ts'

export const API_ROUTES: readonly Route[] = [
  ...gateRoutes,
  ...approvalRoutes,
  ...auditRoutes,
  ...authorityRoutes,
  ...policyRoutes,
  ...partyRoutes,
  ...purchaseRoutes,
  ...walletRoutes,
  ...controlRoutes,
  ...houseRoutes(describeApi),
]

/** The OpenAPI description of every route. */
export function describeApi(): ReturnType<typeof openApi> {
  return openApi(API_ROUTES)
}
