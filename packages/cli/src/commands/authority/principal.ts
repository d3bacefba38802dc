/** Principals: who acts, with which keys, and whether it may act at all. */
import {
  type Lifecycle,
  type PartyPurpose,
  type PrincipalKind,
  toBase64url,
} from '@surety/protocol'
import { newKeyPair, type Principal, type Reasons } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandGroup, CommandHost, CommandSpec, Given } from '../../command.ts'
import { type Credentials, credentialsText } from '../../local/credentials.ts'
import { reserve, writeNew } from '../../local/files.ts'
import { ensureKey, machine, openSession, type Session } from '../../session.ts'
import { fields, styled, table } from '../../terminal/render.ts'
import { roles } from './roles.ts'

const KINDS = ['person', 'organisation', 'agent', 'service', 'app'] as const
const PURPOSES = ['intent', 'grant', 'response', 'action'] as const
const LIFECYCLES = [
  'provisioned',
  'active',
  'throttled',
  'suspended',
  'quarantined',
  'frozen',
  'decommissioned',
  'archived',
]

/** What each kind signs and asks for, where nothing else is said. */
const USUAL = {
  person: { purposes: ['grant'], scopes: ['grants:write', 'gates:write', 'read'] },
  organisation: { purposes: ['grant'], scopes: ['grants:write', 'gates:write', 'read'] },
  agent: {
    purposes: ['intent', 'grant'],
    scopes: ['grants:write', 'gates:write', 'gates:execute', 'evidence:write', 'read'],
  },
  service: { purposes: ['response'], scopes: ['gates:execute', 'evidence:write', 'read'] },
  app: { purposes: ['intent'], scopes: ['gates:write', 'gates:execute', 'evidence:write', 'read'] },
} as const satisfies Readonly<
  Record<
    PrincipalKind,
    { readonly purposes: readonly PartyPurpose[]; readonly scopes: readonly string[] }
  >
>

const register: CommandSpec = {
  name: 'register',
  summary: 'make keys here, register their public halves, and write credentials',
  examples: [
    'surety principal register --kind agent --name "Ada\'s buyer" --out buyer.json',
    'surety principal register --kind organisation --name "Acme" --out acme.json',
    'surety principal register --kind service --name "Weather API" --out weather.json',
  ],
  options: [
    { flags: '--kind <kind>', about: 'what it is', required: true, choices: KINDS },
    { flags: '--name <name>', about: 'what people call it', required: true, check: checks.name },
    { flags: '--out <file>', about: 'where its credentials go; must not exist', required: true },
    { flags: '--purpose <purpose>', about: 'a key it gets', many: true, choices: PURPOSES },
    { flags: '--scope <scope>', about: 'what its API key may do', many: true },
  ],
  connects: 'server',
  run: registerPrincipal,
}

async function registerPrincipal(given: Given, host: CommandHost): Promise<Answer> {
  const session = openSession(given, host)
  const kind = given.required('kind') as PrincipalKind
  const name = given.required('name')
  const out = given.required('out')
  const purposes = (given.listIfGiven('purpose') ?? USUAL[kind].purposes) as PartyPurpose[]
  const scopes = given.listIfGiven('scope') ?? USUAL[kind].scopes
  const pairs = purposes.map((purpose) => newKeyPair(purpose, machine))
  const keys = pairs.map(({ publicKey, purpose }) => ({ publicKey, purpose }))
  const place = reserve(out)
  let made: Principal | undefined
  try {
    const { client } = session
    made = await client.call('postPrincipals', { body: { kind, name, keys } })
    const { principalId } = made
    const body = { principalId, name: 'first key', scopes: scopes as never }
    const { secret = '', keyId } = await client.call('postApiKeys', { body })
    const { tenantId, environment } = session.credentials
    const credentials: Credentials = {
      schemaVersion: 'Credentials.v1',
      url: session.url,
      tenantId,
      environment,
      principalId: principalId as Credentials['principalId'],
      kind,
      name,
      apiKey: secret,
      keys: pairs.map(({ purpose, kid, privateSeed }) => ({
        purpose,
        kid,
        privateSeed: toBase64url(privateSeed),
      })),
    }
    place.fill(credentialsText(credentials))
    return {
      document: { ...made, keyId, scopes, credentials: out },
      lines: [
        `${styled('green', '✓')} ${kind} ${name} is registered`,
        ...fields([
          ['  principal', principalId],
          ['  keys', purposes.join(', ')],
          ['  scopes', scopes.join(', ')],
          ['  credentials', `${out} (its private keys and API key; nowhere else)`],
        ]),
      ],
    }
  } catch (fault) {
    place.giveUp()
    if (made !== undefined && host.json === false) {
      host.say(`${made.principalId} was registered, but has no credentials`)
    }
    throw fault
  }
}

