/**
 * The gates whose bundles the tests verify: one for each end a gate may have.
 *
 * @module
 */
import { evidence, gate, grant, ledger, policy, receipt } from '@surety/domain'
import {
  type AgentPassport,
  type ApprovalRecord,
  type AuthorityGrant,
  type Authorization,
  addMs,
  canonicalize,
  type DecisionFacts,
  type DelegationGrant,
  type ExecutionIntent,
  formatInstant,
  type GrantFacts,
  hashOf,
  type Instant,
  instantOf,
  type PolicyDecision,
  type Profile,
  type ProviderResponse,
  type SettlementDecisionRecord,
  type SettlementReceipt,
} from '@surety/protocol'
import {
  type Answered,
  type AnswerLies,
  answered,
  passport,
  REVIEWER_PASSPORT,
} from './bundle-approvals.ts'
import { ENVIRONMENT, idNumber, keyNamed, nodeCrypto, partyKey, TENANT } from './bundle-keys.ts'
import { HOUSE, hashOfText, type Step, type Story, signedBy } from './bundle-story.ts'
import * as heldBack from './trips/held-back.ts'

export const PERSON = idNumber('prn', 11)
const BROKER = idNumber('prn', 12)
const AGENT = idNumber('prn', 13)
export const PROVIDER = idNumber('prn', 14)

export const PARTY_KEYS = {
  person: keyNamed('person'),
  broker: keyNamed('broker'),
  agent: keyNamed('agent'),
  provider: keyNamed('provider'),
}

const BEGIN = instantOf('2026-11-20T09:30:00.000Z')
const at = (ms: number): Instant => addMs(BEGIN, ms)
const atText = (ms: number): string => formatInstant(at(ms))

export const PROFILE: Profile = {
  schemaVersion: 'Profile.v1',
  profileId: 'research',
  version: 3,
  name: 'paid research tools',
  mode: 'enforce',
  allowlists: { assets: ['USD/2'], rails: ['ledger'], networks: ['sandbox'] },
  limits: {
    perRequest: [{ asset: 'USD/2', max: '500' }],
    perDay: [{ asset: 'USD/2', max: '1000' }],
    tenantPerMonth: [{ asset: 'USD/2', max: '90000' }],
  },
  approvalTiers: [
    { asset: 'USD/2', above: '400', approvers: 1, role: 'reviewer', raise: 'challenge' },
  ],
  risk: [{ riskClass: 'financial', outcome: 'allow' }],
  strictBinding: true,
  authorizationWithinMs: 60_000,
  approvalWithinMs: 600_000,
  settlement: {
    mode: 'automatic',
    verifiers: [
      { verifier: 'status' },
      { verifier: 'hash' },
      { verifier: 'latency', greenMs: 1_000, amberMs: 5_000 },
    ],
    onSilence: 'refund',
    evidenceWithinMs: 30_000,
  },
}

export interface Plot {
  readonly name: string
  readonly number: number
  readonly amount?: string
  readonly end: 'open' | 'voided' | 'expired' | 'executing' | 'silent' | 'answered'
  readonly status?: number
  readonly body?: evidence.BodyFacts | null
  readonly profile?: Profile
  readonly hasGrant?: boolean
  readonly child?: DelegationGrant
  /** What a person answers where the gate asks. */
  readonly person?: 'approve' | 'deny' | 'split'
  /** What becomes of what was held back, if anything was. */
  readonly after?: 'passed on' | 'contested'
  readonly answerLies?: AnswerLies
  readonly reviewer?: AgentPassport
  /** What is told otherwise than the domain gives it; all that follows is consistent with it. */
  readonly lies?: Lies
}

type Lie<Told> = (told: Told) => Told
export interface Lies {
  readonly facts?: Lie<DecisionFacts>
  readonly decision?: Lie<PolicyDecision>
  readonly authorization?: Lie<Authorization>
  readonly record?: Lie<SettlementDecisionRecord>
  readonly receipt?: Lie<SettlementReceipt>
}

const truth = <Told>(told: Told): Told => told

