/** Changes of the policy that rules: shown first, with what they would have done; then signed. */
import { createInterface } from 'node:readline/promises'
import { policy } from '@surety/domain'
import type { Hash, OperatorRole, Profile } from '@surety/protocol'
import { OPERATOR_ROLES } from '@surety/protocol'
import { applyProfile } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandHost, CommandSpec, Given, OptionSpec } from '../../command.ts'
import { CliError, EXIT } from '../../exit.ts'
import { readProfile } from '../../local/profile-file.ts'
import { ensureKey, openSession, type Session } from '../../session.ts'
import { fields, plain, styled } from '../../terminal/render.ts'
import { changeLines } from './diff.ts'
import { versionOf } from './history.ts'
import { impactLines } from './replaying/impact.ts'
import { recordsOfServer, SINCE_OPTION, spanOf } from './replaying/records.ts'
import { replayed } from './replaying/run.ts'

const WEEK_MS = 604_800_000

const OPTIONS: readonly OptionSpec[] = [
  { flags: '--reason <code>', about: 'why it changes', fallback: 'policy-change' },
  {
    flags: '--role <role>',
    about: 'the role it is signed under: ops_admin or incident_commander',
    fallback: 'ops_admin',
    choices: OPERATOR_ROLES,
  },
  { ...SINCE_OPTION, about: 'how far the replay goes back; a week if it is not given' },
  { flags: '--skip-replay', about: 'change it without asking what it would have done' },
  { flags: '--yes', about: 'change it without asking; needed where nobody can be asked' },
]

/** A profile that is to rule, or to run in shadow. */
interface Wanted {
  readonly profile: Profile
  readonly policyHash: Hash
  readonly restoresPolicyHash?: Hash
}

export const apply: CommandSpec = {
  name: 'apply <file>',
  summary: 'show what a profile changes and would have done, then sign and apply it',
  examples: [
    'surety profile apply profile.yaml',
    'surety profile apply profile.yaml --reason annual-review --yes',
  ],
  options: OPTIONS,
  connects: 'server',
  run: async (given, host) => {
    const session = openSession(given, host)
    return change(given, host, session, readProfile(given.arg(0)))
  },
}

export const rollback: CommandSpec = {
  name: 'rollback <version>',
  summary: 'bring an earlier version of a profile back, as a new version',
  examples: ['surety profile rollback 3', 'surety profile rollback 3 --profile procurement --yes'],
  options: [
    { flags: '--profile <profileId>', about: 'which profile; else the one that rules' },
    ...OPTIONS,
  ],
  connects: 'server',
  run: async (given, host) => {
    const session = openSession(given, host)
    const version = Number(checks.wholeNumber(given.arg(0)))
    const earlier = await versionOf(session.client, given.text('profile'), version)
    return change(given, host, session, earlier)
  },
}

async function change(
  given: Given,
  host: CommandHost,
  session: Session,
  wanted: Wanted,
): Promise<Answer> {
  ensureKey(session, 'action')
  const ruling = await session.client.call('getProfilesActive')
  const before = ruling.profile as unknown as Profile
  const changes = policy.compareProfiles(before, wanted.profile)
  const report = given.flag('skipReplay') ? null : await ask(given, session, wanted)
  const title = `${before.name} version ${String(before.version)} rules; ${wanted.profile.name} version ${String(wanted.profile.version)} would change:`
  for (const line of [plain(title), '', ...changeLines(changes)]) host.say(line)
  if (report !== null) for (const line of ['', ...impactLines(report)]) host.say(line)
  if (report?.ok === false) throw blind()
  await ensureMeant(given, host)
  const applied = await applyProfile(session.client, session.party, {
    ...wanted,
    justificationCode: given.required('reason'),
    role: given.required('role') as OperatorRole,
    // What was looked at: another change that came in between is not undone unseen.
    previousPolicyHash: ruling.policyHash,
  })
  const does = applied.active ? 'rules' : 'runs in shadow'
  return {
    document: { ...applied, changes, replay: report },
    lines: [
      '',
      `${styled('green', '✓')} ${plain(applied.profile.name)} version ${String(applied.profile.version)} ${does}`,
      ...fields([['  hash', applied.policyHash]]),
    ],
  }
}

function ask(given: Given, { client }: Session, { profile, policyHash }: Wanted) {
  const { since } = spanOf(given)
  const from = since ?? ((Date.now() - WEEK_MS) as NonNullable<typeof since>)
  const records = recordsOfServer(client, { since: from, until: undefined })
  return replayed(policy.compile(profile, policyHash), records)
}

function blind(): CliError {
  return new CliError(EXIT.no, 'replay_unknown', {
    what: 'not everything that was decided can be replayed under this profile',
    remedy: 'run it in shadow first (mode: shadow), or apply it with --skip-replay',
  })
}

/** A person says so, or --yes does. */
async function ensureMeant(given: Given, host: CommandHost): Promise<void> {
  if (given.flag('yes')) return
  if (!host.json && process.stdin.isTTY && process.stdout.isTTY) {
    const asking = createInterface({ input: process.stdin, output: process.stdout })
    const said = await asking.question('\nSign and apply it? [y/N] ')
    asking.close()
    if (/^y(?:es)?$/i.test(said.trim())) return
    throw new CliError(EXIT.no, 'not_confirmed', {
      what: 'nothing was changed',
      remedy: 'answer y, or pass --yes',
    })
  }
  throw new CliError(EXIT.usage, 'confirmation_missing', {
    what: 'nobody can be asked whether this is meant, and nothing was changed',
    remedy: 'look at what it changes, and pass --yes',
  })
}
