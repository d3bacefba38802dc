/** Execution: consumes the authorization, states what was done, and proves it. */
import { formatInstant, type Id, portableCrypto, toBase64url } from '@surety/protocol'
import type { Gate } from '@surety/sdk'
import * as checks from '../checks.ts'
import type { Answer, CommandHost, CommandSpec, Given } from '../command.ts'
import { CliError, EXIT } from '../exit.ts'
import { readBytes, readText, writeNew } from '../local/files.ts'
import { ensureKey, machine, openSession } from '../session.ts'
import { styled } from '../terminal/render.ts'
import { authorizationOf, presentationOf } from './presentation.ts'
import { requestOf, requestOptions } from './request.ts'
import { shown } from './view.ts'

export const execute: CommandSpec = {
  name: 'execute <gateId>',
  summary: 'consume the authorization, once, before doing the work',
  examples: [
    'surety gate execute gat_…',
    'surety gate execute gat_… --authorization auth.jws --method POST --url https://api.example/v1/data --body received.json',
  ],
  options: [
    { flags: '--authorization <file>', about: 'as received (else read from the gate)' },
    ...requestOptions(false),
  ],
  connects: 'server as --server',
  run: executeGate,
}

async function executeGate(given: Given, host: CommandHost): Promise<Answer> {
  const params = { gateId: checks.idOf('gat')(given.arg(0)) }
  const { client } = openSession(given, host)
  const gate = await client.call('getGatesOne', { params })
  const file = given.text('authorization')
  const jws = file === undefined ? authorizationOf(gate) : readText(file).trim()
  // A provider states what it received; without that, it is what was declared.
  const isStated = given.text('method') !== undefined && given.text('url') !== undefined
  const request = isStated ? requestOf(given) : gate.intent.requestFingerprint
  const body = presentationOf(jws, request as never)
  return shown(await client.call('postGatesExecute', { params, body }))
}

export const respond: CommandSpec = {
  name: 'respond <gateId>',
  summary: 'state what you did for a gate; signed by the provider',
  examples: [
    'surety gate respond gat_… --status 200 --body answer.json --out response.jws',
    'surety gate respond gat_… --status 500 --submit',
  ],
  options: [
    {
      flags: '--status <code>',
      about: 'the HTTP status answered',
      fallback: '200',
      check: checks.httpStatus,
    },
    { flags: '--body <file>', about: 'the body answered' },
    { flags: '--out <file>', about: 'where the signed statement goes; must not exist' },
    { flags: '--submit', about: 'submit it as evidence at once' },
  ],
  connects: 'server',
  run: respondTo,
}

async function respondTo(given: Given, host: CommandHost): Promise<Answer> {
  const session = openSession(given, host)
  ensureKey(session, 'response')
  const { client, party } = session
  const params = { gateId: checks.idOf('gat')(given.arg(0)) }
  const gate = await client.call('getGatesOne', { params })
  const { authorization, execution } = executing(gate)
  const file = given.text('body')
  const now = formatInstant(machine.now())
  // The clock of the house may be a little ahead; what was done did not end before it began.
  const isBehind = now < execution.startedAt
  const response = party.response({
    gateId: params.gateId as Id<'gat'>,
    authorizationId: authorization.authorizationId as Id<'aut'>,
    requestFingerprintHash: authorization.requestFingerprintHash,
    responseHash: portableCrypto.sha256(file === undefined ? '' : readBytes(file)),
    status: Number(given.required('status')),
    amount: authorization.amountMax,
    asset: authorization.asset,
    startedAt: execution.startedAt,
    completedAt: isBehind ? execution.startedAt : now,
  })
  const out = given.text('out')
  if (out !== undefined) writeNew(out, `${response}\n`, false)
  if (given.flag('submit')) {
    return shown(await client.call('postGatesEvidence', { params, body: { response } }))
  }
  const lines = out === undefined ? [response] : [`${styled('green', '✓')} signed, in ${out}`]
  return { document: { gateId: params.gateId, response }, lines }
}

function executing(gate: Gate) {
  const { authorization, execution } = gate
  if (authorization !== null && execution !== null) return { authorization, execution }
  throw new CliError(EXIT.no, 'gate_not_executing', {
    what: `the gate is ${gate.state}; nothing was executed`,
    remedy: 'consume the authorization first: `surety gate execute`',
  })
}

export const evidence: CommandSpec = {
  name: 'evidence <gateId>',
  summary: "submit the provider's signed statement; it is judged, and the money settles",
  examples: ['surety gate evidence gat_… --response response.jws --body answer.json'],
  options: [
    { flags: '--response <file>', about: 'the signed statement', required: true },
    { flags: '--body <file>', about: 'the body answered, where a verifier must see it' },
  ],
  connects: 'server',
  run: async (given, host) => {
    const params = { gateId: checks.idOf('gat')(given.arg(0)) }
    const { client } = openSession(given, host)
    const response = readText(given.required('response')).trim()
    const file = given.text('body')
    const body = file === undefined ? {} : { body: toBase64url(readBytes(file)) }
    return shown(await client.call('postGatesEvidence', { params, body: { response, ...body } }))
  },
}
