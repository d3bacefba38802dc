/** Buying: proven work is paid, failed work is not, and a forged proof changes nothing. */
import { formatInstant } from '@surety/protocol'
import type { Gate } from '@surety/sdk'
import { machine } from '../session.ts'
import { formatMoney } from '../terminal/money.ts'
import { ASSET, ask, balances, fetchPaid, prove, type Wish } from './moves.ts'
import { FORECAST } from './rules.ts'
import type { Stage } from './stage.ts'
import { decisionVerifies, type Expect, factsOf, refusalOf, type Step, type Told } from './step.ts'

/** The grant that Runner got in an earlier step. */
export function buyerGrant(stage: Stage): string {
  const { buyerGrantHash } = stage.made
  if (buyerGrantHash === undefined) throw new Error('Runner was given no grant')
  return buyerGrantHash
}

/** Declares and has it decided by the policy. */
export function buyerAsks(stage: Stage, wish: Wish) {
  return ask(stage, stage.buyer, buyerGrant(stage), wish)
}

/** Whether a member of the balances went up by so much. */
function went(before: string, after: string, by: bigint): boolean {
  return BigInt(after) - BigInt(before) === by
}

export const ledgerPurchaseReleased: Step = {
  id: 'ledger_purchase_released',
  title: 'Runner buys a forecast',
  play: playReleased,
}

async function playReleased(stage: Stage, expect: Expect): Promise<Told> {
  const before = await balances(stage)
  const { gate } = await buyerAsks(stage, FORECAST)
  expect(gate.state === 'authorized' && decisionVerifies(stage, gate), 'it is allowed, signed')
  const during = await balances(stage)
  expect(went(before.held, during.held, 250n), 'the money is held')
  const delivery = await fetchPaid(stage, gate, FORECAST)
  expect(delivery.status === 200, 'the provider delivers')
  const settled = await prove(stage.buyer, gate, delivery.statement)
  const after = await balances(stage)
  expect(settled.settlement?.status === 'released', 'the money is released')
  expect(settled.settlement?.colour === 'green', 'the evidence is green')
  expect(went(before.payer, after.payer, -250n), 'the payer paid')
  expect(went(before.provider, after.provider, 250n), 'the provider was paid')
  expect(after.held === before.held, 'nothing is held any more')
  return {
    outcome: settled.settlement?.status ?? settled.state,
    ...factsOf(settled),
    story: [
      `Decided, then ${formatMoney(FORECAST.amount, ASSET)} of Acme's money held. Nimbus consumed the authorization, worked`,
      'and signed what it did; Surety judged the proof green and released the money to Nimbus.',
    ],
  }
}

const ATLANTIS: Wish = { ...FORECAST, body: '{"city":"Atlantis"}' }

export const badEvidenceRefunded: Step = {
  id: 'bad_evidence_refunded',
  title: 'The work fails',
  play: async (stage, expect) => {
    const before = await balances(stage)
    const { gate } = await buyerAsks(stage, ATLANTIS)
    const delivery = await fetchPaid(stage, gate, ATLANTIS)
    expect(delivery.status === 500, 'the provider fails')
    const settled = await prove(stage.buyer, gate, delivery.statement)
    const after = await balances(stage)
    expect(settled.settlement?.status === 'refunded', 'the money is refunded')
    expect(settled.settlement?.colour === 'red', 'the evidence is red')
    expect(JSON.stringify(before) === JSON.stringify(after), 'everybody has what they had')
    return {
      outcome: settled.settlement?.status ?? settled.state,
      ...factsOf(settled),
      story: [
        `A forecast for Atlantis: Nimbus answers 500 and signs that it did. Red: ${formatMoney(ATLANTIS.amount, ASSET)}`,
        'went back to Acme, without a ticket and without a person.',
      ],
    }
  },
}

export const unauthenticEvidenceIgnored: Step = {
  id: 'unauthentic_evidence_ignored',
  title: 'A forged proof',
  play: playForged,
}

async function playForged(stage: Stage, expect: Expect): Promise<Told> {
  const { buyer } = stage
  const { gate } = await buyerAsks(stage, FORECAST)
  const delivery = await fetchPaid(stage, gate, FORECAST)
  const before = await balances(stage)
  const forged = await forgeries(stage, gate, delivery.statement ?? '')
  const refusals = []
  for (const statement of forged) refusals.push(await refusalOf(prove(buyer, gate, statement)))
  const params = { gateId: gate.gateId }
  const still = await buyer.client.call('getGatesOne', { params })
  const during = await balances(stage)
  expect(
    refusals.every((code) => code === 'evidence_not_authentic'),
    'each forgery is refused',
  )
  expect(still.state === 'executing', 'the gate is where it was')
  expect(JSON.stringify(before) === JSON.stringify(during), 'the money is still held')
  const settled = await prove(buyer, gate, delivery.statement)
  expect(settled.settlement?.status === 'released', 'the true proof then settles')
  const [reasonCode] = refusals
  return {
    outcome: 'ignored',
    ...factsOf(settled),
    reasonCode: reasonCode ?? 'not_refused',
    story: [
      `Before the true proof Runner hands in ${String(forged.length)} false ones: signed with a key of its own making, with a`,
      "flipped signature, of another gate. All refused, nothing changed; Nimbus's own proof then paid.",
    ],
  }
}

/** Statements that are not the provider's about this gate. */
async function forgeries(stage: Stage, gate: Gate, genuine: string): Promise<readonly string[]> {
  const { Party } = await import('@surety/sdk')
  const { tenantId, environment } = stage.buyer.credentials
  const { principalId } = stage.provider
  const { authorization } = gate
  if (authorization === null) throw new Error('the gate is not authorized')
  const privateSeed = machine.random(32)
  const impostor = new Party(
    { tenantId, environment, principalId, keys: [{ purpose: 'response', privateSeed }] },
    { ...machine, crypto: stage.crypto },
  )
  const now = formatInstant(machine.now())
  const statement = {
    gateId: gate.gateId as `gat_${string}`,
    authorizationId: authorization.authorizationId as `aut_${string}`,
    requestFingerprintHash: authorization.requestFingerprintHash,
    responseHash: stage.crypto.sha256('{"sky":"clear"}'),
    status: 200,
    amount: authorization.amountMax,
    asset: authorization.asset,
    startedAt: now,
    completedAt: now,
  }
  const flipped = genuine.replace(/.{4}$/, (end) => (end === 'AAAA' ? 'AAAE' : 'AAAA'))
  const other = await buyerAsks(stage, ATLANTIS)
  const elsewhere = await fetchPaid(stage, other.gate, ATLANTIS)
  const forged = [impostor.response(statement), flipped, elsewhere.statement ?? '']
  // The other gate ends as it must: its own proof is red.
  await prove(stage.buyer, other.gate, elsewhere.statement)
  return forged
}
