export * from './binding.ts'
export * from './events.ts'
export * from './gate.ts'
export * from './state.ts'
