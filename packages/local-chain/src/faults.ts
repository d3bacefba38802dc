/**
 * What the parts of the local world can be told to do wrong.
 *
 * @module
 */

/** Of the facilitator: it settles late, not at all, or says so without doing it. */
export type FacilitatorFault =
  | { readonly type: 'none' }
  | { readonly type: 'down' }
  | { readonly type: 'refusing' }
  | { readonly type: 'pending'; readonly settlesAfterMs: number }
  | { readonly type: 'lying' }

/** Of a seller's answers to paid requests, after the packages have done their work. */
export type SellerFault =
  | { readonly type: 'none' }
  /** The connection breaks instead of an answer. */
  | { readonly type: 'drop' }
  /** Another status and body; `PAYMENT-RESPONSE` is lost. */
  | { readonly type: 'fail'; readonly status: number }
  /** The answer waits. */
  | { readonly type: 'slow'; readonly ms: number }
  /** `PAYMENT-RESPONSE` is not what the facilitator said. */
  | { readonly type: 'garble' }
  /** The answer breaks off after so many bytes of its body. */
  | { readonly type: 'cut'; readonly afterBytes: number }
  /** The body comes in small pieces with a pause before each, and nobody says how long it is. */
  | { readonly type: 'trickle'; readonly pieceBytes: number; readonly pauseMs: number }
