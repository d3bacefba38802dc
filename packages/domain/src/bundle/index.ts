export * from './build.ts'
export * from './verify.ts'
