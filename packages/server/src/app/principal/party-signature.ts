/**
 * Objects that parties sign: verified with the keys registered for the principal they name.
 *
 * @module
 */
import type { principal } from '@surety/domain'
import {
  admitKey,
  err,
  examineSigned,
  formatInstant,
  ok,
  type PartyKey,
  type ProblemCode,
  type Result,
  type SignedTypeName,
  type Verified,
} from '@surety/protocol'
import type { App, Caller } from '../runtime.ts'

type Principal = principal.Principal

/**
 * Verifies a party's object by the keys of the principal it names in `signer`, as of now.
 *
 * INVARIANT(no-forgery): a party's word counts only with that party's own registered key.
 */
export async function verifyParty<Name extends SignedTypeName>(
  app: App,
  caller: Caller,
  object: { readonly types: readonly Name[]; readonly jws: string; readonly signer: string },
): Promise<Result<Verified<Name>, ProblemCode>> {
  const examined = examineSigned(object.types, object.jws, app.crypto)
  if (!examined.ok) return examined
  const claims = examined.value.object as unknown as Readonly<Record<string, string>>
  const { tenantId, environment, [object.signer]: signer = '' } = claims
  const { state } = await app.store.reads.state(caller.scope, 'principal', signer)
  const at = formatInstant(app.clock.now())
  const key = admitKey(examined.value, keyOf(state, examined.value.kid), at)
  if (!key.ok) return key
  const { signature, message } = examined.value
  const genuine = await app.verify(signature, message, key.value.publicKey)
  if (!genuine) return err('signature_invalid')
  if (tenantId !== caller.scope.tenantId) return err('tenant_mismatch')
  if (environment !== caller.scope.environment) return err('environment_mismatch')
  return ok(examined.value)
}

function keyOf(state: Principal | undefined, kid: string): PartyKey | undefined {
  return state?.status === 'registered' ? state.keys.find((key) => key.kid === kid) : undefined
}

/** Whether the key is still good where the object takes effect: inside the commit. */
export function keyHolds(state: Principal, kid: string, at: string): boolean {
  const key = keyOf(state, kid)
  return key !== undefined && key.notBefore <= at && (key.notAfter === null || at <= key.notAfter)
}
