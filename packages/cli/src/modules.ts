/**
 * Every command by name, and where it is loaded from when it is needed.
 *
 * @module
 */
import type { Module } from './command.ts'

interface ModuleEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<Module>
}

const entry = (name: string, summary: string, load: () => Promise<Module>): ModuleEntry => ({
  name,
  summary,
  load,
})

export const MODULES: readonly ModuleEntry[] = [
  entry(
    'demo',
    'see an agent buy through Surety, and what is refused',
    async () => (await import('./commands/house/demo.ts')).demo,
  ),
  entry(
    'init',
    'make a data directory with keys and a first operator',
    async () => (await import('./commands/house/init.ts')).init,
  ),
  entry(
    'serve',
    'serve a data directory',
    async () => (await import('./commands/house/serve.ts')).serve,
  ),
  entry(
    'doctor',
    'check this machine, a data directory and a server',
    async () => (await import('./commands/house/doctor.ts')).doctor,
  ),
  entry(
    'verify',
    'verify a bundle offline',
    async () => (await import('./commands/proof/verify.ts')).verify,
  ),
  entry(
    'principal',
    'who acts, and with which keys',
    async () => (await import('./commands/authority/principal.ts')).principal,
  ),
  entry(
    'profile',
    'the policy that rules',
    async () => (await import('./commands/authority/profile.ts')).profile,
  ),
  entry(
    'decision',
    'recorded decisions, with the facts they were made from',
    async () => (await import('./commands/policy/decision.ts')).decision,
  ),
  entry(
    'grant',
    'bounded authority to spend',
    async () => (await import('./commands/authority/grant.ts')).grant,
  ),
  entry(
    'gate',
    'paid actions, from intent to settlement',
    async () => (await import('./commands/proof/gate.ts')).gate,
  ),
  entry(
    'approvals',
    'what waits for a person, and what people answer',
    async () => (await import('./commands/approval/approvals.ts')).approvals,
  ),
  entry(
    'control',
    'stop what runs, and let it go on',
    async () => (await import('./commands/control/control.ts')).control,
  ),
  entry(
    'deposit',
    'record money that came in',
    async () => (await import('./commands/money/deposit.ts')).deposit,
  ),
  entry(
    'wallet',
    'what pays on a chain',
    async () => (await import('./commands/money/wallet.ts')).wallet,
  ),
  entry(
    'fetch',
    'fetch a URL as an agent, and pay for it over x402 if policy allows',
    async () => (await import('./commands/money/fetch.ts')).fetchCommand,
  ),
  entry('account', 'balances', async () => (await import('./commands/money/account.ts')).account),
  entry(
    'keys',
    'API keys, and the public keys of Surety',
    async () => (await import('./commands/house/keys.ts')).keys,
  ),
  entry(
    'export',
    'write the bundle that proves a gate',
    async () => (await import('./commands/proof/export.ts')).exportCommand,
  ),
  entry(
    'reason-codes',
    'what the codes of answers mean, and what helps',
    async () => (await import('./commands/house/codes.ts')).reasonCodes,
  ),
  entry(
    'fsck',
    'check that everything in a data directory agrees',
    async () => (await import('./commands/house/fsck.ts')).fsck,
  ),
]
