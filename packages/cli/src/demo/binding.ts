/** Binding: an authorization fits one request, once. Every way around it is tried. */
import type { Gate, Input } from '@surety/sdk'
import { authorizationOf, presentationOf } from '../gate/presentation.ts'
import { type Delivery, fetchPaid, prove, requestFor, send } from './moves.ts'
import { buyerAsks, buyerGrant } from './purchases.ts'
import { FORECAST } from './rules.ts'
import type { Stage } from './stage.ts'
import { type Expect, factsOf, refusalOf, type Step, type Told } from './step.ts'

type Presentation = Input<'postGatesExecute'>['body']

export const mutationRefused: Step = {
  id: 'mutation_refused',
  title: 'Something else with the same authorization',
  play: playMutations,
}

interface Tried {
  readonly member: string
  readonly expected: string
  readonly got: string | undefined
}

async function playMutations(stage: Stage, expect: Expect): Promise<Told> {
  const { gate, intentJws } = await buyerAsks(stage, FORECAST)
  const tried = [...(await throughProvider(stage, gate)), ...(await directly(stage, gate))]
  for (const { member, expected, got } of tried) {
    expect(got === expected, `another ${member} is refused with ${expected}, not ${String(got)}`)
  }
  const codes = new Set(tried.map(({ got }) => got))
  expect(codes.size === tried.length, 'each with a code of its own')
  const params = { gateId: gate.gateId }
  const still = await stage.buyer.client.call('getGatesOne', { params })
  expect(still.state === 'authorized', 'the authorization is untouched')
  const delivery = await fetchPaid(stage, gate, FORECAST)
  const settled = await prove(stage.buyer, gate, delivery.statement)
  expect(settled.settlement?.status === 'released', 'the honest request then passes')
  const jws = authorizationOf(gate)
  stage.made.mutated = { gate, jws, intentJws, statement: delivery.statement ?? '' }
  return {
    outcome: 'refused',
    ...factsOf(settled),
    reasonCode: tried[0]?.got ?? 'not_refused',
    story: [
      'With a genuine authorization Runner asks for another method, URL, body, amount, asset, payee,',
      `rail, grant, policy, nonce, expiry. ${String(tried.length)} changes, ${String(codes.size)} refusals, each with its own code. The honest`,
      'request then went through.',
    ],
  }
}

/** Other requests really sent: the provider states what it received, and Surety refuses. */
async function throughProvider(stage: Stage, gate: Gate): Promise<readonly Tried[]> {
  const request = requestFor(stage, FORECAST)
  const jws = authorizationOf(gate)
  const code = async (sent: Promise<Delivery>) => (await sent).code
  return [
    {
      member: 'method',
      expected: 'binding_method_mismatch',
      got: await code(send({ ...request, method: 'PUT' }, jws)),
    },
    {
      member: 'URL',
      expected: 'binding_url_mismatch',
      got: await code(send({ ...request, url: `${request.url}?days=30` }, jws)),
    },
    {
      member: 'body',
      expected: 'binding_body_mismatch',
      got: await code(send({ ...request, body: '{"city":"Porto"}' }, jws)),
    },
  ]
}

/** Other terms, presented to Surety itself: each true but for one member. */
async function directly(stage: Stage, gate: Gate): Promise<readonly Tried[]> {
  const truth = presentationOf(authorizationOf(gate), gate.intent.requestFingerprint as never)
  const header = { name: 'x-more', value: '1' }
  const later = new Date(Date.parse(truth.notAfter ?? '') + 60_000).toISOString()
  const changes: readonly (readonly [string, string, Partial<Presentation>])[] = [
    ['header', 'headers', { request: { ...truth.request, headers: [header] } as never }],
    ['amount', 'amount', { amount: '1' }],
    ['asset', 'asset', { asset: 'EUR/2' }],
    ['payee', 'payee', { payee: stage.buyer.principalId }],
    ['rail', 'rail', { rail: 'card' }],
    ['grant', 'grant', { grantHash: otherThan(buyerGrant(stage)) }],
    ['policy', 'policy', { policyHash: otherThan(truth.policyHash ?? '') }],
    ['nonce', 'nonce', { nonce: `${truth.nonce?.slice(1) ?? ''}A` }],
    ['expiry', 'expiry', { notAfter: later }],
  ]
  const { client } = stage.buyer
  const params = { gateId: gate.gateId }
  const tried: Tried[] = []
  for (const [member, name, change] of changes) {
    const body = { ...truth, ...change }
    const got = await refusalOf(client.call('postGatesExecute', { params, body }))
    tried.push({ member, expected: `binding_${name}_mismatch`, got })
  }
  return tried
}

function otherThan(hash: string): string {
  return `${hash.startsWith('0') ? '1' : '0'}${hash.slice(1)}`
}

export const replayRefused: Step = {
  id: 'replay_refused',
  title: 'The same again',
  play: async (stage, expect) => {
    const { mutated } = stage.made
    if (mutated === undefined) throw new Error('there is nothing to replay')
    const { gate, jws, intentJws, statement } = mutated
    const { client } = stage.buyer
    const again = await send(requestFor(stage, FORECAST), jws)
    const body = { intent: intentJws }
    const declared = await refusalOf(client.call('postGates', { body }))
    const proven = await refusalOf(prove(stage.buyer, gate, statement))
    expect(again.code === 'authorization_consumed', 'an authorization is consumed once')
    expect(again.statement === undefined, 'the provider does not work twice')
    expect(declared === 'intent_already_declared', 'an intent is declared once')
    expect(proven === 'gate_settled', 'a gate settles once')
    return {
      outcome: 'refused',
      ...factsOf(gate),
      reasonCode: again.code ?? 'not_refused',
      story: [
        'The authorization sent to Nimbus again, the intent declared again, the proof handed in again:',
        'all three refused. Nimbus did not work twice, and Acme did not pay twice.',
      ],
    }
  },
}
