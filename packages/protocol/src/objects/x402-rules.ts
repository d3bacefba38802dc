/**
 * What a profile says of buying over x402: where agents may go, and whom they may pay there.
 *
 * Rules: spec/profile.md. Vectors: spec/vectors/policy/.
 *
 * @module
 */
import { type Static, Type } from '@sinclair/typebox'
import { closed, idOf, NameText, SlugText, words } from '../schema.ts'
import { AddressText } from './payment.ts'

export const FetchMethod = words(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
export type FetchMethod = Static<typeof FetchMethod>

/** A scheme, a host and a port that is not the scheme's own; as WHATWG serialises an origin. */
export const OriginText = Type.String({
  pattern: '^https?://[a-z0-9._~\\[\\]:-]+$',
  maxLength: 255,
  description: 'as WHATWG URL serialises it: https://api.example, http://127.0.0.1:4021',
})

export const X402Rules = closed({
  origins: Type.Array(
    closed({
      origin: OriginText,
      methods: Type.Array(FetchMethod, {
        minItems: 1,
        maxItems: 7,
        uniqueItems: true,
        description: 'what may be asked; an unsafe method is allowed only by being named here',
      }),
      privateAddresses: Type.Optional(
        Type.Boolean({ description: 'the origin may be on a private or loopback address' }),
      ),
      alias: Type.Optional(SlugText),
    }),
    { maxItems: 256 },
  ),
  payees: Type.Array(closed({ payee: idOf('prn'), network: NameText, payTo: AddressText }), {
    maxItems: 1024,
    description: 'which address, on which network, is which principal; no other is paid',
  }),
  schemes: Type.Array(words(['exact', 'upto']), { minItems: 1, maxItems: 4, uniqueItems: true }),
  validSecondsMax: Type.Integer({ minimum: 1, maximum: 86_400 }),
  unsignedBy: Type.Optional(
    Type.Array(idOf('prn'), {
      maxItems: 256,
      uniqueItems: true,
      description: 'agents whose API key stands for their signature; absent means none',
    }),
  ),
})
export type X402Rules = Static<typeof X402Rules>
