/**
 * Every state, made again from its events.
 *
 * @module
 */
import { approval, control, gate, grant, principal, wallet } from '@surety/domain'
import { canonicalize, type Event, instantOf } from '@surety/protocol'
import type { Findings } from './findings.ts'
import type { Stream } from './streams.ts'
import { jsonOf, type Tables } from './tables.ts'

type Members = { readonly [name: string]: unknown }
type Step = (state: unknown, event: Event) => unknown

interface Kind {
  readonly family: string
  readonly initial: unknown
  readonly step: Step
}

/** What the events of a stream make, by what its name begins with. */
function kindOf({ kind, id }: Stream): Kind | undefined {
  if (kind === 'profile' && id === 'active') {
    return { family: 'activeProfile', initial: null, step: applied }
  }
  return KINDS[kind]
}

const KINDS: Readonly<Record<string, Kind>> = {
  gate: {
    family: 'gate',
    initial: gate.initial,
    step: (state, event) => gate.evolve(state as gate.Gate, factOf(event), instantOf(event.at)),
  },
  approval: {
    family: 'approval',
    initial: approval.initial,
    step: (state, event) =>
      approval.evolve(state as approval.Approval, factOf(event), instantOf(event.at)),
  },
  principal: {
    family: 'principal',
    initial: principal.initial,
    step: (state, event) => principal.evolve(state as principal.Principal, factOf(event)),
  },
  grant: {
    family: 'grant',
    initial: grant.initial,
    step: (state, event) => grant.evolve(state as grant.Grant, factOf(event)),
  },
  control: {
    family: 'control',
    initial: control.initial,
    step: (state, event) => control.evolve(state as control.Control, factOf(event)),
  },
  standing: {
    family: 'standing',
    initial: control.none,
    step: (state, event) => control.stand(state as control.Standing, factOf(event)),
  },
  controls: { family: 'controlEpoch', initial: { epoch: 0 }, step: epoch },
  key: { family: 'apiKey', initial: null, step: apiKey },
  profile: { family: 'profile', initial: null, step: once('profileStored', 'profile') },
  deposit: { family: 'deposit', initial: null, step: once('depositRecorded', 'deposit') },
  wallet: {
    family: 'wallet',
    initial: wallet.initial,
    step: (state, event) => wallet.evolve(state as wallet.Wallet, factOf(event)),
  },
  inbound: {
    family: 'inbound',
    initial: wallet.initialInbound,
    step: (state, event) => wallet.evolveInbound(state as wallet.Inbound, factOf(event)),
  },
  probe: {
    family: 'probe',
    initial: null,
    step: (state, event) => {
      if (state !== null || event.type !== 'probeDecided') throw new Error('decided twice')
      return event.data
    },
  },
  tenant: {
    family: 'tenant',
    initial: null,
    step: (state, event) => ({ name: once('tenantFounded', 'name')(state, event) }),
  },
}

function factOf(event: Event): never {
  return { ...event.data, type: event.type } as never
}

/** Whom or what the first event of a stream is about. */
function ownId({ kind, id, scope, events }: Stream): unknown {
  const data = (events[0]?.data ?? {}) as Readonly<Record<string, Members & string>>
  switch (kind) {
    case 'gate':
      return data.gateId
    case 'approval':
      return data.approvalId
    case 'principal':
      return data.principalId
    case 'grant':
      return data.grantHash
    case 'wallet':
      return data.walletId
    case 'inbound':
      return `${data.network}/${data.transaction}/${String(data.logIndex)}`
    case 'probe':
      return data.decision?.probeId
    case 'profile':
      return id === 'active' ? id : data.policyHash
    case 'key':
      return data.key?.keyId
    case 'deposit':
      return data.deposit?.depositId
    case 'control':
      return data.statement?.controlId
    case 'standing':
      return control.selectorKey(data.selector as never)
    case 'controls':
      return 'epoch'
    default:
      return scope.tenantId
  }
}

/** A state that one event makes, whole. */
function once(type: string, member: string): Step {
  return (state, event) => {
    if (state !== null || event.type !== type) throw new Error(`${event.type} out of order`)
    return event.data[member]
  }
}

