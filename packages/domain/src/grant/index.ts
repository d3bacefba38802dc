export * from './bounds.ts'
export * from './grant.ts'
