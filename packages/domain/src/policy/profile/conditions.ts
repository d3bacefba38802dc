/**
 * Conditions on facts, in CEL: parsed, checked and bounded when a profile is compiled.
 *
 * The language is cut down to what is the same on every machine and ends soon: no regular
 * expressions, no time zones, no floating numbers, no map literals, no list built from another.
 * Rules and the names that may be used: spec/conditions.md. Why CEL: docs/adr/0015.
 *
 * @module
 */
import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js'
import { type DecisionFacts, instantOf } from '@surety/protocol'
import { type CounterIndex, periodsAt, usedOf } from '../counters.ts'

/** How large an expression may be. What it reads has no lists, so this bounds what it costs. */
export const CONDITION_LIMITS = {
  maxAstNodes: 128,
  maxDepth: 24,
  maxListElements: 32,
  maxMapEntries: 0,
  maxCallArguments: 2,
} as const

const OPERATORS: ReadonlySet<string> = new Set([
  ...['value', 'id', '.', 'list', 'in', '?:', '||', '&&', '!_', '-_'],
  ...['==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%'],
])
const FUNCTIONS: ReadonlySet<string> = new Set(['size'])
const METHODS: ReadonlySet<string> = new Set(['startsWith', 'endsWith', 'contains', 'size'])

