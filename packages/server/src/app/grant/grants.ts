/** Issues and revokes grants that their grantors signed. Rules: domain/grant. */
import { grant } from '@surety/domain'
import {
  type AuthorityGrant,
  type DelegationGrant,
  err,
  type Grant,
  type Hash,
  type Id,
  type JsonObject,
  ok,
  type Result,
  type Verified,
} from '@surety/protocol'
import type { Facts, Idempotency, Outcome, Stamp, Stored, UseCase } from '../../ports.ts'
import { keyHolds, verifyParty } from '../principal/party-signature.ts'
import {
  type Answer,
  type App,
  type Call,
  type Caller,
  grantKey,
  principalKey,
} from '../runtime.ts'
import { Writing } from '../write-set.ts'
import { grantChain } from './chain.ts'

interface Issuing {
  readonly jws: string
  readonly verified: Verified<'AuthorityGrant.v1' | 'DelegationGrant.v1'>
  readonly ancestors: readonly Hash[]
}
type IssueReads = ReturnType<typeof issueReads>

function issueReads({ verified, ancestors }: Issuing) {
  return {
    grant: grantKey(verified.hash),
    grantor: principalKey(verified.object.grantorId),
    grantee: principalKey(verified.object.granteeId),
    ancestors: ancestors.map((hash) => grantKey(hash)),
  }
}

const issue: UseCase<Issuing, IssueReads, Answer> = {
  reads: issueReads,
  decide: (read, input, stamp) => {
    const { verified, jws } = input
    const { state: grantor } = read.grantor
    const { state: grantee } = read.grantee
    if (grantor.status === 'none' || grantee.status === 'none') {
      return { type: 'refuse', code: 'principal_not_found', detail: 'grantor or grantee' }
    }
    if (grantee.lifecycle !== 'active') {
      return { type: 'refuse', code: 'principal_not_active', detail: grantee.principalId }
    }
    if (!keyHolds(grantor, verified.kid, stamp.atText)) {
      return { type: 'refuse', code: 'signing_key_not_valid' }
    }
    const decided = grant.decide(read.grant.state, commandOf(read, verified, grantor.kind, stamp))
    if (!decided.ok) return { type: 'refuse', code: decided.refusal, detail: decided.detail }
    const document = verified.object as Grant
    const state = decided.value.reduce(grant.evolve, read.grant.state)
    const stream = `grant:${verified.hash}`
    const writing = new Writing(stamp)
    writing.append(
      { family: 'grant', id: verified.hash, stream, before: read.grant },
      decided.value,
      state,
    )
    return writing
      .unique(uniqueGrant('grantId', document.grantId, verified.hash))
      .unique(uniqueGrant('grantNonce', `${document.grantorId}:${document.nonce}`, verified.hash))
      .document(verified.hash, 'grant.jws', jws)
      .answer(grantView(state), stream)
  },
}

function uniqueGrant(family: string, key: string, owner: Hash) {
  return { family, key, owner, refusal: 'grant_already_exists' } as const
}

function commandOf(
  read: Facts<IssueReads>,
  verified: Issuing['verified'],
  grantorKind: Extract<grant.GrantCommand, { type: 'issueRoot' }>['grantorKind'],
  stamp: Stamp,
): grant.GrantCommand {
  const { hash: grantHash, kid, object } = verified
  if (object.schemaVersion === 'AuthorityGrant.v1') {
    return { type: 'issueRoot', grantHash, kid, document: object as AuthorityGrant, grantorKind }
  }
  const ancestors = read.ancestors.map((stored) => stored.state)
  const document = object as DelegationGrant
  return { type: 'issueChild', grantHash, kid, document, ancestors, at: stamp.atText }
}

/** A grant as callers see it. */
export function grantView(state: grant.Grant): JsonObject {
  if (state.status === 'none') throw new Error('there is no such grant')
  const { grantHash, status, document } = state
  return { grantHash, state: status, grant: document } as unknown as JsonObject
}

/** Only the grantor issues its grant: by its own credential and under its own signature. */
export function issueGrant(
  app: App,
  caller: Caller,
  jws: string,
  idempotency: Idempotency | null,
): Call<Issuing, IssueReads> {
  return {
    useCase: issue,
    idempotency,
    prepare: async () => {
      const types = ['AuthorityGrant.v1', 'DelegationGrant.v1'] as const
      const verified = await verifyParty(app, caller, { types, jws, signer: 'grantorId' })
      if (!verified.ok) return verified
      const { object } = verified.value
      if (object.grantorId !== caller.principalId) return err('caller_mismatch', object.grantorId)
      const parent = 'parentGrantHash' in object ? object.parentGrantHash : undefined
      const chain = parent === undefined ? [] : await grantChain(app, caller.scope, parent)
      if (parent !== undefined && chain.length === 0) return err('grant_not_found', parent)
      return ok({ jws, verified: verified.value, ancestors: chain.map((link) => link.grantHash) })
    },
  }
}

interface Revoking {
  readonly grantHash: Hash
  readonly reason: string
}
type RevokeReads = { readonly grant: ReturnType<typeof grantKey> }

const revoke: UseCase<Revoking, RevokeReads, Answer> = {
  reads: ({ grantHash }) => ({ grant: grantKey(grantHash) }),
  decide: ({ grant: before }, { grantHash, reason }, stamp): Outcome<Answer> => {
    const writing = new Writing(stamp)
    const revoked = appendRevocation(writing, { grantHash, reason }, before)
    if (!revoked.ok) return { type: 'refuse', code: revoked.refusal }
    return writing.answer(grantView(revoked.value), `grant:${grantHash}`)
  },
}

/** Adds the end of a grant to what is written. */
export function appendRevocation(
  writing: Writing,
  { grantHash, reason }: Revoking,
  before: Stored<grant.Grant>,
): Result<grant.Grant, grant.GrantRefusal> {
  const decided = grant.decide(before.state, { type: 'revoke', reason })
  if (!decided.ok) return decided
  const state = decided.value.reduce(grant.evolve, before.state)
  const stream = `grant:${grantHash}`
  writing.append({ family: 'grant', id: grantHash, stream, before }, decided.value, state)
  return ok(state)
}

/** The grantor, whoever stands above in the chain, and an operator may revoke; it is for good. */
export function revokeGrant(
  app: App,
  caller: Caller,
  body: Revoking,
  idempotency: Idempotency | null,
): Call<Revoking, RevokeReads> {
  return {
    useCase: revoke,
    idempotency,
    prepare: async () => {
      const chain = await grantChain(app, caller.scope, body.grantHash)
      const grantors: readonly (Id<'prn'> | 'system')[] = chain.map(
        (link) => link.document.grantorId,
      )
      const may = grantors.includes(caller.principalId) || caller.scopes.has('grants:revoke-any')
      return may ? ok(body) : err('grant_not_found')
    },
  }
}
