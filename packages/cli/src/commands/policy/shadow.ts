/** Profiles that run in shadow: what they would have decided, and their end. */
import { policy } from '@surety/domain'
import { hashOf, type Profile, portableCrypto } from '@surety/protocol'
import * as checks from '../../checks.ts'
import type { CommandGroup, CommandSpec } from '../../command.ts'
import { CliError, EXIT } from '../../exit.ts'
import { ensureKey, openSession, type Session } from '../../session.ts'
import { fields } from '../../terminal/render.ts'
import { impactLines } from './replaying/impact.ts'
import { openRecords, SOURCE_OPTIONS } from './replaying/records.ts'
import { replayed, watchedBy } from './replaying/run.ts'

/** The profile that was named, or the one that runs in shadow now. */
async function shadowOf({ client }: Session, named: string | undefined): Promise<Profile> {
  const running = named ?? (await client.call('getProfilesActive')).shadowPolicyHash ?? undefined
  if (running === undefined) {
    throw new CliError(EXIT.no, 'shadow_missing', {
      what: 'no profile runs in shadow',
      remedy: 'apply one whose mode is shadow, or name one that did by its hash',
    })
  }
  const params = { policyHash: checks.hash(running) }
  return (await client.call('getProfilesOne', { params })).profile as unknown as Profile
}

const report: CommandSpec = {
  name: 'report [hash]',
  summary: 'tell what the profile in shadow would have done, as it was recorded',
  examples: ['surety profile shadow report', 'surety profile shadow report --since 2026-11-01'],
  options: SOURCE_OPTIONS.filter(({ flags }) => /--(?:since|until)/.test(flags)),
  connects: 'server',
  run: async (given, host) => {
    const profile = await shadowOf(openSession(given, host), given.optionalArg(0))
    const compiled = policy.compile(profile, hashOf(profile, portableCrypto))
    const records = await openRecords(given, host)
    const found = await replayed(compiled, watchedBy(records, compiled.policyHash))
    const head = `${profile.name} (${profile.profileId} version ${String(profile.version)}) in shadow`
    return {
      document: found,
      lines: [head, ...impactLines(found)],
      exit: found.ok ? EXIT.done : EXIT.no,
    }
  },
}

const end: CommandSpec = {
  name: 'end',
  summary: 'end the profile that runs in shadow; signed by the operator',
  examples: ['surety profile shadow end'],
  options: [{ flags: '--reason <code>', about: 'why it ends', fallback: 'shadow-done' }],
  connects: 'server',
  run: async (given, host) => {
    const session = openSession(given, host)
    ensureKey(session, 'action')
    const profile = await shadowOf(session, undefined)
    const policyHash = hashOf(profile, portableCrypto)
    const action = session.party.endShadow(policyHash, given.required('reason'))
    const ended = await session.client.call('postProfilesShadowEnd', { body: { action } })
    return { document: ended, lines: fields([['ended', `${profile.name} (${policyHash})`]]) }
  },
}

export const shadow: CommandGroup = {
  name: 'shadow',
  summary: 'the profile that is asked beside the one that rules',
  commands: [report, end],
}
