/** Buying from servers that are not ours, on a real chain: paid once, or not at all. */
import { PAYEES } from '@surety/local-chain'
import { formatMoney } from '../../terminal/money.ts'
import type { Stage } from '../stage.ts'
import { type Expect, factsOf, type Step, type Told } from '../step.ts'
import { fetchAs, openScene, PRICE, problemOf, walletOf } from './scene.ts'

const WAIT_MAX_MS = 15_000
const LOOK_EVERY_MS = 100

export const purchaseCaptured: Step = {
  id: 'x402_purchase_captured',
  title: 'Runner buys from x402 servers that are not ours',
  play: async (stage, expect) => {
    const scene = await openScene(stage)
    const { world } = scene
    const bought = []
    for (const seller of ['express', 'hono'] as const) {
      const earned = await world.balance(PAYEES[seller])
      const url = `${world.urls[seller] ?? ''}/weather`
      const { gate, response } = await fetchAs(stage, scene, url, { seller })
      if (gate === null) throw new Error('nothing was paid')
      const gained = (await world.balance(PAYEES[seller])) - earned
      expect(response?.status === 200, `${seller} delivers`)
      expect(gate.settlement?.status === 'captured', 'the payment is captured')
      expect(gained === BigInt(PRICE), 'the chain has the money, once')
      bought.push(gate)
    }
    const [first] = bought
    if (first === undefined) throw new Error('nothing was bought')
    return {
      outcome: 'captured',
      ...factsOf(first),
      story: [
        `Forecasts from unmodified @x402/express and @x402/hono servers, ${formatMoney(PRICE, world.asset)} each: the unpaid`,
        'request was decided, then the offer; Surety held the money, signed, presented, and saw both',
        'transfers on the chain. Runner never had a wallet key.',
      ],
    }
  },
}

export const overCapDenied: Step = {
  id: 'x402_over_cap_denied',
  title: 'A price above the policy',
  play: async (stage, expect) => {
    const scene = await openScene(stage)
    const before = await walletOf(stage, scene)
    const url = `${scene.world.urls.express ?? ''}/forecast`
    const asked = fetchAs(stage, scene, url, { seller: 'express', amount: '250000' })
    const problem = await problemOf(asked)
    const after = await walletOf(stage, scene)
    expect(problem?.code === 'payment_denied', 'it is denied')
    expect(JSON.stringify(before) === JSON.stringify(after), 'nothing moved, nothing was signed')
    return {
      outcome: 'denied',
      reasonCode: problem?.params?.reasonCode ?? 'not_refused',
      ...(problem?.params?.gateId === undefined ? {} : { gateId: problem.params.gateId }),
      amount: '250000',
      asset: scene.world.asset,
      story: [
        `The seller asks ${formatMoney('250000', scene.world.asset)} for a longer forecast; the policy says 0.05 at once. Denied,`,
        'with a receipt, before any credential was made.',
      ],
    }
  },
}

export const lostAnswerUnknown: Step = {
  id: 'x402_lost_answer_unknown',
  title: 'The answer is lost',
  play: async (stage, expect) => {
    const scene = await openScene(stage)
    const { world } = scene
    const earned = await world.balance(PAYEES.hono)
    await world.breakFacilitator({ type: 'pending', settlesAfterMs: 1_500 })
    await world.breakSeller('hono', { type: 'drop' })
    const url = `${world.urls.hono ?? ''}/weather`
    const key = 'demo-lost-answer'
    const { gate, response } = await fetchAs(stage, scene, url, { seller: 'hono', key })
    if (gate === null) throw new Error('nothing was presented')
    expect(response === null, 'nothing came back')
    expect(gate.settlement?.status === 'unknown', 'it is unknown, and says so')
    expect(gate.settlement?.held === PRICE, 'the money stays held')
    expect(gate.payment?.certainty === 'unknown', 'a signed statement says that nobody knows')
    scene.lost = { gateId: gate.gateId, key, earned }
    return {
      outcome: 'unknown',
      ...factsOf(gate),
      story: [
        'The seller takes the credential and hangs up. Paid or not? Surety does not guess: the money',
        'stays held, no second credential is ever signed, and the state has a name: unknown.',
      ],
    }
  },
}

export const unknownResolved: Step = {
  id: 'x402_unknown_resolved_paid_once',
  title: 'The chain is asked, until it has answered',
  play: playResolved,
}

