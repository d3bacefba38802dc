/**
 * Decisions: one namespace per concept, each a pure decide/evolve or a pure computation.
 *
 * @module
 */
export * as approval from './approval/index.ts'
export * as bundle from './bundle/index.ts'
export * as control from './control/index.ts'
export * as evidence from './evidence/evidence.ts'
export * as gate from './gate/index.ts'
export * as grant from './grant/index.ts'
export * as ledger from './ledger/index.ts'
export * as payment from './payment/index.ts'
export * as policy from './policy/index.ts'
export * as principal from './principal/index.ts'
export * as receipt from './receipt/receipt.ts'
export * as wallet from './wallet/index.ts'