interface Ruling {
  readonly policyHash: unknown
  readonly shadow: unknown
  readonly versions?: Members
}

function applied(state: unknown, { type, data }: Event): unknown {
  const { previousPolicyHash, policyHash, profileId, version } = data
  const before = (state ?? { policyHash: previousPolicyHash, shadow: null }) as Ruling
  if (type === 'profileShadowEnded') {
    if (before.shadow !== policyHash) throw new Error(`${type} out of order`)
    return { ...before, shadow: null }
  }
  // INVARIANT(control): a change says what it changed; one that was left out would show.
  if (before.policyHash !== previousPolicyHash) throw new Error(`${type} after another profile`)
  const versions = { ...before.versions, [String(profileId)]: version }
  if (type === 'profileShadowed') return { ...before, shadow: policyHash, versions }
  if (type !== 'profileApplied') throw new Error(`${type} out of order`)
  const shadow = before.shadow === policyHash ? null : before.shadow
  return { policyHash, shadow, versions }
}

/** Counts the acts on controls, one after the other. */
function epoch(state: unknown, { type, data }: Event): unknown {
  const { epoch: before } = state as { readonly epoch: number }
  if (type !== 'controlEpochAdvanced' || data.epoch !== before + 1) {
    throw new Error(`${type} out of order`)
  }
  return { epoch: data.epoch }
}

function apiKey(state: unknown, { type, data, at }: Event): unknown {
  if (type === 'apiKeyCreated' && state === null) return data.key
  if (state === null || (state as Members).revokedAt !== null) {
    throw new Error(`${type} out of order`)
  }
  if (type === 'apiKeyRotated') return { ...state, secretHash: data.secretHash }
  if (type === 'apiKeyRevoked') return { ...state, revokedAt: at }
  throw new Error(`${type} is no fact of an API key`)
}

const STATE = 'SELECT version, head, state FROM states WHERE scope = ? AND family = ? AND id = ?'
const STATES = 'SELECT scope, family, id FROM states'

/** Compares every state with the fold of its stream, and knows which of them had one. */
export class Projections {
  readonly #tables: Tables
  readonly #findings: Findings
  readonly #seen = new Set<string>()

  constructor(tables: Tables, findings: Findings) {
    this.#tables = tables
    this.#findings = findings
  }

  /** The state that the events make; `undefined` if they make none. */
  check(stream: Stream): unknown {
    const kind = kindOf(stream)
    if (kind === undefined) {
      this.#findings.problem('projections', `${stream.name}: no kind of stream is called so`)
      return undefined
    }
    const { family, initial, step } = kind
    this.#seen.add(`${String(stream.scope.scope)}/${family}/${stream.id}`)
    this.#findings.saw('projections')
    if (ownId(stream) !== stream.id) {
      this.#findings.problem('projections', `${stream.name}: its events are of another`)
    }
    try {
      const state = stream.events.reduce(step, initial)
      this.#compare(stream, family, state)
      return state
    } catch (fault) {
      const why = fault instanceof Error ? fault.message : 'a fault'
      this.#findings.problem('projections', `${stream.name}: its events make nothing, ${why}`)
      return undefined
    }
  }

  #compare({ scope, id, name, events }: Stream, family: string, state: unknown): void {
    const row = this.#tables.row(STATE, scope.scope, family, id)
    if (row === undefined) {
      this.#findings.problem('projections', `${name}: it has no state`)
      return
    }
    const isFold = canonicalize(jsonOf(row.state) ?? null) === canonicalize(state)
    if (!isFold) this.#findings.problem('projections', `${name}: not the fold of its events`)
    if (row.version !== BigInt(events.length) || row.head !== events.at(-1)?.eventHash) {
      this.#findings.problem('projections', `${name}: not at the end of its stream`)
    }
  }

  /** States that no stream made. */
  finish(): void {
    for (const { scope, family, id } of this.#tables.rows(STATES)) {
      if (this.#seen.has(`${String(scope)}/${String(family)}/${String(id)}`)) continue
      this.#findings.saw('projections')
      this.#findings.problem('projections', `${String(family)} ${String(id)}: it has no events`)
    }
  }
}
