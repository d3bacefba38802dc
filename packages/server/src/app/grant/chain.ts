/**
 * The chain of a grant: its documents from root to leaf, named by content, never changed.
 *
 * @module
 */
import type { DelegationGrant, Grant, Hash } from '@surety/protocol'
import type { Scope } from '../../ports.ts'
import type { App } from '../runtime.ts'

export type GrantChain = readonly { readonly grantHash: Hash; readonly document: Grant }[]

const CHAINS_MAX = 10_000

/** The chain that ends with this grant; empty if it is not known here. Cost: its depth, once. */
export async function grantChain(app: App, scope: Scope, grantHash: Hash): Promise<GrantChain> {
  const name = `${scope.tenantId}/${scope.environment}/${grantHash}`
  const known = app.chains.get(name)
  if (known !== undefined) return known
  const stored = await app.store.reads.state(scope, 'grant', grantHash)
  if (stored.state.status === 'none') return []
  const { document } = stored.state
  const above =
    document.schemaVersion === 'DelegationGrant.v1'
      ? await grantChain(app, scope, (document as DelegationGrant).parentGrantHash)
      : []
  const chain = [...above, { grantHash, document }]
  if (app.chains.size >= CHAINS_MAX) app.chains.clear()
  app.chains.set(name, chain)
  return chain
}
