/**
 * Signs what committed facts oblige Surety to state.
 *
 * INVARIANT(receipts): a statement is a function of its event, and Ed25519 is deterministic: signed
 * now or by the worker after a crash, the bytes are the same.
 *
 * @module
 */
import { type control, type gate, receipt } from '@surety/domain'
import {
  type AgentPassport,
  type ApprovalRecord,
  canonicalize,
  type EmergencyControlEvent,
  type Event,
  type ProbeDecision,
  signingInput,
} from '@surety/protocol'
import type { Executed, Scope, SignedRow } from '../ports.ts'
import type { Answer, App, Signed } from './runtime.ts'

type Receipts = Signed['receipts']

interface Statement {
  readonly object:
    | receipt.ReceiptObject
    | AgentPassport
    | ProbeDecision
    | ApprovalRecord
    | EmergencyControlEvent
  readonly kid: string
}

/** What an event obliges Surety to state, if anything. */
function statementOf(event: Event): Statement | undefined {
  if (event.stream.startsWith('principal:')) {
    const { passport, kid } = event.data as { passport: AgentPassport; kid: string }
    return { object: passport, kid }
  }
  if (event.stream.startsWith('probe:')) {
    const { decision, kid } = event.data as { decision: ProbeDecision; kid: string }
    return { object: decision, kid }
  }
  if (event.stream.startsWith('approval:')) {
    const { record, kid } = event.data as { record?: ApprovalRecord; kid: string }
    return record === undefined ? undefined : { object: record, kid }
  }
  if (event.stream.startsWith('control:')) {
    const { statement, kid } = event.data as unknown as Partial<control.ControlStated>
    return statement === undefined ? undefined : { object: statement, kid: kid ?? '' }
  }
  if (!event.stream.startsWith('gate:')) return undefined
  return receipt.receiptOfEvent({ ...event.data, type: event.type } as gate.GateEvent)
}

/** The signed statements of an answer: signed now, or those that were kept. */
export async function signReceipts(
  app: App,
  scope: Scope,
  executed: Extract<Executed<Answer>, { type: 'committed' | 'replayed' }>,
): Promise<Receipts> {
  const { stream, receiptSeqs } = executed.answer
  if (executed.type === 'replayed') return receiptsAt(app, scope, stream, receiptSeqs)
  const committed = executed.write.streams.flatMap((write) => write.events)
  const rows = await signEvents(app, scope, committed)
  // The answer does not wait for the rows: a worker signs what a crash leaves unkept.
  app.store.keepSignatures(rows.map(({ row }) => row)).catch((cause: unknown) => {
    app.log.warn({ err: cause }, 'signatures were not kept; the worker will make them again')
  })
  return rows.filter(({ row }) => row.stream === stream).map(({ receipt: made }) => made)
}

/** The signed statements of some events of a stream; made again where they were not kept. */
export async function receiptsAt(
  app: App,
  scope: Scope,
  stream: string,
  seqs: readonly number[] | 'all',
): Promise<Receipts> {
  if (seqs.length === 0) return []
  const kept = await app.store.reads.signatures(scope, stream)
  const wanted = [...kept.keys()].filter((seq) => seqs === 'all' || seqs.includes(seq))
  const known = wanted.map((seq) => app.receipts.get(receiptName(scope, stream, seq)))
  const hot = known.filter((receipt) => receipt !== undefined)
  if (hot.length === wanted.length) return hot
  const events = await app.store.reads.events(scope, stream)
  const receipts = events
    .filter((event) => wanted.includes(event.seq))
    .map(async (event) => {
      const signable = signableOf(event)
      if (signable === undefined) return []
      const { kid, input, type } = signable
      const signature = kept.get(event.seq) ?? (await app.signer.sign(kid, input))
      return [{ seq: event.seq, type, jws: `${input}.${signature}` }]
    })
  return (await Promise.all(receipts)).flat()
}

/** How many of the latest receipts are remembered: most are read soon after they were made. */
const RECEIPTS_MAX = 4_096

function receiptName({ tenantId, environment }: Scope, stream: string, seq: number): string {
  return `${tenantId}/${environment}/${stream}/${String(seq)}`
}

/** Where the authorization stands in a gate's stream, unless the gate had to wait for it. */
const AUTHORIZED_SEQ = 3

/** Whether these are, byte for byte, what was lately signed for the authorization of a stream. */
export function isRemembered(app: App, scope: Scope, stream: string, jws: string): boolean {
  return app.receipts.get(receiptName(scope, stream, AUTHORIZED_SEQ))?.jws === jws
}

/** Signs in parallel; events without a statement give nothing. */
export async function signEvents(
  app: App,
  scope: Scope,
  events: readonly Event[],
): Promise<readonly { readonly row: SignedRow; readonly receipt: Receipts[number] }[]> {
  const signed = events.map(async (event) => {
    const signable = signableOf(event)
    if (signable === undefined) return []
    const { kid, input, type } = signable
    const { stream, seq } = event
    const signature = await app.signer.sign(kid, input)
    const row = { scope, stream, seq, signature }
    const receipt = { seq, type, jws: `${input}.${signature}` }
    if (app.receipts.size >= RECEIPTS_MAX) app.receipts.clear()
    app.receipts.set(receiptName(scope, stream, seq), receipt)
    return [{ row, receipt }]
  })
  return (await Promise.all(signed)).flat()
}

/** What is signed for an event, and by which key. */
function signableOf(event: Event) {
  const statement = statementOf(event)
  if (statement === undefined) return undefined
  const { object, kid } = statement
  const type = object.schemaVersion
  return { type, kid, input: signingInput(type, canonicalize(object), kid) }
}
