/**
 * What happens besides where money leaves the house, and whether Surety signs it: a pin, and what
 * tests/x402 must have seen.
 *
 * @module
 */
export const PAID_EVENTS: Readonly<Record<string, boolean>> = {
  claimOpened: false,
  inboundFunded: false,
  inboundReceived: false,
  paymentMoved: false,
  paymentReported: true,
  probeDecided: true,
  refundReceived: false,
  responseObserved: false,
  walletAllowanceOrdered: false,
  walletFrozen: false,
  walletUnfrozen: false,
}
