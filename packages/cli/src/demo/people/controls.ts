/** Stopping: a kill switch takes two people, stops the next decision, and takes two to lift. */
import { type ControlOrder, type OperatorRole, verifySigned } from '@surety/protocol'
import type { Control } from '@surety/sdk'
import { machine } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { type Actor, lookupIn, register } from '../cast.ts'
import { ASSET, balances, fetchPaid, prove } from '../moves.ts'
import { buyerAsks } from '../purchases.ts'
import { FORECAST } from '../rules.ts'
import type { Stage } from '../stage.ts'
import { decisionVerifies, type Expect, factsOf, refusalOf, type Step, type Told } from '../step.ts'

const EVERYTHING = { type: 'all', id: 'everything' } as const
const ROLE: OperatorRole = 'incident_commander'
const reasons = (role: OperatorRole) => ({ role, justificationCode: 'demo-incident' })

function sent(by: Actor, actions: readonly string[]): Promise<Control> {
  return by.client.call('postControls', { body: { actions: [...actions] } })
}

/** The second person, in the roles that a first one cannot give to themselves. */
async function deputy(stage: Stage): Promise<Actor> {
  const { operator } = stage
  const person = await register(
    operator,
    { kind: 'person', purposes: ['action'], scopes: ['controls:write', 'read:all'] },
    'Deputy',
    machine,
  )
  const { principalId } = person
  for (const role of ['ops_admin', ROLE] as const) {
    const assignment = { principalId, role }
    const act = { action: 'assign_role', ...reasons(ROLE), assignment } as const
    const body = { action: operator.party.act(act) }
    await operator.client.call('postPrincipalsRoles', { params: { principalId }, body })
  }
  return person
}

export const killSwitchDualControl: Step = {
  id: 'kill_switch_dual_control',
  title: 'One person alone pulls no kill switch',
  play: playDual,
}

async function playDual(stage: Stage, expect: Expect): Promise<Told> {
  const { operator } = stage
  const order = { command: 'kill_switch', selector: EVERYTHING } as const
  const first = operator.party.order(order, reasons(ROLE))
  const { controlId } = first.order
  const alone = await refusalOf(sent(operator, [first.jws]))
  expect(alone === 'dual_control_required', 'one person is not enough')
  const again = operator.party.order({ ...order, controlId }, reasons('ops_admin'))
  const twice = await refusalOf(sent(operator, [first.jws, again.jws]))
  expect(twice === 'dual_control_same_person', 'nor is the same person twice')
  const { gate } = await buyerAsks(stage, FORECAST)
  expect(gate.state === 'authorized', 'nothing is stopped yet')
  stage.made.deputy = await deputy(stage)
  stage.made.caught = gate
  return {
    outcome: 'refused',
    reasonCode: alone ?? '',
    story: [
      'The operator orders a kill switch alone, then signs it twice: refused, and nothing stops.',
      'A second person gets a key and a role; from now on there are two.',
    ],
  }
}

export const killSwitchStops: Step = {
  id: 'kill_switch_stops',
  title: 'Two people stop everything',
  play: playStop,
}

async function playStop(stage: Stage, expect: Expect): Promise<Told> {
  const { operator } = stage
  const { deputy: second, caught } = made(stage)
  const order = { command: 'kill_switch', selector: EVERYTHING } as const
  const first = operator.party.order(order, reasons(ROLE))
  const { controlId } = first.order
  const other = second.party.order({ ...order, controlId }, reasons('ops_admin'))
  const control = await sent(operator, [first.jws, other.jws])
  const before = await balances(stage)
  const { gate } = await buyerAsks(stage, FORECAST)
  const code = gate.decision?.reasonCode
  expect(gate.state === 'denied' && code === 'control_kill_switch', 'the next decision denies')
  expect(decisionVerifies(stage, gate), 'the denial is signed')
  const delivery = await fetchPaid(stage, caught, FORECAST)
  expect(delivery.code === 'commit_control_active', 'what was authorized before does not begin')
  const statement = control.receipts?.find(({ type }) => type === 'EmergencyControlEvent.v1')
  const types = ['EmergencyControlEvent.v1'] as const
  const verified = verifySigned(types, statement?.jws ?? '', lookupIn(stage.jwks), stage.crypto)
  expect(verified.ok && verified.value.object.signers.length === 2, 'who did it is signed')
  const params = { controlId }
  const flying = await operator.client.call('getControlsInFlight', { params, query: {} })
  expect(
    flying.items.some(({ gateId }) => gateId === caught.gateId),
    'the hold is listed',
  )
  const after = await balances(stage)
  expect(JSON.stringify(before) === JSON.stringify(after), 'no money moves')
  stage.made.control = control
  return {
    outcome: 'stopped',
    ...factsOf(gate),
    story: [
      'Both sign one order. The very next decision is a signed denial, and what was authorized before',
      `cannot begin: its ${formatMoney(caught.intent.amount, ASSET)} stay held, and are listed. Reading goes on.`,
    ],
  }
}

export const resumePays: Step = {
  id: 'resume_pays',
  title: 'Two people let it go on',
  play: playResume,
}

async function playResume(stage: Stage, expect: Expect): Promise<Told> {
  const { operator } = stage
  const { deputy: second, caught, control } = made(stage)
  if (control === undefined) throw new Error('nothing was stopped')
  const controlId = control.controlId as ControlOrder['controlId']
  const order = { command: 'resume', controlId, selector: EVERYTHING } as const
  const alone = operator.party.order(order, reasons(ROLE)).jws
  expect((await refusalOf(sent(operator, [alone]))) === 'dual_control_required', 'not alone')
  const other = second.party.order(order, reasons('ops_admin')).jws
  const lifted = await sent(operator, [alone, other])
  expect(lifted.state === 'lifted', 'two people lift it')
  const before = await balances(stage)
  const delivery = await fetchPaid(stage, caught, FORECAST)
  const settled = await prove(stage.buyer, caught, delivery.statement)
  const after = await balances(stage)
  expect(settled.settlement?.status === 'released', 'what was caught is done and paid')
  expect(BigInt(after.provider) - BigInt(before.provider) === BigInt(caught.intent.amount), 'once')
  return {
    outcome: settled.settlement?.status ?? settled.state,
    ...factsOf(settled),
    story: [
      'One alone is refused again; two lift the switch. The purchase that was caught goes on where it',
      'stood: the same authorization, the same hold, now delivered, proven and paid.',
    ],
  }
}

function made({ made: { deputy: second, caught, control } }: Stage) {
  if (second === undefined || caught === undefined) throw new Error('there is no second person')
  return { deputy: second, caught, control }
}