async function playResolved(stage: Stage, expect: Expect): Promise<Told> {
  const scene = await openScene(stage)
  const { world, lost } = scene
  if (lost === undefined) throw new Error('no answer was lost')
  const params = { gateId: lost.gateId }
  const until = Date.now() + WAIT_MAX_MS
  let gate = await stage.operator.client.call('getGatesOne', { params })
  while (gate.state === 'executing' && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    gate = await stage.operator.client.call('getGatesOne', { params })
  }
  await world.breakSeller('hono', { type: 'none' })
  await world.breakFacilitator({ type: 'none' })
  const url = `${world.urls.hono ?? ''}/weather`
  const again = await fetchAs(stage, scene, url, { seller: 'hono', key: lost.key })
  const gained = (await world.balance(PAYEES.hono)) - lost.earned
  expect(gate.settlement?.status === 'captured', 'the chain shows the transfer')
  expect(gate.claim?.reason === 'response_missing', 'what was not delivered is a claim')
  expect(again.gate?.gateId === lost.gateId, 'the same key is the same purchase')
  expect(gained === BigInt(PRICE), 'it was paid once')
  return {
    outcome: gate.settlement?.status ?? gate.state,
    ...factsOf(gate),
    story: [
      'The settlement came late. A worker found it on the chain and captured what was held; asking again',
      `with the same key paid nothing. Paid and not served: a claim over ${formatMoney(PRICE, world.asset)} is open.`,
    ],
  }
}

const HOSTILE = [
  'look-alike-asset',
  'other-decimals',
  'main-network',
  'number-amount',
  'zero-payee',
  'endless-validity',
  'many-offers',
  'huge-terms',
  'not-base64',
  'version-one',
] as const

export const hostileOfferRefused: Step = {
  id: 'x402_hostile_offer_refused',
  title: 'A server that asks in every wrong way',
  play: async (stage, expect) => {
    const scene = await openScene(stage)
    const before = await walletOf(stage, scene)
    const codes = new Set<string>()
    for (const path of HOSTILE) {
      const url = `${scene.world.urls.hostile ?? ''}/${path}`
      const problem = await problemOf(fetchAs(stage, scene, url, { seller: 'hostile' }))
      expect(problem !== undefined, `${path} is refused`)
      codes.add(problem?.code ?? 'not_refused')
    }
    const after = await walletOf(stage, scene)
    expect(JSON.stringify(before) === JSON.stringify(after), 'it cost nothing')
    return {
      outcome: 'refused',
      reasonCode: [...codes][0] ?? 'not_refused',
      story: [
        'A look-alike token, other decimals, real money in a sandbox, a million years of validity, huge and',
        `broken terms: ${String(HOSTILE.length)} hostile offers, each refused by its own words. Nothing was signed.`,
      ],
    }
  },
}

const INSIDE = [
  'http://169.254.169.254/latest/meta-data/',
  'http://127.0.0.1:8402/v1/whoami',
  'http://[::1]/',
  'http://10.0.0.1/',
]

export const ssrfRefused: Step = {
  id: 'ssrf_refused',
  title: 'Where an agent may not go',
  play: async (stage, expect) => {
    const scene = await openScene(stage)
    let reasonCode = 'not_refused'
    for (const url of INSIDE) {
      const problem = await problemOf(fetchAs(stage, scene, url, { seller: 'hostile' }))
      expect(problem?.code === 'payment_denied', `${url} is denied`)
      reasonCode = problem?.params?.reasonCode ?? reasonCode
    }
    const elsewhere = `${scene.world.urls.hostile ?? ''}/to-metadata`
    const { response } = await fetchAs(stage, scene, elsewhere, { seller: 'hostile' })
    expect(response?.status === 302, 'a redirect is an answer, and is not followed')
    return {
      outcome: 'denied',
      reasonCode,
      story: [
        'Addresses of the machine, of its network and of the cloud it may run in: denied before anything',
        'left, each with a signed decision. A redirect there is handed back, not followed.',
      ],
    }
  },
}

export const chainEqualsBooks: Step = {
  id: 'chain_equals_books',
  title: 'The chain and the books',
  play: async (stage, expect) => {
    const scene = await openScene(stage)
    const { world, address } = scene
    const { booked, onChain, available, suspense } = await walletOf(stage, scene)
    const seen = await world.balance(address)
    expect(booked === onChain && seen === BigInt(onChain), 'the mirror is what the chain holds')
    expect(available === booked && suspense === '0', 'all of it is the payer’s, none is held')
    return {
      outcome: 'equal',
      amount: booked,
      asset: world.asset,
      story: [
        `${formatMoney(booked, world.asset)} in the books, ${formatMoney(onChain, world.asset)} on the chain, read from its own node. Nothing is open.`,
      ],
    }
  },
}
