/** Profiles: the policy that rules. */
import { fileURLToPath } from 'node:url'
import { type AppliedProfile, applyProfile } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandGroup, CommandSpec } from '../../command.ts'
import { readProfile } from '../../local/profile-file.ts'
import { ensureKey, openSession } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { fields, styled, table } from '../../terminal/render.ts'
import { replay } from '../policy/replay.ts'
import { shadow } from '../policy/shadow.ts'

/** The commented profile that comes with the command. */
export const STARTER_PATH = fileURLToPath(
  new URL('../../../starters/starter.yaml', import.meta.url),
)

const list: CommandSpec = {
  name: 'list',
  summary: 'list the profile that rules, and the starters that come with this command',
  examples: ['surety profile list'],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const active = await client.call('getProfilesActive')
    const starter = readProfile(STARTER_PATH)
    const row = (
      state: string,
      {
        profile,
        policyHash,
      }: Pick<AppliedProfile, 'policyHash'> & {
        profile: { profileId: string; version: number; name: string }
      },
      where: string,
    ) => [
      state,
      profile.profileId,
      String(profile.version),
      profile.name,
      policyHash.slice(0, 12),
      where,
    ]
    const rows = [row('rules', active, ''), row('starter', starter, STARTER_PATH)]
    const header = ['', 'profile', 'version', 'name', 'hash', 'file']
    return {
      document: { active, starters: [{ ...starter, path: STARTER_PATH }] },
      lines: table(header, rows, ''),
    }
  },
}

const validate: CommandSpec = {
  name: 'validate <file>',
  summary: 'check a profile, YAML or JSON, without a server',
  examples: ['surety profile validate profile.yaml'],
  run: async (given) => {
    const { profile, policyHash } = readProfile(given.arg(0))
    return {
      document: { ok: true, policyHash, profile },
      lines: [
        `${styled('green', '✓')} ${profile.name} is a valid profile`,
        ...fields([
          ['  profile', `${profile.profileId} version ${String(profile.version)}`],
          ['  hash', policyHash],
        ]),
      ],
    }
  },
}

const apply: CommandSpec = {
  name: 'apply <file>',
  summary: 'apply a profile; from the next decision on it rules',
  examples: ['surety profile apply profile.yaml --reason annual-review'],
  options: [{ flags: '--reason <code>', about: 'why it changes', fallback: 'policy-change' }],
  connects: 'server',
  run: async (given, host) => {
    const session = openSession(given, host)
    const { profile } = readProfile(given.arg(0))
    ensureKey(session, 'action')
    const justificationCode = given.required('reason')
    const change = { profile, justificationCode }
    const applied = await applyProfile(session.client, session.party, change)
    return {
      document: applied,
      lines: [
        `${styled('green', '✓')} ${applied.profile.name} version ${String(applied.profile.version)} rules`,
        ...fields([['  hash', applied.policyHash]]),
      ],
    }
  },
}

const show: CommandSpec = {
  name: 'show [hash]',
  summary: 'show the profile that rules, or one by its hash',
  examples: ['surety profile show', 'surety profile show 3f9a…'],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const hash = given.optionalArg(0)
    const found =
      hash === undefined
        ? await client.call('getProfilesActive')
        : await client.call('getProfilesOne', { params: { policyHash: checks.hash(hash) } })
    return shown(found)
  },
}

function shown(found: AppliedProfile): Answer {
  const { profile, policyHash, active } = found
  const { allowlists, limits, approvalTiers, risk, settlement } = profile
  const money = (list: readonly { asset: string; max: string }[] | undefined) =>
    list?.map(({ asset, max }) => formatMoney(max, asset)).join(', ')
  const seconds = (ms: number) => `${String(ms / 1_000)} s`
  return {
    document: found,
    lines: fields([
      ['profile', `${profile.name} (${profile.profileId} version ${String(profile.version)})`],
      ['hash', policyHash],
      ['rules', active ? 'yes' : 'no'],
      ['assets', allowlists.assets.join(', ') || 'none: everything is denied'],
      ['rails', allowlists.rails.join(', ')],
      ['payees', allowlists.payees?.join(', ') ?? 'any'],
      ['actions', allowlists.actions?.join(', ') ?? 'any'],
      ['per request', money(limits.perRequest)],
      ['per day', money(limits.perDay)],
      ['per month', money(limits.perMonth)],
      ['in all', money(limits.total)],
      [
        'a person decides',
        approvalTiers
          .map(({ above, asset, role }) => `above ${formatMoney(above, asset)} (${role})`)
          .join(', '),
      ],
      ['risk', risk.map(({ riskClass, outcome }) => `${riskClass}: ${outcome}`).join(', ')],
      ['settlement', `${settlement.mode}; silence: ${settlement.onSilence}`],
      ['evidence within', seconds(settlement.evidenceWithinMs)],
      ['verifiers', settlement.verifiers.map(({ verifier }) => verifier).join(', ')],
    ]),
  }
}

export const profile: CommandGroup = {
  name: 'profile',
  summary: 'the policy that rules',
  commands: [list, validate, replay, apply, show],
  groups: [shadow],
}