const SEEN: evidence.BodyFacts = { schemaHolds: null }

/** One gate for each way to end. */
const PLOTS: readonly Plot[] = [
  { name: 'released', number: 100, end: 'answered', body: SEEN },
  { name: 'refunded', number: 200, end: 'answered', status: 500, body: SEEN },
  { name: 'review', number: 300, end: 'answered', body: null },
  { name: 'silent', number: 400, end: 'silent' },
  { name: 'executing', number: 500, end: 'executing' },
  { name: 'authorized', number: 600, end: 'open' },
  { name: 'voided', number: 700, end: 'voided' },
  { name: 'expired', number: 800, end: 'expired' },
  { name: 'denied', number: 900, end: 'open', amount: '501' },
  { name: 'denied-without-grant', number: 1000, end: 'open', hasGrant: false },
  { name: 'denied-by-default', number: 1100, end: 'open', profile: policy.DENY_ALL },
  { name: 'waiting', number: 1200, end: 'open', amount: '450' },
  { name: 'expired-waiting', number: 1300, end: 'expired', amount: '450' },
  {
    name: 'approved-by-person',
    number: 1400,
    end: 'answered',
    amount: '450',
    body: SEEN,
    person: 'approve',
  },
  { name: 'denied-by-person', number: 1500, end: 'open', amount: '450', person: 'deny' },
  { name: 'split-by-person', number: 1600, end: 'answered', body: null, person: 'split' },
  ...heldBack.HELD_BACK.map((plot) => ({ ...plot, profile: heldBack.holdingBack(PROFILE) })),
]

const shared = {
  tenantId: TENANT,
  environment: ENVIRONMENT,
  payerId: PERSON,
  notBefore: '2026-11-01T00:00:00.000Z',
  expiresAt: '2026-12-01T00:00:00.000Z',
} as const

export const ROOT: AuthorityGrant = {
  ...shared,
  schemaVersion: 'AuthorityGrant.v1',
  grantId: idNumber('grt', 21),
  grantorId: PERSON,
  granteeId: BROKER,
  depth: 0,
  nonce: 'root-grant-nonce-01',
  bounds: {
    actions: ['research.search', 'research.buy'],
    payees: [PROVIDER],
    perCall: [{ asset: 'USD/2', max: '600' }],
    perDay: [{ asset: 'USD/2', max: '2000' }],
    total: [{ asset: 'USD/2', max: '5000' }],
    maxDepth: 2,
  },
}

export const CHILD: DelegationGrant = {
  ...shared,
  schemaVersion: 'DelegationGrant.v1',
  grantId: idNumber('grt', 22),
  grantorId: BROKER,
  granteeId: AGENT,
  depth: 1,
  nonce: 'child-grant-nonce-1',
  rootGrantHash: hashOf(ROOT, nodeCrypto),
  parentGrantHash: hashOf(ROOT, nodeCrypto),
  bounds: {
    actions: ['research.buy'],
    payees: [PROVIDER],
    perCall: [{ asset: 'USD/2', max: '550' }],
    perDay: [{ asset: 'USD/2', max: '1500' }],
    total: [{ asset: 'USD/2', max: '4000' }],
    count: 50,
    maxDepth: 1,
  },
}

const PASSPORTS: readonly AgentPassport[] = [
  passport(PERSON, 'person', [partyKey(PARTY_KEYS.person, 'grant')]),
  passport(BROKER, 'agent', [partyKey(PARTY_KEYS.broker, 'grant')]),
  passport(AGENT, 'agent', [partyKey(PARTY_KEYS.agent, 'intent')]),
  passport(PROVIDER, 'organisation', [partyKey(PARTY_KEYS.provider, 'response')]),
]

