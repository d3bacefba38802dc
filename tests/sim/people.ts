/**
 * Who lives in the simulated house, and how they call: each under its own name and signature.
 *
 * @module
 */
import {
  ensureInstant,
  fromBase64url,
  type Id,
  type PartyPurpose,
  type PrincipalKind,
} from '@surety/protocol'
import { type Host, newKeyPair, Party } from '@surety/sdk'
import { type Founded, nodeCrypto, SCOPES } from '@surety/server'
import { registerPrincipal } from '../../packages/server/src/app/principal/principals.ts'
import { type App, type Call, type Caller, run } from '../../packages/server/src/app/runtime.ts'
import type { Keys } from '../../packages/server/src/ports.ts'
import type { Dice } from './world.ts'

export interface Person {
  readonly name: string
  readonly principalId: Id<'prn'>
  readonly party: Party
  readonly caller: Caller
}

const OPERATORS: ReadonlySet<string> = new Set(Object.keys(SCOPES))
const PARTIES: ReadonlySet<string> = new Set(['grants:write', 'gates:write', 'read'])

/** Parties whose clock is that of the house, and whose dice are the world's. */
export function hostOf(app: () => App, dice: Dice): Host {
  return {
    crypto: nodeCrypto,
    now: () => ensureInstant(app().clock.now()),
    random: (count) => dice.bytes(count),
  }
}

export function founderOf(founded: Founded, host: Host): Person {
  const { tenantId, environment, principalId } = founded
  const keys = founded.keys.map(({ purpose, privateSeed }) => ({
    purpose,
    privateSeed: fromBase64url(privateSeed) as Uint8Array,
  }))
  const party = new Party({ tenantId, environment, principalId, keys }, host)
  const scope = { tenantId, environment }
  const caller = { principalId, scope, scopes: OPERATORS, traceId: '1'.repeat(32) }
  return { name: 'operator', principalId, party, caller }
}

/** Registers somebody with fresh keys. */
export async function settle(
  app: App,
  operator: Person,
  host: Host,
  who: {
    readonly name: string
    readonly kind: PrincipalKind
    readonly purposes: readonly PartyPurpose[]
  },
): Promise<Person> {
  const pairs = who.purposes.map((purpose) => newKeyPair(purpose, host))
  const keys = pairs.map(({ publicKey, purpose }) => ({ publicKey, purpose }))
  const { name, kind } = who
  const made = await run(app, operator.caller, registerPrincipal({ kind, name, keys }, null))
  if (!made.ok) throw new Error(`${name} was refused: ${made.refusal}`)
  const principalId = made.value.view.principalId as Id<'prn'>
  const { scope } = operator.caller
  const party = new Party({ ...scope, principalId, keys: pairs }, host)
  const caller = { principalId, scope, scopes: PARTIES, traceId: '2'.repeat(32) }
  return { name, principalId, party, caller }
}

/** A command as it is run, whatever it reads. */
export type AnyCall = Call<never, Keys>
