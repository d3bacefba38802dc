/**
 * How a use case runs: prepared outside, decided inside the store's writer, signed after.
 *
 * @module
 */
import { type policy, principal } from '@surety/domain'
import {
  type Crypto,
  err,
  formatInstant,
  type Hash,
  ID_RANDOM_BITS,
  type Id,
  type Instant,
  type JsonObject,
  mintId,
  ok,
  type ProblemCode,
  type PublicJwk,
  type Result,
} from '@surety/protocol'
import type { Chain } from '../ports/chain.ts'
import type { Wallets } from '../ports/wallets.ts'
import type { Web } from '../ports/web.ts'
import type {
  Clock,
  Executed,
  Facts,
  Idempotency,
  Keys,
  Meter,
  Outcome,
  Random,
  Scope,
  Signer,
  Stamp,
  Store,
  UseCase,
} from '../ports.ts'
import { callerControls, callerStopped } from './control/standing.ts'
import { foldGate, gateView } from './gate/view.ts'
import type { GrantChain } from './grant/chain.ts'
import { signReceipts } from './receipts.ts'
import type { Places } from './x402/leaving/places.ts'

/** Compares bodies with schemas of profiles, beside the main thread and within a deadline. */
export interface SchemaVerifier {
  /** Refuses a schema that cannot be used, saying why. */
  usable(schema: JsonObject): Promise<Result<null, 'profile_invalid' | 'overloaded'>>
  /** `null`: it could not be examined. */
  holds(schema: JsonObject, body: unknown): Promise<Result<boolean | null, 'overloaded'>>
  close(): Promise<void>
}

export interface App {
  readonly store: Store
  readonly signer: Signer
  readonly crypto: Crypto
  /** `crypto.verify` beside the main thread: one takes as long as a whole decision. */
  readonly verify: (
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: PublicJwk,
  ) => Promise<boolean>
  readonly clock: Clock
  readonly random: Random
  readonly schemas: SchemaVerifier
  readonly web: Web
  readonly wallets: Wallets
  /** By CAIP-2 network; those whose node is configured. */
  readonly blockchains: ReadonlyMap<string, Chain>
  /** HMAC-SHA256 under a key of the house, for secrets that are checked but never kept. */
  readonly mac: (secret: string) => string
  /** Compares in constant time. */
  readonly macMatches: (secret: string, expected: string) => boolean
  readonly meter: Meter
  readonly log: { warn(fields: object, message: string): void }
  /** Immutable things by content; each bounded, each may be forgotten at any time. */
  readonly profiles: Map<string, policy.CompiledProfile>
  readonly chains: Map<string, GrantChain>
  readonly receipts: Map<string, Signed['receipts'][number]>
  /** The newest block of a network that was seen lately, and when. */
  readonly heads: Map<string, { readonly number: number; readonly at: Instant }>
  /** By wallet and asset: the next block to look at for what came in. */
  readonly scanned: Map<string, bigint>
  /** Where exchanges with sellers have their places. */
  readonly exchanges: Places
  /** Gates whose credential this process hands over, and requests that are sent once, meanwhile. */
  readonly presenting: Set<string>
  /** Payments whose credential this process handed over, until something is shown for them. */
  readonly handed: Set<string>
  /** Answers that are on their way to an agent; each can be ended. */
  readonly passing: Set<{ stop(): Promise<void> }>
  /** The hash of the profile that rules where none is applied. */
  readonly denyAllHash: Hash
}

/** Who asks. INVARIANT(tenancy): the scope comes from the credential, never from the request. */
export interface Caller {
  readonly principalId: Id<'prn'> | 'system'
  readonly scope: Scope
  readonly scopes: ReadonlySet<string>
  readonly traceId: string
  /** The API key of the call and the scope its route asks for; absent where none was needed. */
  readonly via?: { readonly keyId: Id<'key'>; readonly scope: string }
}

/** What is kept of an answer, so that it can be given again. */
export interface Answer {
  /** `null` for a gate: its view follows from its stream up to `version`. */
  readonly view: JsonObject | null
  readonly stream: string
  readonly version: number
  /** The events of the stream whose signed statements belong to the answer. */
  readonly receiptSeqs: readonly number[]
}

export interface Signed {
  readonly view: JsonObject
  readonly receipts: readonly {
    readonly seq: number
    readonly type: string
    readonly jws: string
  }[]
  readonly replayed: boolean
}

/** How often what was prepared may go stale before the caller is told to come back. */
const COMMIT_ATTEMPTS_MAX = 4

export interface Call<Input, K extends Keys> {
  readonly useCase: UseCase<Input, K, Answer>
  /** Reads and checks what needs no transaction: parsing, signatures, immutable documents. */
  prepare(): Promise<Result<Input, ProblemCode>>
  readonly idempotency: Idempotency | null
  /**
   * Which part of one request this is, where it goes on with the same key: what was answered in one
   * part is not the answer of the next. Empty for the first.
   */
  phase?(): Promise<string>
}

/** Runs a command to its durable, signed answer. */
export async function run<Input, K extends Keys>(
  app: App,
  caller: Caller,
  call: Call<Input, K>,
): Promise<Result<Signed, ProblemCode>> {
  for (let attempt = 1; attempt <= COMMIT_ATTEMPTS_MAX; attempt += 1) {
    const prepared = await call.prepare()
    const idempotency = await inPhase(call)
    if (!prepared.ok) return replayedOr(app, caller, idempotency, prepared)
    const executed = await app.store.execute({
      useCase: guarded(call.useCase, caller),
      input: prepared.value,
      stamp: stamper(app, caller),
      scope: caller.scope,
      idempotency,
    })
    if (executed.type === 'stale') continue
    if (executed.type === 'refuse') return err(executed.code, executed.detail)
    if (executed.type === 'committed') app.meter.committed(executed.write)
    return ok(await signed(app, caller.scope, executed))
  }
  return err('store_unavailable', 'what it depends on keeps changing')
}