/** The names a condition may use, with their types: documented from this table. */
export const CONDITION_NAMES = {
  at: {
    year: 'int',
    month: 'int',
    day: 'int',
    hour: 'int',
    minute: 'int',
    weekday: 'int',
  },
  intent: {
    action: 'string',
    tool: 'string',
    riskClass: 'string',
    sideEffecting: 'bool',
    amount: 'int',
    asset: 'string',
    payee: 'string',
    rail: 'string',
    network: 'string',
    method: 'string',
    url: 'string',
    server: 'string',
  },
  agent: { id: 'string', kind: 'string' },
  payer: { known: 'bool', id: 'string', kind: 'string' },
  payee: { known: 'bool', id: 'string', kind: 'string' },
  grant: { depth: 'int', autonomy: 'int' },
  spent: { day: 'int', month: 'int', total: 'int' },
  tool: { known: 'bool', version: 'string', versionKnown: 'bool', manifest: 'bool' },
  quote: { known: 'bool', scheme: 'string', payTo: 'string', validSeconds: 'int' },
  session: { known: 'bool', tainted: 'bool', promptContagion: 'bool', badActor: 'bool' },
  wallet: { known: 'bool', id: 'string' },
  rail: { known: 'bool', irrevocable: 'bool' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, 'int' | 'string' | 'bool'>>>>

type Names = typeof CONDITION_NAMES
type ValueOf<T> = T extends 'int' ? bigint : T extends 'bool' ? boolean : string
export type ConditionFacts = {
  readonly [Name in keyof Names]: {
    readonly [Member in keyof Names[Name]]: ValueOf<Names[Name][Member]>
  }
} & { readonly environment: string }

type Types = {
  readonly [Name in keyof Names]: new (
    members: ConditionFacts[Name],
  ) => ConditionFacts[Name]
}

/**
 * A class for each name. An object of its class is read where it lies; any other is wrapped by the
 * library for every expression anew, which costs more than the expression.
 */
const TYPES = Object.fromEntries(
  Object.keys(CONDITION_NAMES).map((name) => [name, classOf()]),
) as unknown as Types

function classOf() {
  return class {
    constructor(members: object) {
      Object.assign(this, members)
    }
  }
}

const ENVIRONMENT = Object.entries(CONDITION_NAMES)
  .reduce(
    (environment, [name, fields]) =>
      environment
        .registerType(`$${name}`, { ctor: TYPES[name as keyof Names], fields })
        .registerVariable(name, `$${name}`),
    new Environment({ limits: CONDITION_LIMITS }),
  )
  .registerVariable('environment', 'string')

export type Condition = (facts: ConditionFacts) => boolean

/** What is wrong with an expression, and where in it, counted from 0. */
export interface ConditionFault {
  readonly message: string
  readonly offset: number
}

/** Compiles an expression, or says what is wrong with it. */
export function compileCondition(
  expression: string,
):
  | { readonly ok: true; readonly value: Condition }
  | { readonly ok: false; readonly fault: ConditionFault } {
  let parsed: ParseResult
  try {
    parsed = ENVIRONMENT.parse(expression)
  } catch (error) {
    return { ok: false, fault: faultOf(error) }
  }
  const foreign = foreignIn(parsed.ast)
  if (foreign !== undefined) return { ok: false, fault: foreign }
  const checked = parsed.check()
  if (!checked.valid) return { ok: false, fault: faultOf(checked.error) }
  if (checked.type !== 'bool') {
    const message = `it is a ${String(checked.type)}, not true or false`
    return { ok: false, fault: { message, offset: 0 } }
  }
  return { ok: true, value: (facts) => evaluated(parsed(facts)) }
}

/** INVARIANT(default-deny): what is neither true nor false is an error, and an error denies. */
function evaluated(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Error('a condition is true or false')
  return value
}

function faultOf(error: unknown): ConditionFault {
  const said = error as
    | { summary?: string; message?: string; range?: { start: number } }
    | undefined
  const message = (said?.summary ?? said?.message ?? 'not an expression').split('\n', 1)[0] ?? ''
  return { message, offset: said?.range?.start ?? 0 }
}

/** The first thing in an expression that conditions do not have. */
function foreignIn(node: ASTNode): ConditionFault | undefined {
  const reject = (what: string): ConditionFault => ({
    message: `conditions do not have ${what}`,
    offset: node.start,
  })
  switch (node.op) {
    case 'call':
      if (!FUNCTIONS.has(node.args[0])) return reject(`\`${node.args[0]}()\``)
      return firstOf(node.args[1])
    case 'rcall':
      if (!METHODS.has(node.args[0])) return reject(`\`.${node.args[0]}()\``)
      return foreignIn(node.args[1]) ?? firstOf(node.args[2])
    case 'value': {
      const kind = typeof node.args
      const isPlain = kind === 'bigint' || kind === 'string' || kind === 'boolean'
      return isPlain ? undefined : reject('values but whole numbers, text, true and false')
    }
    case 'id':
      return undefined
    case '.':
      return foreignIn(node.args[0])
    case 'list':
      return firstOf(node.args)
    case '!_':
    case '-_':
      return foreignIn(node.args)
    default:
      if (!OPERATORS.has(node.op)) return reject(`\`${node.op}\``)
      return firstOf(node.args as ASTNode[])
  }
}

function firstOf(nodes: readonly ASTNode[]): ConditionFault | undefined {
  for (const node of nodes) {
    const found = foreignIn(node)
    if (found !== undefined) return found
  }
  return undefined
}

/** The facts as conditions name them. What is not known is empty, zero and not `known`. */
export function conditionFacts(
  facts: DecisionFacts,
  counters: CounterIndex,
  autonomy: number,
): ConditionFacts {
  const { intent, agent, payer, payee, tool, quote, session, wallet, rail } = facts
  const { requestFingerprint: request } = intent
  const isTool = 'tool' in request
  return {
    environment: facts.environment,
    at: new TYPES.at(calendarOf(facts.at)),
    intent: new TYPES.intent({
      action: intent.action,
      tool: intent.tool ?? '',
      riskClass: intent.riskClass,
      sideEffecting: intent.sideEffecting,
      amount: BigInt(intent.amount),
      asset: intent.asset,
      payee: intent.payee,
      rail: intent.rail,
      network: intent.network,
      method: isTool ? '' : request.method,
      url: isTool ? '' : request.url,
      server: isTool ? request.server : '',
    }),
    agent: new TYPES.agent({ id: agent.principalId, kind: agent.kind }),
    payer: new TYPES.payer(partyOf(payer)),
    payee: new TYPES.payee(partyOf(payee)),
    grant: new TYPES.grant({ depth: BigInt(facts.grantChain.length), autonomy: BigInt(autonomy) }),
    spent: new TYPES.spent(spentOf(facts, counters)),
    tool: new TYPES.tool({
      known: tool !== null,
      version: tool?.version ?? '',
      versionKnown: tool?.versionKnown ?? false,
      manifest: (tool?.manifestHash ?? null) !== null,
    }),
    quote: new TYPES.quote({
      known: quote !== null,
      scheme: quote?.scheme ?? '',
      payTo: quote?.payTo ?? '',
      validSeconds: BigInt(quote?.validSeconds ?? 0),
    }),
    session: new TYPES.session({
      known: session !== null,
      tainted: session?.tainted ?? false,
      promptContagion: session?.signals.includes('prompt_contagion') ?? false,
      badActor: session?.signals.includes('bad_actor') ?? false,
    }),
    wallet: new TYPES.wallet({ known: wallet !== null, id: wallet?.walletId ?? '' }),
    rail: new TYPES.rail({ known: rail !== null, irrevocable: rail?.irrevocable !== 'on_verdict' }),
  }
}

function partyOf(party: DecisionFacts['payer']): ConditionFacts['payer'] {
  return { known: party !== null, id: party?.principalId ?? '', kind: party?.kind ?? '' }
}

/** What the payer has used of the asset before this decision. */
function spentOf(facts: DecisionFacts, counters: CounterIndex): ConditionFacts['spent'] {
  const { day, month } = periodsAt(facts.at)
  const { asset } = facts.intent
  if (facts.payer === null) return { day: 0n, month: 0n, total: 0n }
  const subject = `principal:${facts.payer.principalId}`
  const used = (period: 'day' | 'month' | 'total', start: string | null): bigint => {
    const counted = usedOf(counters, { subject, asset, period, start })
    if (counted === undefined) throw new Error(`what is spent of the ${period} is not stated`)
    return counted
  }
  return { day: used('day', day), month: used('month', month), total: used('total', null) }
}

/** UTC; Monday is 1 and Sunday 7. */
function calendarOf(at: string): ConditionFacts['at'] {
  const digits = (from: number, to: number): bigint => BigInt(at.slice(from, to))
  const days = Math.floor(instantOf(at) / 86_400_000)
  return {
    year: digits(0, 4),
    month: digits(5, 7),
    day: digits(8, 10),
    hour: digits(11, 13),
    minute: digits(14, 16),
    // The first day of the epoch was a Thursday.
    weekday: BigInt(((days + 3) % 7) + 1),
  }
}
