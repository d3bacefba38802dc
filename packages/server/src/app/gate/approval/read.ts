/**
 * Questions about approvals. INVARIANT(tenancy): what a caller may not see is simply not there.
 *
 * @module
 */
import { approval, policy } from '@surety/domain'
import {
  DecisionFacts,
  type Event,
  err,
  type JsonObject,
  ok,
  type PolicyDecision,
  type ProblemCode,
  parseAs,
  parseJson,
  type Result,
} from '@surety/protocol'
import type { Page, StateRow } from '../../../ports.ts'
import { profileByHash } from '../../profile/current-profile.ts'
import type { Listing } from '../../read.ts'
import { receiptsAt } from '../../receipts.ts'
import { type App, approvalStream, type Caller, gateStream } from '../../runtime.ts'
import { approvalView, gateApprovalView } from './view.ts'

type Known = Exclude<approval.Approval, { status: 'none' }>
type Found = Promise<Result<JsonObject, ProblemCode>>

/** How many rows one page looks at when most of them are not asked for. */
const SCAN_MAX = 1_000

/** What an inbox is narrowed by; every member that is given must fit. */
export interface ApprovalFilter {
  readonly tenantId?: string
  readonly state?: string
  readonly severity?: string
  readonly level?: string
  readonly gateId?: string
  readonly afterReview?: string
  /** Opened at or before this moment: older than something. */
  readonly openedBefore?: string
  readonly openedAfter?: string
}

/** Whoever sees all, whoever may answer, and the party whose authority is used. */
export function seesApproval(caller: Caller, state: Known): boolean {
  const mayAnswer = caller.scopes.has('read:all') || caller.scopes.has('approvals:answer')
  return mayAnswer || state.payerId === caller.principalId
}

function fits(state: Known, filter: ApprovalFilter): boolean {
  const { tenantId, severity, level, gateId, afterReview, openedBefore, openedAfter } = filter
  const owed = 'afterReview' in state ? state.afterReview : 'none'
  return (
    (tenantId === undefined || state.tenantId === tenantId) &&
    (filter.state === undefined || state.status === filter.state) &&
    (severity === undefined || state.severity === severity) &&
    (level === undefined || state.level === level) &&
    (gateId === undefined || state.gateId === gateId) &&
    (afterReview === undefined || owed === afterReview) &&
    (openedBefore === undefined || state.openedAt <= openedBefore) &&
    (openedAfter === undefined || state.openedAt >= openedAfter)
  )
}

/**
 * One page of the inbox, newest first. What is pending is found by its own index: the cost is the
 * rows looked at, never the whole history.
 */
export async function listApprovals(
  app: App,
  caller: Caller,
  page: Page,
  filter: ApprovalFilter,
): Promise<Listing> {
  const items: JsonObject[] = []
  let after = page.after
  for (let scanned = 0; scanned < SCAN_MAX; ) {
    const rows = await rowsOf(app, caller, { ...page, after }, filter)
    for (const { id, stored } of rows) {
      after = id
      const state = stored.state as Known
      if (seesApproval(caller, state) && fits(state, filter)) items.push(approvalView(state))
      if (items.length === page.limit) return { items, next: id }
    }
    scanned += rows.length
    if (rows.length < page.limit) return { items, next: null }
  }
  return { items, next: after ?? null }
}

function rowsOf(
  app: App,
  { scope }: Caller,
  page: Page,
  filter: ApprovalFilter,
): Promise<readonly StateRow<'approval'>[]> {
  const { reads } = app.store
  return filter.state === 'pending'
    ? reads.pendingApprovals(scope, page)
    : reads.states(scope, 'approval', page)
}

/** An approval with all that whoever is asked must see, and its signed record. */
export async function readApproval(app: App, caller: Caller, approvalId: string): Found {
  const { state } = await app.store.reads.state(caller.scope, 'approval', approvalId)
  if (state.status === 'none' || !seesApproval(caller, state)) return err('approval_not_found')
  const receipts = await receiptsAt(app, caller.scope, approvalStream(approvalId), 'all')
  const showing = await showingOf(app, caller, state)
  return ok({ ...approvalView(state), showing, receipts } as unknown as JsonObject)
}

/** Made from the very facts and profile of the decision that asks; nobody sums it up. */
async function showingOf(app: App, caller: Caller, state: Known): Promise<approval.Showing> {
  const { scope } = caller
  const events = await app.store.reads.events(scope, gateStream(state.gateId))
  const decision = decisionAsking(events, state)
  const documents = await app.store.reads.documents(scope, state.gateId)
  const text = documents.get(`facts-${decision.inputHash}.json`) ?? ''
  const json = parseJson(text, { lengthMax: text.length, depthMax: 64 })
  const facts = parseAs(DecisionFacts, json.ok ? json.value : undefined)
  if (!facts.ok) throw new Error(`no facts of ${decision.decisionId}`)
  const compiled = await profileByHash(app, scope, decision.policyHash)
  const beyond = {
    differences: policy.differencesOf(facts.value, compiled, decision.reasonCodes),
    budgets: policy.budgetsOf(facts.value, compiled),
  }
  // What was asked before the purchase is not about what was contested after it.
  const contest = state.level === 'review' ? contestIn(events) : null
  return approval.showingOf(facts.value, decision, compiled.profile, beyond, contest)
}

function contestIn(events: readonly Event[]): approval.Showing['contest'] {
  const found = events.find(({ type }) => type === 'holdbackContested')
  if (found === undefined) return null
  const { contestedBy, text } = found.data as Readonly<Record<string, string>>
  return { contestedBy: String(contestedBy), text: String(text), contestedAt: found.at }
}

function decisionAsking(events: readonly Event[], state: Known): PolicyDecision {
  const decided = events.filter(({ type }) => type === 'decisionRecorded')
  const asks = ({ data }: Event) =>
    state.level === 'review' || data.decisionHash === state.decisionHash
  const found = decided.filter(asks).at(-1)
  if (found === undefined) throw new Error(`no decision ${state.decisionHash}`)
  return found.data.decision as PolicyDecision
}

/** What the agent sees of what its gate waits for: that, until when, and what is asked of it. */
export async function readGateApproval(app: App, caller: Caller, gateId: string): Found {
  const { reads } = app.store
  const { state } = await reads.state(caller.scope, 'gate', gateId)
  if (state.status === 'none') return err('gate_not_found')
  const isParty = state.intent.agentId === caller.principalId
  if (!isParty && !caller.scopes.has('read:all')) return err('gate_not_found')
  const found = await lastApproval(app, caller, gateId)
  if (found === undefined) return err('approval_not_found')
  return ok(gateApprovalView(found, state.status, app.clock.now()))
}

/** The latest approval of a gate, of as many as its own decisions asked for. */
export async function lastApproval(
  app: App,
  { scope }: Caller,
  gateId: string,
): Promise<Known | undefined> {
  const { reads } = app.store
  const events = await reads.events(scope, gateStream(gateId))
  for (const { type, data } of events.toReversed()) {
    const asks = type === 'decisionRecorded' ? data.decisionHash : undefined
    // A settled gate has one if what is held back of it was contested.
    const isJudged = type === 'gateHeldForReview' || type === 'gateSettled'
    const reviewed = isJudged ? data.receipt : undefined
    const hash =
      asks ?? (reviewed as { settlementDecisionHash?: string } | undefined)?.settlementDecisionHash
    if (typeof hash !== 'string') continue
    const approvalId = await reads.unique(scope, 'approval', hash)
    if (approvalId === undefined) continue
    const { state } = await reads.state(scope, 'approval', approvalId)
    if (state.status !== 'none') return state
  }
  return undefined
}