const list: CommandSpec = {
  name: 'list',
  summary: 'list principals, newest first',
  examples: ['surety principal list'],
  options: [{ flags: '--cursor <cursor>', about: 'where the page before ended' }],
  connects: 'server',
  run: async (given, host) => {
    const { client } = openSession(given, host)
    const cursor = given.text('cursor')
    const page = await client.call('getPrincipals', {
      query: cursor === undefined ? {} : { cursor },
    })
    const rows = page.items.map((each) => [
      each.principalId,
      each.kind,
      each.name,
      each.lifecycle,
      String(each.keys.filter(({ notAfter }) => notAfter === null).length),
    ])
    const header = ['principal', 'kind', 'name', 'lifecycle', 'keys']
    return {
      document: page,
      lines: [...table(header, rows, 'nobody is registered'), ...more(page)],
    }
  },
}

/** The line that says how to go on. */
export function more(page: { readonly next: string | null }): readonly string[] {
  return page.next === null ? [] : ['', `more: --cursor ${page.next}`]
}

const show: CommandSpec = {
  name: 'show <principalId>',
  summary: 'show a principal and its public keys',
  examples: ['surety principal show prn_…'],
  connects: 'server',
  run: async (given, host) => {
    const principalId = checks.idOf('prn')(given.arg(0))
    const { client } = openSession(given, host)
    return shown(await client.call('getPrincipalsOne', { params: { principalId } }))
  },
}

function shown(found: Principal): Answer {
  const rows = found.keys.map((key) => [
    key.kid,
    key.purpose,
    key.notBefore,
    key.notAfter ?? 'in use',
  ])
  return {
    document: found,
    lines: [
      ...fields([
        ['principal', found.principalId],
        ['kind', found.kind],
        ['name', found.name],
        ['lifecycle', found.lifecycle],
      ]),
      '',
      ...table(['key', 'purpose', 'from', 'until'], rows, 'it has no keys'),
    ],
  }
}

const lifecycle: CommandSpec = {
  name: 'lifecycle <principalId> <state>',
  summary: 'move a principal along its lifecycle; only an active one may act',
  examples: ['surety principal lifecycle prn_… suspended --reason "lost laptop"'],
  options: [{ flags: '--reason <text>', about: 'why', required: true }],
  connects: 'server',
  run: async (given, host) => {
    const principalId = checks.idOf('prn')(given.arg(0))
    const to = checks.oneOf(LIFECYCLES)(given.arg(1))
    const { client } = openSession(given, host)
    const body = { to: to as Lifecycle, reason: given.required('reason') }
    return shown(await client.call('postPrincipalsLifecycle', { params: { principalId }, body }))
  },
}

const addKey: CommandSpec = {
  name: 'add-key <principalId>',
  summary: 'make a key here and register its public half',
  examples: ['surety principal add-key prn_… --purpose intent --out new-key.json'],
  options: [
    { flags: '--purpose <purpose>', about: 'what it signs', required: true, choices: PURPOSES },
    { flags: '--out <file>', about: 'where the private key goes; must not exist', required: true },
  ],
  connects: 'server',
  run: async (given, host) => {
    const principalId = checks.idOf('prn')(given.arg(0))
    const session = openSession(given, host)
    const { client } = session
    const pair = newKeyPair(given.required('purpose') as PartyPurpose, machine)
    const { purpose, kid, publicKey } = pair
    const out = given.required('out')
    const key = { purpose, kid, privateSeed: toBase64url(pair.privateSeed) }
    writeNew(out, `${JSON.stringify(key, null, 2)}\n`, true)
    const params = { principalId }
    const why = await ownReasons(session, principalId)
    const signed = why === undefined ? {} : { action: session.party.addKey({ kid, purpose }, why) }
    const body = { publicKey, purpose, ...signed }
    const found = await client.call('postPrincipalsKeys', { params, body })
    const { document, lines } = shown(found)
    return {
      document: { ...(document as object), kid, privateKey: out },
      lines: [`key ${kid} in ${out}: add it to \`keys\` of the credentials`, '', ...lines],
    }
  },
}

const retireKey: CommandSpec = {
  name: 'retire-key <principalId> <kid>',
  summary: 'end a public key; what it signed before stays valid',
  examples: ['surety principal retire-key prn_… nV2Z…'],
  connects: 'server',
  run: async (given, host) => {
    const params = { principalId: checks.idOf('prn')(given.arg(0)), kid: given.arg(1) }
    const session = openSession(given, host)
    const { client, party } = session
    const why = await ownReasons(session, params.principalId)
    const body = why === undefined ? {} : { action: party.retireKey(params.kid, why) }
    return shown(await client.call('postPrincipalsKeysRetire', { params, body }))
  },
}

/** In which role somebody asks for a change of their own keys; nothing if they hold none. */
async function ownReasons(session: Session, principalId: string): Promise<Reasons | undefined> {
  if (principalId !== session.party.principalId) return undefined
  const params = { principalId }
  const { roles: held } = await session.client.call('getPrincipalsOne', { params })
  const role = held.find(({ notAfter }) => notAfter === null)?.role
  if (role === undefined) return undefined
  ensureKey(session, 'action')
  return { role, justificationCode: 'own-keys' }
}

export const principal: CommandGroup = {
  name: 'principal',
  summary: 'who acts, and with which keys',
  commands: [register, list, show, lifecycle, addKey, retireKey],
  groups: [roles],
}
