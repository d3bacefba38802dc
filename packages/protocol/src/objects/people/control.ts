/**
 * Emergency controls: what they stop, the order that operators sign, and what Surety states of it.
 *
 * Rules: spec/control.md. Vectors: spec/vectors/control/.
 *
 * @module
 */
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import {
  closed,
  document,
  EnvironmentWord,
  HashText,
  InstantText,
  idOf,
  KidText,
  NameText,
  words,
} from '../../schema.ts'
import { RiskClass } from '../intent.ts'
import { OperatorRole, underRole } from './role.ts'

const selecting = <Type_ extends string, Id extends TSchema>(type: Type_, id: Id) =>
  closed({ type: Type.Literal(type), id })

/** A server as requests name it: an origin as WHATWG serialises it, or the server of a tool. */
const OriginText = Type.String({
  pattern: '^(?:https?://[a-z0-9._\\[\\]:-]{1,128}|[A-Za-z0-9][A-Za-z0-9._:/-]{0,127})$',
})

/** What a control is about: one dimension of a request, and one value of it. */
export const ControlSelector = Type.Union([
  selecting('all', Type.Literal('everything')),
  selecting('tenant', idOf('ten')),
  selecting('principal', idOf('prn')),
  selecting('grant', HashText),
  selecting('token', idOf('key')),
  selecting('origin', OriginText),
  selecting('tool', NameText),
  selecting('payee', idOf('prn')),
  selecting('rail', NameText),
  selecting('scope', Type.String({ pattern: '^[a-z-]{1,32}:[a-z-]{1,32}$' })),
  selecting('effect', words([...RiskClass.enum, 'side_effecting'])),
  selecting('webhook', NameText),
  selecting('policy', HashText),
])
export type ControlSelector = Static<typeof ControlSelector>
export type SelectorType = ControlSelector['type']

export const ControlKind = words(['pause', 'quarantine', 'revoke', 'kill_switch'])
export type ControlKind = Static<typeof ControlKind>

/** What an operator orders. `resume` names the control that it lifts, and says what that stops. */
export const ControlOrder = closed({
  controlId: idOf('ctl', 'minted by whoever orders first; two people order the same one'),
  command: words(['pause', 'quarantine', 'revoke', 'kill_switch', 'resume', 'drain']),
  selector: ControlSelector,
  until: Type.Union([InstantText, Type.Null()], {
    description: 'when it lifts itself; null: never',
  }),
})
export type ControlOrder = Static<typeof ControlOrder>

export const ControlAct = closed({
  ...underRole,
  action: words(['control']),
  control: ControlOrder,
})

/** Who ordered it, in which role, under which key, and by which signed act. */
export const ControlSigner = closed({
  operatorId: idOf('prn'),
  role: OperatorRole,
  kid: KidText,
  actionHash: HashText,
})
export type ControlSigner = Static<typeof ControlSigner>

export const EmergencyControlEvent = document(
  'EmergencyControlEvent.v1',
  {
    controlId: idOf('ctl'),
    tenantId: idOf('ten'),
    environment: EnvironmentWord,
    act: words(['imposed', 'lifted']),
    kind: ControlKind,
    selector: ControlSelector,
    epoch: Type.Integer({ minimum: 1, maximum: 9_007_199_254_740_991 }),
    until: Type.Union([InstantText, Type.Null()]),
    cause: words(
      ['operators', 'adapter', 'clock'],
      'operators ordered it; a rail became unstable; its time was over',
    ),
    signers: Type.Array(ControlSigner, { maxItems: 2 }),
    justificationCode: NameText,
    at: InstantText,
  },
  'A control that was imposed or lifted, and at whose order. `epoch` counts such acts.',
)
export type EmergencyControlEvent = Static<typeof EmergencyControlEvent>

/** A control that stops a request, as the facts of its decision state it. */
export const ControlFacts = closed({
  controlId: idOf('ctl'),
  kind: words(['pause', 'quarantine', 'kill_switch']),
  selector: ControlSelector,
  imposedAt: InstantText,
})
export type ControlFacts = Static<typeof ControlFacts>