/** INVARIANT(once): no client can send a key with this sign in it. */
async function inPhase<Input, K extends Keys>(call: Call<Input, K>): Promise<Idempotency | null> {
  const phase = (await call.phase?.()) ?? ''
  const { idempotency } = call
  if (idempotency === null || phase === '') return idempotency
  return { ...idempotency, key: `${idempotency.key}#${phase}` }
}

/**
 * INVARIANT(once): what was executed is answered again even if the same request would be refused
 * by now; what was refused is refused again.
 */
async function replayedOr(
  app: App,
  caller: Caller,
  idempotency: Idempotency | null,
  refused: Extract<Result<never, ProblemCode>, { ok: false }>,
): Promise<Result<Signed, ProblemCode>> {
  if (idempotency === null) return refused
  const { refusal: code, detail } = refused
  const useCase: UseCase<null, Record<never, never>, Answer> = {
    reads: () => ({}),
    decide: () => ({ type: 'refuse', code, detail }),
  }
  const { scope } = caller
  const stamp = stamper(app, caller)
  const executed = await app.store.execute({ useCase, input: null, stamp, scope, idempotency })
  if (executed.type === 'replayed') return ok(await signed(app, scope, executed))
  return executed.type === 'refuse' ? err(executed.code, executed.detail) : refused
}

async function signed(
  app: App,
  scope: Scope,
  executed: Extract<Executed<Answer>, { type: 'committed' | 'replayed' }>,
): Promise<Signed> {
  const receipts = await signReceipts(app, scope, executed)
  const view = executed.answer.view ?? (await gateViewOf(app, scope, executed))
  return { view, receipts, replayed: executed.type === 'replayed' }
}

/** The view of the gate as the command left it, however much later it is asked for again. */
async function gateViewOf(
  app: App,
  scope: Scope,
  executed: Extract<Executed<Answer>, { type: 'committed' | 'replayed' }>,
): Promise<JsonObject> {
  const { stream, version } = executed.answer
  if (executed.type === 'committed') {
    const written = executed.write.streams.find((write) => write.stream === stream)
    return gateView(written?.next as Parameters<typeof gateView>[0])
  }
  const events = await app.store.reads.events(scope, stream)
  return gateView(foldGate(events.slice(0, version)))
}

/**
 * INVARIANT(default-deny): whoever acts must be active at the moment of the commit.
 * INVARIANT(control): nor may an emergency control stop them, their API key or the route's scope.
 */
function guarded<Input, K extends Keys>(
  useCase: UseCase<Input, K, Answer>,
  caller: Caller,
): UseCase<Input, Keys, Answer> {
  const { principalId } = caller
  if (principalId === 'system') return useCase as never
  return {
    reads: (input) => ({
      ...useCase.reads(input),
      '#caller': principalKey(principalId),
      '#controls': callerControls(caller),
    }),
    decide: (facts, input, stamp): Outcome<Answer> => {
      const { state } = facts['#caller'] as unknown as { state: principal.Principal }
      if (!principal.mayAct(state)) {
        return { type: 'refuse', code: 'principal_not_active', detail: principalId }
      }
      const stopped = callerStopped(facts['#controls'] as never)
      if (stopped !== undefined) {
        return { type: 'refuse', code: 'control_active', detail: stopped }
      }
      return useCase.decide(facts as unknown as Facts<K>, input, stamp)
    },
  }
}

/** A stamp may be asked for again, and then mints the same ids. */
function stamper(app: App, caller: Caller): () => Stamp {
  const at = app.clock.now()
  const random = randomBits(app)
  return () => stampAt(app, caller, at, random)
}

function stampAt(app: App, caller: Caller, at: Instant, random: bigint): Stamp {
  let minted = 0n
  return {
    at,
    atText: formatInstant(at),
    actor: caller.principalId,
    traceId: caller.traceId,
    scope: caller.scope,
    crypto: app.crypto,
    kids: app.signer.kids,
    mint: (prefix) => {
      minted += 1n
      return mintId(prefix, at, random + minted)
    },
  }
}

function randomBits(app: App): bigint {
  let bits = 0n
  for (const byte of app.random.bytes(10)) bits = (bits << 8n) | BigInt(byte)
  return bits & ((1n << ID_RANDOM_BITS) - 1n)
}

export const gateKey = (id: string) => ({ of: 'state', family: 'gate', id }) as const
export const principalKey = (id: string) => ({ of: 'state', family: 'principal', id }) as const
export const grantKey = (id: string) => ({ of: 'state', family: 'grant', id }) as const
export const walletKey = (id: string) => ({ of: 'state', family: 'wallet', id }) as const
export const profileKey = (id: string) => ({ of: 'state', family: 'profile', id }) as const
export const activeProfileKey = { of: 'state', family: 'activeProfile', id: 'active' } as const

export const approvalKey = (id: string) => ({ of: 'state', family: 'approval', id }) as const

/** The stream of an approval. */
export const approvalStream = (approvalId: string): string => `approval:${approvalId}`

/** The stream of a gate, as events and bundles name it. */
export const gateStream = (gateId: string): string => `gate:${gateId}`
