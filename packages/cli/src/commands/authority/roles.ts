/** The roles of operators: who holds them, and the signed acts that assign and withdraw them. */
import { type Id, OPERATOR_ROLES, type OperatorRole } from '@surety/protocol'
import type { Principal } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type {
  Answer,
  CommandGroup,
  CommandHost,
  CommandSpec,
  Given,
  OptionSpec,
} from '../../command.ts'
import { ensureKey, openSession } from '../../session.ts'
import { fields, styled, table } from '../../terminal/render.ts'

const options: readonly OptionSpec[] = [
  {
    flags: '--as <role>',
    about: 'the role you act in',
    fallback: 'incident_commander',
    choices: OPERATOR_ROLES,
  },
  { flags: '--reason <code>', about: 'why', fallback: 'staffing' },
  { flags: '--justification <text>', about: 'why, in a sentence' },
]

const changing =
  (action: 'assign_role' | 'withdraw_role') =>
  async (given: Given, host: CommandHost): Promise<Answer> => {
    const principalId = checks.idOf('prn')(given.arg(0)) as Id<'prn'>
    const role = checks.oneOf(OPERATOR_ROLES)(given.arg(1)) as OperatorRole
    const session = openSession(given, host)
    ensureKey(session, 'action')
    const justification = given.text('justification')
    const act = session.party.act({
      action,
      role: given.required('as') as OperatorRole,
      justificationCode: given.required('reason'),
      ...(justification === undefined ? {} : { justification }),
      assignment: { principalId, role },
    })
    const body = { action: act }
    return shown(
      await session.client.call('postPrincipalsRoles', { params: { principalId }, body }),
    )
  }

function shown(found: Principal): Answer {
  const rows = found.roles.map(({ role, notBefore, notAfter }) => [
    role,
    notBefore,
    notAfter ?? styled('green', 'held'),
  ])
  const of = fields([
    ['principal', found.principalId],
    ['name', found.name],
  ])
  return {
    document: found,
    lines: [...of, '', ...table(['role', 'from', 'until'], rows, 'they hold no role')],
  }
}

const list: CommandSpec = {
  name: 'list [principalId]',
  summary: 'show the roles of a person, or of everybody who holds one',
  examples: ['surety principal roles list', 'surety principal roles list prn_…'],
  connects: 'server',
  run: async (given, host) => {
    const named = given.optionalArg(0)
    const { client } = openSession(given, host)
    if (named !== undefined) {
      const principalId = checks.idOf('prn')(named)
      return shown(await client.call('getPrincipalsOne', { params: { principalId } }))
    }
    const operators: Principal[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: { cursor?: string } = cursor === '' ? {} : { cursor }
      const page = await client.call('getPrincipals', { query })
      operators.push(...page.items.filter(({ roles }) => roles.some(isHeld)))
      cursor = page.next
    }
    const rows = operators.map(({ principalId, name, roles }) => [
      principalId,
      name,
      roles
        .filter(isHeld)
        .map(({ role }) => role)
        .join(', '),
    ])
    const header = ['principal', 'name', 'roles']
    return { document: { operators }, lines: table(header, rows, 'nobody holds a role') }
  },
}

function isHeld({ notAfter }: Principal['roles'][number]): boolean {
  return notAfter === null
}

export const roles: CommandGroup = {
  name: 'roles',
  summary: 'the roles of operators',
  commands: [
    {
      name: 'assign <principalId> <role>',
      summary: 'assign a role to a person',
      examples: ['surety principal roles assign prn_… oncall --as ops_admin'],
      options,
      connects: 'server',
      run: changing('assign_role'),
    },
    {
      name: 'withdraw <principalId> <role>',
      summary: 'withdraw a role from a person, at once',
      examples: ['surety principal roles withdraw prn_… oncall --as ops_admin'],
      options,
      connects: 'server',
      run: changing('withdraw_role'),
    },
    list,
  ],
}
