/**
 * A real chain, token, facilitator and x402 sellers on one machine, for trials and tests.
 *
 * @module
 */
export type { FacilitatorFault, SellerFault } from './faults.ts'
export { type LocalWorld, PAYEES, type Seller, startWorld, type WorldOptions } from './world.ts'
