/**
 * Proves on a live house that stopping works, and says how fast.
 *
 * An agent is registered for the drill, with no grant: nothing it asks is ever allowed, so no money
 * can move. It keeps asking while it is paused and resumed; its decisions tell when each took hold.
 */
import {
  type ControlSelector,
  type Environment,
  type Id,
  portableCrypto,
  toBase64url,
} from '@surety/protocol'
import { type Gate, httpFingerprint, newKeyPair } from '@surety/sdk'
import type { Answer, CommandHost, CommandSpec, Given } from '../../command.ts'
import { EXIT } from '../../exit.ts'
import { clientFor, ensureKey, machine, openSession, partyOf, type Session } from '../../session.ts'
import { fields, styled } from '../../terminal/render.ts'

/** What a control promises: effective on the next decision, within so long of its commit. */
const EFFECT_MAX_MS = 250
const ASKS = 24
const PARALLEL = 4

export const drill: CommandSpec = {
  name: 'drill',
  summary: 'prove on a live house that a pause takes hold and lets go; prints the time to effect',
  examples: ['surety control drill'],
  options: [{ flags: '--reason <code>', about: 'why', fallback: 'drill' }],
  connects: 'server',
  run: runDrill,
}

interface Agent {
  readonly principalId: Id<'prn'>
  readonly ask: () => Promise<Gate>
  readonly leave: () => Promise<void>
}

async function runDrill(given: Given, host: CommandHost): Promise<Answer> {
  const session = openSession(given, host)
  ensureKey(session, 'action')
  host.say('a drill: an agent without any authority asks, is paused, and is resumed …')
  const agent = await enlist(session)
  try {
    return told(await played(session, agent, given.required('reason')))
  } finally {
    await agent.leave()
  }
}

interface Played {
  readonly controlId: string
  readonly before: boolean
  readonly decisions: number
  readonly missed: number
  readonly effectMs: number | null
  readonly after: boolean
}

async function played(session: Session, agent: Agent, reason: string): Promise<Played> {
  const selector = { type: 'principal', id: agent.principalId } as const
  const before = !isPaused(await agent.ask())
  const asking = Array.from({ length: PARALLEL }, () => asked(agent))
  const stopping = session.party.order(
    { command: 'pause', selector },
    { role: 'oncall', justificationCode: reason },
  )
  const body = { actions: [stopping.jws] }
  const control = await session.client.call('postControls', { body })
  const { controlId, imposed } = control
  try {
    const gates = [...(await Promise.all(asking)).flat(), await agent.ask()]
    // By the clock of the house: when it committed, and when each decision was made.
    const since = Date.parse(imposed.at)
    const later = gates.filter(({ decision }) => Date.parse(decision?.decidedAt ?? '') > since)
    const first = later
      .filter(isPaused)
      .map(({ decision }) => Date.parse(decision?.decidedAt ?? ''))
    const effectMs = first.length === 0 ? null : Math.min(...first) - since
    const missed = later.filter((gate) => !isPaused(gate)).length
    const rest = { controlId, before, decisions: gates.length, missed, effectMs }
    await resume(session, controlId, selector, reason)
    return { ...rest, after: !isPaused(await agent.ask()) }
  } catch (fault) {
    await resume(session, controlId, selector, reason).catch(() => undefined)
    throw fault
  }
}

const isPaused = ({ decision }: Gate): boolean =>
  decision?.reasonCodes.includes('control_paused') === true

async function asked(agent: Agent): Promise<readonly Gate[]> {
  const gates: Gate[] = []
  for (let i = 0; i < ASKS / PARALLEL; i += 1) gates.push(await agent.ask())
  return gates
}

async function resume(session: Session, id: string, selector: ControlSelector, reason: string) {
  const controlId = id as Id<'ctl'>
  const why = { role: 'ops_admin', justificationCode: reason } as const
  const { jws } = session.party.order({ command: 'resume', controlId, selector }, why)
  await session.client.call('postControls', { body: { actions: [jws] } })
}

/** An agent for the drill, and how it leaves for good. */
async function enlist(session: Session): Promise<Agent> {
  const { client, credentials, url } = session
  const pair = newKeyPair('intent', machine)
  const keys = [{ publicKey: pair.publicKey, purpose: 'intent' as const }]
  const made = await client.call('postPrincipals', { body: { kind: 'agent', name: 'drill', keys } })
  const principalId = made.principalId as Id<'prn'>
  const leave = async () => {
    const params = { principalId }
    const body = { to: 'decommissioned', reason: 'the drill is over' } as const
    await client.call('postPrincipalsLifecycle', { params, body })
  }
  const scopes = ['gates:write', 'read'] as const
  const key = await client.call('postApiKeys', { body: { principalId, name: 'drill', scopes } })
  const { tenantId, environment } = credentials
  const seed = { purpose: 'intent' as const, privateSeed: toBase64url(pair.privateSeed) }
  const who = { tenantId, environment: environment as Environment, principalId, keys: [seed] }
  const party = partyOf(who)
  const own = clientFor(url, key.secret)
  const ask = async () => {
    const { jws } = party.intent({
      requestFingerprint: httpFingerprint(
        { method: 'GET', url: 'https://drill.invalid/' },
        portableCrypto,
      ),
      action: 'drill',
      riskClass: 'read',
      sideEffecting: false,
      amount: '1',
      asset: 'USD/2',
      payee: credentials.principalId as Id<'prn'>,
      rail: 'ledger',
      network: 'internal',
      grantHash: portableCrypto.sha256(`no grant of ${principalId}`),
    })
    const { gateId } = await own.call('postGates', { body: { intent: jws } })
    return own.call('postGatesAuthorize', { params: { gateId } })
  }
  return { principalId, ask, leave }
}

function told(found: Played): Answer {
  const { before, after, missed, effectMs } = found
  const ok = before && after && missed === 0 && effectMs !== null && effectMs <= EFFECT_MAX_MS
  const mark = (holds: boolean) => (holds ? styled('green', '✓') : styled('red', '✗'))
  const effect = effectMs === null ? 'never' : `${String(effectMs)} ms after its commit`
  return {
    document: { ok, ...found, effectMaxMs: EFFECT_MAX_MS },
    lines: [
      ...fields([
        [`${mark(before)} before`, 'the agent is not stopped'],
        [`${mark(effectMs !== null && effectMs <= EFFECT_MAX_MS)} paused`, `first seen ${effect}`],
        [
          `${mark(missed === 0)} missed`,
          `${String(missed)} of ${String(found.decisions)} decisions`,
        ],
        [`${mark(after)} resumed`, 'the agent is not stopped any more'],
      ]),
      '',
      ok
        ? `${styled('green', '✓')} stopping works here: effective at the next decision`
        : `${styled('red', '✗')} stopping does not work as it must; look at ${found.controlId}`,
    ],
    exit: ok ? EXIT.done : EXIT.no,
  }
}
