/** Profiles: the policy that rules. */
import type { AppliedProfile } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandGroup, CommandSpec } from '../../command.ts'
import { openSession } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { fields } from '../../terminal/render.ts'
import { apply, rollback } from '../policy/change.ts'
import { diff } from '../policy/diff.ts'
import { init } from '../policy/init.ts'
import { list } from '../policy/list.ts'
import { replay } from '../policy/replay.ts'
import { shadow } from '../policy/shadow.ts'
import { simulate } from '../policy/simulate.ts'
import { validate } from '../policy/validate.ts'

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
  commands: [list, init, validate, diff, simulate, replay, apply, rollback, show],
  groups: [shadow],
}
