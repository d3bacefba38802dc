export * from './inbound.ts'
export * from './wallet.ts'