function intentOf({ number, amount = '300', child = CHILD }: Plot): ExecutionIntent {
  return {
    schemaVersion: 'ExecutionIntent.v1',
    intentId: idNumber('int', number),
    tenantId: TENANT,
    environment: ENVIRONMENT,
    agentId: AGENT,
    requestFingerprint: {
      schemaVersion: 'RequestFingerprint.v1',
      method: 'POST',
      url: 'https://tools.example/search',
      headers: [],
      bodyHash: hashOfText(`question ${number}`),
    },
    action: 'research.buy',
    riskClass: 'financial',
    sideEffecting: true,
    amount,
    asset: 'USD/2',
    payee: PROVIDER,
    rail: 'ledger',
    network: 'sandbox',
    grantHash: hashOf(child, nodeCrypto),
    traceId: '0af7651916cd43dd8448eb211c80319c',
    nonce: `intent-nonce-${String(number).padStart(6, '0')}`,
    issuedAt: atText(-1_000),
    expiresAt: atText(3_600_000),
  }
}

function grantFacts(document: AuthorityGrant | DelegationGrant): GrantFacts {
  const { grantId, grantorId, granteeId, payerId, environment, depth } = document
  const { bounds, notBefore, expiresAt } = document
  return {
    grantHash: hashOf(document, nodeCrypto),
    grantId,
    parentGrantHash: 'parentGrantHash' in document ? document.parentGrantHash : null,
    grantorId,
    granteeId,
    payerId,
    environment,
    depth,
    bounds,
    notBefore,
    expiresAt,
    revoked: false,
    grantorLifecycle: 'active',
  }
}

function factsOf(plot: Plot): DecisionFacts {
  const chain = plot.hasGrant === false ? [] : [ROOT, plot.child ?? CHILD]
  const grantChain = chain.map(grantFacts)
  const payerId = plot.hasGrant === false ? undefined : PERSON
  const intent = intentOf(plot)
  const lifecycle = 'active'
  return {
    schemaVersion: 'DecisionFacts.v1',
    at: atText(10),
    tenantId: TENANT,
    environment: ENVIRONMENT,
    gateId: idNumber('gat', plot.number),
    intent,
    intentKid: PARTY_KEYS.agent.kid,
    grantChain,
    grantMeet: grant.meet(chain.map(({ bounds }) => bounds)),
    agent: { principalId: AGENT, kind: 'agent', lifecycle },
    payer: payerId === undefined ? null : { principalId: PERSON, kind: 'person', lifecycle },
    payee: { principalId: PROVIDER, kind: 'organisation', lifecycle },
    counters: policy
      .countersOf(grantChain, payerId, intent.asset, at(10))
      .map((key) => ({ ...key, reserved: '0', spent: key.period === 'count' ? '1' : '200' })),
    funds: { available: payerId === undefined ? '0' : '10000' },
    rail: { rail: 'ledger', irrevocable: 'on_verdict' },
    tool: null,
    wallet: null,
    quote: null,
    controls: [],
    controlEpoch: 0,
    approvals: [],
    session: null,
    rates: [],
  }
}

/** Appends what the machine answers to a command; throws where it refuses. */
class Teller {
  readonly steps: Step[] = []
  state: gate.Gate = gate.initial

  tell(command: gate.GateCommand, ms: number): void {
    const decided = gate.decide(this.state, command)
    if (!decided.ok) throw new Error(`${decided.refusal} ${decided.detail ?? ''}`)
    for (const fact of decided.value) {
      this.steps.push({ fact, at: atText(ms) })
      this.state = gate.evolve(this.state, fact, at(ms))
    }
  }
}

