/**
 * The client side of Surety: calls the HTTP API, and signs what parties sign. Runs anywhere.
 *
 * @module
 */
export * from './api.gen.ts'
export * from './approval.ts'
export * from './client.ts'
export * from './errors.ts'
export * from './party.ts'
export * from './policy.ts'
export * from './purchase.ts'
