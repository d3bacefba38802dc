export * from './payment.ts'
export * from './reasons.ts'