/** Tells one gate from its declaration to its end. */
export function tell(plot: Plot): Story {
  const facts = (plot.lies?.facts ?? truth)(factsOf(plot))
  const profile = plot.profile ?? PROFILE
  const { intent, gateId } = factsOf(plot)
  const teller = new Teller()
  const intentHash = hashOf(intent, nodeCrypto)
  const kid = PARTY_KEYS.agent.kid
  teller.tell({ type: 'declare', gateId, intent, intentHash, kid, at: at(0) }, 0)
  decide(teller, plot, facts, profile)
  const answers: Answered[] = []
  if (plot.person === 'approve' || plot.person === 'deny') {
    answers.push(decideAgain(teller, plot, facts, profile))
  }
  const response = conclude(teller, plot, profile)
  if (plot.after === 'passed on') teller.tell(...heldBack.passOn(teller.state, plot))
  if (plot.after === 'contested') teller.tell(heldBack.contested(at(80)), 80)
  if (plot.person === 'split') answers.push(divide(teller, plot))
  const grants =
    plot.hasGrant === false
      ? []
      : [signedBy(PARTY_KEYS.person, ROOT), signedBy(PARTY_KEYS.broker, plot.child ?? CHILD)]
  return {
    gateId,
    tenantId: TENANT,
    steps: teller.steps,
    signed: { intent: signedBy(PARTY_KEYS.agent, intent), grants, response },
    facts: [facts, ...answers.flatMap(({ record }) => again(facts, record))].map(canonicalize),
    answers,
    profiles: [canonicalize(profile)],
    passports: [
      ...PASSPORTS.filter(
        ({ principalId }) => plot.hasGrant !== false || [AGENT, PROVIDER].includes(principalId),
      ),
      ...answers.slice(0, 1).map(() => plot.reviewer ?? REVIEWER_PASSPORT),
    ],
  }
}

/** The facts of the decision that follows an answer; of what divides there is none. */
function again(facts: DecisionFacts, record: ApprovalRecord): readonly DecisionFacts[] {
  return record.level === 'review' ? [] : [{ ...facts, at: atText(20), approvals: [record] }]
}

/** A person answers, and the gate is decided again. */
function decideAgain(teller: Teller, plot: Plot, facts: DecisionFacts, profile: Profile): Answered {
  const { state } = teller
  if (state.status !== 'waiting') throw new Error(state.status)
  const { number, answerLies: lies } = plot
  const action = plot.person === 'deny' ? 'deny' : 'approve'
  const said = answered(state, { number, payerId: PERSON, action, at: at(15), lies })
  const [next] = again(facts, said.record)
  if (next === undefined) throw new Error('it is decided again')
  const policyHash = hashOf(profile, nodeCrypto)
  const decision = policy.decisionOf(next, policy.compile(profile, policyHash), {
    decisionId: idNumber('dec', number + 1),
    seq: 2,
    previousDecisionHash: state.decisionHash,
    intentHash: state.intentHash,
    inputHash: hashOf(next, nodeCrypto),
  })
  const decisionHash = hashOf(decision, nodeCrypto)
  const authorized =
    decision.decision === 'allow' ? authorize(plot, next, decision, decisionHash) : null
  const kid = HOUSE.decision.kid
  const answers = state.decisionHash
  teller.tell({ type: 'record', decision, decisionHash, kid, authorized, answers }, 20)
  return said
}

/** A person divides what is in review, or held back and contested. */
function divide(teller: Teller, plot: Plot): Answered {
  const { state } = teller
  if (state.status !== 'review' && state.status !== 'settled') throw new Error(state.status)
  const { number, answerLies: lies } = plot
  const { holdId, payerId, payee, asset } = state.authorization
  const released = state.status === 'review' ? '100' : '10'
  const { held: amount } = state.partition
  const division = { released, refunded: String(BigInt(amount) - BigInt(released)) }
  const moment = { payerId, action: 'resolve_split', division, at: at(100), lies } as const
  const said = answered(state, { number, ...moment })
  let trf = number + 1
  const held = { holdId, payerId, payee, amount: BigInt(amount), asset }
  const transfers = ledger
    .dividingPostings(held, division, () => {
      trf += 1
      return idNumber('trf', trf)
    })
    .map(recordOf)
  const closed = receipt.resolutionReceiptOf(state, division, {
    settlementDecisionHash: hashOf(state.settlementDecision, nodeCrypto),
    transferIds: transfers.map(({ transferId }) => transferId),
    at: atText(100),
  })
  const { approvalId } = said.record
  const receiptHash = hashOf(closed, nodeCrypto)
  const kid = HOUSE.settlement.kid
  const { recordHash } = said
  teller.tell(
    { type: 'resolve', approvalId, recordHash, receipt: closed, receiptHash, kid, transfers },
    100,
  )
  return said
}

