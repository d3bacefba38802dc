export * from './principal.ts'
export * from './roles.ts'
