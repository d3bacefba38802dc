export * from './control.ts'
export * from './selector.ts'
export * from './standing.ts'
