export * from './ledger.ts'
export * from './postings.ts'
