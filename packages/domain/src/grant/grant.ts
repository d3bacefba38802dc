/**
 * A grant: signed, bounded authority to spend somebody's money; revoked once, for ever.
 *
 * Its content is named by its hash and never changes; revocation is a separate fact.
 * Rules: spec/grant.md, docs/concepts/grants.md. Vectors: spec/vectors/grant/.
 *
 * @module
 */
import {
  type AuthorityGrant,
  type DelegationGrant,
  err,
  GRANT_DEPTH_MAX,
  type Grant as GrantDocument,
  type Hash,
  ok,
  type PrincipalKind,
  type Result,
  unreachable,
} from '@surety/protocol'
import { equalBounds, escalationOf } from './bounds.ts'

export type Grant =
  | { readonly status: 'none' }
  | {
      readonly status: 'active' | 'revoked'
      readonly grantHash: Hash
      readonly document: GrantDocument
    }

export type GrantCommand =
  | {
      readonly type: 'issueRoot'
      readonly grantHash: Hash
      readonly document: AuthorityGrant
      readonly kid: string
      readonly grantorKind: PrincipalKind
    }
  | {
      readonly type: 'issueChild'
      readonly grantHash: Hash
      readonly document: DelegationGrant
      readonly kid: string
      /** Root to parent, as they are now. */
      readonly ancestors: readonly Grant[]
      readonly at: string
    }
  | { readonly type: 'revoke'; readonly reason: string }

export type GrantEvent =
  | {
      readonly type: 'grantIssued'
      readonly grantHash: Hash
      readonly document: GrantDocument
      readonly kid: string
    }
  | { readonly type: 'grantRevoked'; readonly reason: string }

/** In the order they are checked. */
export type GrantRefusal =
  | 'grant_already_exists'
  | 'grant_self'
  | 'grant_window_invalid'
  | 'grant_root_not_allowed'
  | 'grant_parent_not_usable'
  | 'grant_chain_mismatch'
  | 'grant_depth_exceeded'
  | 'grant_escalates'
  | 'grant_not_narrower'
  | 'grant_not_found'
  | 'grant_already_revoked'

export const initial: Grant = { status: 'none' }

export function decide(
  grant: Grant,
  command: GrantCommand,
): Result<readonly GrantEvent[], GrantRefusal> {
  switch (command.type) {
    case 'issueRoot': {
      const sound = soundDocument(grant, command.document)
      if (!sound.ok) return sound
      const { grantorKind, document, grantHash, kid } = command
      const answerable = grantorKind === 'person' || grantorKind === 'organisation'
      if (!answerable || document.payerId !== document.grantorId) {
        return err('grant_root_not_allowed')
      }
      return ok([{ type: 'grantIssued', grantHash, document, kid }])
    }
    case 'issueChild': {
      const sound = soundDocument(grant, command.document)
      if (!sound.ok) return sound
      const { document, grantHash, kid, ancestors, at } = command
      const continues = continuesChain(document, ancestors, at)
      if (!continues.ok) return continues
      return ok([{ type: 'grantIssued', grantHash, document, kid }])
    }
    case 'revoke':
      if (grant.status === 'none') return err('grant_not_found')
      // INVARIANT(terminal): a revoked grant is revoked for good.
      if (grant.status === 'revoked') return err('grant_already_revoked')
      return ok([{ type: 'grantRevoked', reason: command.reason }])
    default:
      return unreachable(command)
  }
}

function soundDocument(grant: Grant, document: GrantDocument): Result<null, GrantRefusal> {
  // INVARIANT(terminal): no grant is issued twice, a revoked one least of all.
  if (grant.status !== 'none') return err('grant_already_exists')
  if (document.grantorId === document.granteeId) return err('grant_self')
  if (document.expiresAt <= document.notBefore) return err('grant_window_invalid')
  return ok(null)
}

function continuesChain(
  child: DelegationGrant,
  ancestors: readonly Grant[],
  at: string,
): Result<null, GrantRefusal> {
  const chain: Issued[] = []
  for (const ancestor of ancestors) {
    if (ancestor.status !== 'active' || ancestor.document.expiresAt < at) {
      return err('grant_parent_not_usable')
    }
    // A chain with a grant left out of it, or out of order, is not the chain of its leaf.
    if (!follows(ancestor.document, chain)) return err('grant_chain_mismatch')
    chain.push(ancestor)
  }
  const parent = chain.at(-1)
  if (parent === undefined) return err('grant_parent_not_usable')
  if (!follows(child, chain)) return err('grant_chain_mismatch')
  return within(child, parent)
}

/** Whether a grant stands right below a chain that begins at its root. */
function follows(grant: GrantDocument, chain: readonly Issued[]): boolean {
  const [root] = chain
  const parent = chain.at(-1)
  if (root === undefined || parent === undefined) return grant.depth === 0
  const { document } = parent
  return (
    'parentGrantHash' in grant &&
    grant.parentGrantHash === parent.grantHash &&
    grant.rootGrantHash === root.grantHash &&
    grant.grantorId === document.granteeId &&
    grant.payerId === document.payerId &&
    grant.tenantId === document.tenantId &&
    grant.environment === document.environment &&
    grant.depth === document.depth + 1
  )
}

type Issued = Exclude<Grant, { status: 'none' }>

function within(child: DelegationGrant, { document }: Issued): Result<null, GrantRefusal> {
  if (child.depth > GRANT_DEPTH_MAX || child.depth > document.bounds.maxDepth) {
    return err('grant_depth_exceeded')
  }
  const wider = escalationOf(child.bounds, document.bounds)
  if (wider !== undefined) return err('grant_escalates', `bounds.${wider}`)
  if (child.notBefore < document.notBefore) return err('grant_escalates', 'notBefore')
  if (child.expiresAt > document.expiresAt) return err('grant_escalates', 'expiresAt')
  const sameWindow =
    child.notBefore === document.notBefore && child.expiresAt === document.expiresAt
  if (sameWindow && equalBounds(child.bounds, document.bounds)) return err('grant_not_narrower')
  return ok(null)
}

export function evolve(grant: Grant, event: GrantEvent): Grant {
  switch (event.type) {
    case 'grantIssued':
      if (grant.status !== 'none') throw new Error(`grantIssued after ${grant.status}`)
      return { status: 'active', grantHash: event.grantHash, document: event.document }
    case 'grantRevoked':
      if (grant.status !== 'active') throw new Error(`grantRevoked after ${grant.status}`)
      return { ...grant, status: 'revoked' }
    default:
      return unreachable(event)
  }
}