function decide(teller: Teller, plot: Plot, facts: DecisionFacts, profile: Profile): void {
  const policyHash = hashOf(profile, nodeCrypto)
  const honest = policy.decisionOf(facts, policy.compile(profile, policyHash), {
    decisionId: idNumber('dec', plot.number),
    seq: 1,
    previousDecisionHash: null,
    intentHash: hashOf(facts.intent, nodeCrypto),
    inputHash: hashOf(facts, nodeCrypto),
  })
  const decision = (plot.lies?.decision ?? truth)(honest)
  const decisionHash = hashOf(decision, nodeCrypto)
  const kid = HOUSE.decision.kid
  const authorized =
    decision.decision === 'allow' ? authorize(plot, facts, decision, decisionHash) : null
  teller.tell({ type: 'record', decision, decisionHash, kid, authorized }, 10)
}

function authorize(
  { number, lies }: Plot,
  facts: DecisionFacts,
  decision: PolicyDecision,
  decisionHash: string,
) {
  const honest = receipt.authorizationOf(facts, decision, {
    decisionHash,
    requestFingerprintHash: hashOf(facts.intent.requestFingerprint, nodeCrypto),
    authorizationId: idNumber('aut', number),
    holdId: idNumber('hld', number),
    payerId: PERSON,
  })
  const authorization = (lies?.authorization ?? truth)(honest)
  const { holdId, payerId, payee, amountMax, asset } = authorization
  const held = { holdId, payerId, payee, amount: BigInt(amountMax), asset }
  return {
    authorization,
    authorizationHash: hashOf(authorization, nodeCrypto),
    kid: HOUSE.authorization.kid,
    claims: policy.countersOf(facts.grantChain, payerId, asset, instantOf(facts.at)),
    transfer: recordOf(ledger.holdPosting(held, idNumber('trf', number))),
  }
}

function recordOf({ amount, ...rest }: ledger.Transfer): gate.TransferRecord {
  return { ...rest, amount: String(amount) }
}

/** The transfer out of the hold of a gate, of all of it but for so much. */
function closing(state: gate.Gate, to: 'release' | 'refund', number: number, but = 0n) {
  if (!('authorization' in state) || state.authorization === null) return null
  const { holdId, payerId, payee, amountMax, asset } = state.authorization
  const held = { holdId, payerId, payee, amount: BigInt(amountMax) - but, asset }
  return recordOf(ledger.closingPosting(held, to, idNumber('trf', number + 1)))
}

function conclude(teller: Teller, plot: Plot, profile: Profile): string | null {
  switch (plot.end) {
    case 'open':
      return null
    case 'voided':
      end(teller, 'voided', plot, 20)
      return null
    case 'expired':
      end(teller, 'expired', plot, 900_000)
      return null
    case 'executing':
      execute(teller, profile)
      return null
    case 'silent':
      execute(teller, profile)
      teller.tell({ type: 'timeOut', at: at(40_000) }, 40_000)
      settle(teller, plot, profile, [], 40_000)
      return null
    case 'answered':
      execute(teller, profile)
      return answer(teller, plot, profile)
  }
}

function end(teller: Teller, as: 'voided' | 'expired', { number, lies }: Plot, ms: number): void {
  const { state } = teller
  if (state.status !== 'authorized' && state.status !== 'waiting') throw new Error(state.status)
  const transfer = closing(state, 'refund', number)
  const transferId = transfer?.transferId ?? null
  const place = { settlementDecisionHash: null, transferId, at: atText(ms) }
  type Ending = Parameters<typeof receipt.endingReceiptOf>[0]
  const closed = (lies?.receipt ?? truth)(receipt.endingReceiptOf(state as Ending, as, place))
  const receiptHash = hashOf(closed, nodeCrypto)
  const kid = HOUSE.settlement.kid
  teller.tell({ type: 'end', as, receipt: closed, receiptHash, kid, transfer, at: at(ms) }, ms)
}

