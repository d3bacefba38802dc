/**
 * The journal's unit: one committed fact of one stream, chained to the one before it.
 *
 * Rules: spec/event.md. Vectors: spec/vectors/event/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import { canonicalize } from '../canonical-json.ts'
import type { Crypto } from '../crypto.ts'
import { hashOf } from '../digest.ts'
import { document, HashText, InstantText, idOf, SeqNumber, TraceText } from '../schema.ts'

export const Event = document(
  'Event.v1',
  {
    tenantId: idOf('ten'),
    stream: Type.String({ pattern: '^[a-z]+:[A-Za-z0-9._:/-]{1,160}$' }),
    seq: SeqNumber,
    type: Type.String({ pattern: '^[a-z][A-Za-z]{2,63}$' }),
    at: InstantText,
    actor: Type.Union([idOf('prn'), Type.Literal('system')]),
    traceId: TraceText,
    data: Type.Unsafe<{ readonly [name: string]: unknown }>(Type.Object({})),
    prevHash: HashText,
    eventHash: HashText,
  },
  'One fact of one stream. Its hash covers every other member; the next event names it.',
)
export type Event = Static<typeof Event>

/** Seals an event: adds the hash over all its other members. */
export function sealEvent(event: Omit<Event, 'eventHash'>, crypto: Crypto): Event {
  return sealEventText(event, crypto).event
}

/** Seals an event and gives its canonical text too, at the cost of one canonicalization. */
export function sealEventText(
  event: Omit<Event, 'eventHash'>,
  crypto: Crypto,
): { readonly event: Event; readonly text: string } {
  const unsealed = canonicalize(event)
  const eventHash = crypto.sha256(unsealed)
  // `eventHash` sorts right before `prevHash`, and no member behind it can hold these characters.
  const place = unsealed.lastIndexOf(',"prevHash":"')
  const text = `${unsealed.slice(0, place)},"eventHash":"${eventHash}"${unsealed.slice(place)}`
  return { event: { ...event, eventHash }, text }
}

/** Whether the stated hash of an event is the hash of its other members. */
export function eventHashHolds(event: Event, crypto: Crypto): boolean {
  const { eventHash, ...rest } = event
  return hashOf(rest, crypto) === eventHash
}
