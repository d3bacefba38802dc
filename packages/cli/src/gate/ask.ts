/** The agent's side: declares what it wants to pay for, and has it decided. */
import type { ExecutionIntent, Id } from '@surety/protocol'
import type { Client } from '@surety/sdk'
import * as checks from '../checks.ts'
import type { CommandSpec } from '../command.ts'
import { ensureKey, openSession } from '../session.ts'
import { requestOf, requestOptions } from './request.ts'
import { decided, shown } from './view.ts'

const RISK_CLASSES = ['read', 'compute', 'action', 'financial'] as const

export const declare: CommandSpec = {
  name: 'declare',
  summary: 'declare a paid action; signed by the agent',
  examples: [
    'surety gate declare --payee prn_… --amount 250 --grant 3f9a… --method POST --url https://api.example/v1/data --body ask.json --authorize',
  ],
  options: [
    { flags: '--payee <prn>', about: 'whom it pays', required: true, check: checks.idOf('prn') },
    { flags: '--amount <n>', about: 'in minor units', required: true, check: checks.amount },
    { flags: '--asset <asset>', about: 'with its scale', fallback: 'USD/2' },
    { flags: '--grant <hash>', about: 'on what authority', required: true, check: checks.hash },
    ...requestOptions(true),
    { flags: '--action <name>', about: 'what is done', fallback: 'purchase' },
    { flags: '--tool <name>', about: 'with which tool' },
    {
      flags: '--risk-class <class>',
      about: 'of what kind it is',
      choices: RISK_CLASSES,
      fallback: 'financial',
    },
    { flags: '--no-side-effects', about: 'it changes nothing there' },
    { flags: '--rail <name>', about: 'how it is paid', fallback: 'ledger' },
    { flags: '--network <name>', about: 'where it is paid', fallback: 'internal' },
    { flags: '--expires-in <duration>', about: 's, m, h', check: checks.duration, fallback: '10m' },
    { flags: '--authorize', about: 'have it decided at once' },
  ],
  connects: 'server as --server',
  run: async (given, host) => {
    const session = openSession(given, host)
    ensureKey(session, 'intent')
    const tool = given.text('tool')
    const { jws } = session.party.intent({
      requestFingerprint: requestOf(given),
      action: given.required('action'),
      ...(tool === undefined ? {} : { tool }),
      riskClass: given.required('riskClass') as ExecutionIntent['riskClass'],
      sideEffecting: given.flag('sideEffects'),
      amount: given.required('amount'),
      asset: given.required('asset'),
      payee: given.required('payee') as Id<'prn'>,
      rail: given.required('rail'),
      network: given.required('network'),
      grantHash: given.required('grant'),
      expiresInMs: checks.durationMs(given.required('expiresIn')),
    })
    const { client } = session
    const declared = await client.call('postGates', { body: { intent: jws } })
    return given.flag('authorize') ? decide(client, declared.gateId) : shown(declared)
  },
}

async function decide(client: Client, gateId: string) {
  return decided(await client.call('postGatesAuthorize', { params: { gateId } }))
}

export const authorize: CommandSpec = {
  name: 'authorize <gateId>',
  summary: 'have a declared gate decided; exit 0 only if it is allowed',
  examples: ['surety gate authorize gat_…'],
  connects: 'server',
  run: async (given, host) => {
    const gateId = checks.idOf('gat')(given.arg(0))
    return decide(openSession(given, host).client, gateId)
  },
}

export const voidGate: CommandSpec = {
  name: 'void <gateId>',
  summary: 'give an authorization back unused; the money is free again',
  examples: ['surety gate void gat_…'],
  connects: 'server',
  run: async (given, host) => {
    const gateId = checks.idOf('gat')(given.arg(0))
    const { client } = openSession(given, host)
    return shown(await client.call('postGatesVoid', { params: { gateId } }))
  },
}

export const contest: CommandSpec = {
  name: 'contest <gateId>',
  summary: 'say that what is held back of a settled gate should not go on; people are asked',
  examples: ['surety gate contest gat_… --note "the answer is of last year"'],
  options: [{ flags: '--note <text>', about: 'why', required: true, check: checks.name }],
  connects: 'server',
  run: async (given, host) => {
    const params = { gateId: checks.idOf('gat')(given.arg(0)) }
    const { client } = openSession(given, host)
    const body = { text: given.required('note') }
    return shown(await client.call('postGatesContest', { params, body }))
  },
}