function execute(teller: Teller, { strictBinding, settlement }: Profile): void {
  const { state } = teller
  if (state.status !== 'authorized') throw new Error(state.status)
  const { authorization, intent } = state
  const { amountMax: amount, asset, payee, rail, grantHash, policyHash, nonce } = authorization
  const { notAfter } = authorization
  const request = intent.requestFingerprint
  teller.tell(
    {
      type: 'execute',
      authorizationHash: state.authorizationHash,
      presented: { request, amount, asset, payee, rail, grantHash, policyHash, nonce, notAfter },
      executorId: AGENT,
      at: at(30),
      terms: { strictBinding, evidenceWithinMs: settlement.evidenceWithinMs },
      now: { policyHash, grantsUsable: true, partiesActive: true, stopped: false },
    },
    30,
  )
}

/** What the provider of a gate says it did. */
function responseOf(state: gate.Gate, { number, status = 200 }: Plot): ProviderResponse {
  if (state.status !== 'executing') throw new Error(state.status)
  const { authorization, gateId } = state
  return {
    schemaVersion: 'ProviderResponse.v1',
    tenantId: TENANT,
    environment: ENVIRONMENT,
    gateId,
    authorizationId: authorization.authorizationId,
    payee: PROVIDER,
    requestFingerprintHash: authorization.requestFingerprintHash,
    responseHash: hashOfText(`answer ${number}`),
    status,
    amount: authorization.amountMax,
    asset: authorization.asset,
    startedAt: atText(40),
    completedAt: atText(60),
  }
}

function answer(teller: Teller, plot: Plot, profile: Profile): string {
  const statement = responseOf(teller.state, plot)
  const evidenceHash = hashOf(statement, nodeCrypto)
  const submittedBy = PROVIDER
  teller.tell({ type: 'accept', statement, evidenceHash, submittedBy, at: at(70) }, 70)
  const { verifiers } = profile.settlement
  settle(teller, plot, profile, evidence.check(verifiers, statement, plot.body ?? null), 70)
  return signedBy(PARTY_KEYS.provider, statement)
}

function settle(
  teller: Teller,
  { number, lies }: Plot,
  { settlement }: Profile,
  checks: ReturnType<typeof evidence.check>,
  ms: number,
): void {
  const { state } = teller
  if (state.status !== 'executed') throw new Error(state.status)
  const { amountMax, asset } = state.authorization
  const colour = evidence.colourOf(checks)
  const judged = evidence.verdictOf(colour, settlement, BigInt(amountMax), asset)
  const honest = { colour, checks, verdict: judged, at: atText(ms) }
  const record = (lies?.record ?? truth)(receipt.settlementDecisionOf(state, honest))
  const { verdict } = record
  if (verdict === 'capture') throw new Error('the books pay these gates')
  const share = heldBack.heldBackOf(verdict, settlement, amountMax, at(ms))
  const transfer = verdict === 'review' ? null : closing(state, verdict, number, share?.amount)
  const made = receipt.settlementReceiptOf(state, verdict, {
    settlementDecisionHash: hashOf(record, nodeCrypto),
    transferId: transfer?.transferId ?? null,
    at: atText(ms),
    heldBack: share,
  })
  const closed = (lies?.receipt ?? truth)(made)
  const receiptHash = hashOf(closed, nodeCrypto)
  const kid = HOUSE.settlement.kid
  teller.tell({ type: 'settle', record, receipt: closed, receiptHash, kid, transfer }, ms)
}

/** The plot of that name, told otherwise. */
export function plotOf(name: string, otherwise: Partial<Plot> = {}): Plot {
  const plot = PLOTS.find((each) => each.name === name)
  if (plot === undefined) throw new Error(`no plot ${name}`)
  return { ...plot, ...otherwise }
}

/** Every story by name. */
export const STORIES: ReadonlyMap<string, Story> = new Map(
  PLOTS.map((plot) => [plot.name, tell(plot)]),
)

/** The story of that name. */
export function storyOf(name: string): Story {
  const story = STORIES.get(name)
  if (story === undefined) throw new Error(`no story ${name}`)
  return story
}
