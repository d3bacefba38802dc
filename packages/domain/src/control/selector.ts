/**
 * What a control can be about, and which controls can be about a request.
 *
 * A request has a handful of selectors; looking them up costs that handful, however many controls
 * stand. Rules: spec/control.md.
 *
 * @module
 */
import type {
  ControlFacts,
  ControlKind,
  ControlSelector,
  ExecutionIntent,
  Hash,
  Id,
  SelectorType,
} from '@surety/protocol'

/** How a selector is called where controls are looked up. Brackets of IPv6 have no place there. */
export function selectorKey({ type, id }: ControlSelector): string {
  return `${type}:${id.replaceAll('[', '_5b').replaceAll(']', '_5d')}`
}

/** What can be revoked: what has an end of its own. */
const REVOCABLE: ReadonlySet<SelectorType> = new Set(['principal', 'grant', 'token'])

/** Routes of these scopes can be stopped. Reading, answering and lifting go on, always. */
export const STOPPABLE_SCOPES: ReadonlySet<string> = new Set([
  'principals:write',
  'keys:write',
  'deposits:write',
  'profiles:write',
  'wallets:write',
  'grants:write',
  'grants:revoke-any',
  'gates:write',
  'gates:execute',
  'evidence:write',
])

const RAILS: readonly string[] = ['ledger', 'x402-evm']

/** Why a control of that kind cannot be about that, if so. */
export function selectorProblem(
  kind: ControlKind,
  selector: ControlSelector,
  tenantId: Id<'ten'>,
): string | undefined {
  if (kind === 'revoke' && !REVOCABLE.has(selector.type)) {
    return 'a principal, a grant or a token can be revoked'
  }
  if (selector.type === 'tenant' && selector.id !== tenantId) return 'it is another tenant'
  if (selector.type === 'scope' && !STOPPABLE_SCOPES.has(selector.id)) {
    return `the scope is one of ${[...STOPPABLE_SCOPES].join(', ')}`
  }
  // INVARIANT(control): what no request is called stops nothing, and is never said to stand.
  if (selector.type === 'rail' && !RAILS.includes(selector.id)) {
    return `the rail is one of ${RAILS.join(', ')}`
  }
  return undefined
}

/** What of a decision controls can be about. */
export interface Request {
  readonly tenantId: Id<'ten'>
  readonly intent: ExecutionIntent
  /** The payer, if known. */
  readonly payerId: Id<'prn'> | undefined
  readonly grants: readonly { readonly grantHash: Hash; readonly grantorId: Id<'prn'> }[]
  readonly policyHash: Hash
}

/** Every selector that a request has. Cost: linear in the depth of its grant chain. */
export function selectorsOf(request: Request): readonly ControlSelector[] {
  const { tenantId, intent, payerId, grants, policyHash } = request
  const { agentId, payee, rail, riskClass, sideEffecting } = intent
  const people = [agentId, payee, ...grants.map(({ grantorId }) => grantorId)]
  if (payerId !== undefined) people.push(payerId)
  const selectors: ControlSelector[] = [
    { type: 'all', id: 'everything' },
    { type: 'tenant', id: tenantId },
    { type: 'payee', id: payee },
    { type: 'rail', id: rail },
    { type: 'effect', id: riskClass },
    { type: 'policy', id: policyHash },
    { type: 'origin', id: originOf(intent) },
  ]
  if (sideEffecting) selectors.push({ type: 'effect', id: 'side_effecting' })
  for (const id of toolsOf(intent)) selectors.push({ type: 'tool', id })
  for (const id of new Set(people)) selectors.push({ type: 'principal', id })
  const hashes = new Set([intent.grantHash, ...grants.map(({ grantHash }) => grantHash)])
  for (const id of hashes) selectors.push({ type: 'grant', id })
  return selectors
}

/** What of an unpaid request controls can be about: what is known before anybody named a price. */
export interface Probe extends Omit<Request, 'intent'> {
  readonly agentId: Id<'prn'>
  readonly grantHash: Hash
  readonly rail: string
  readonly origin: string
  /** Whether the request itself changes nothing. What it leads to is financial in any case. */
  readonly isSafe: boolean
}

/** Every selector that an unpaid request has. Cost: as above. */
export function selectorsOfProbe(probe: Probe): readonly ControlSelector[] {
  const { tenantId, agentId, payerId, grants, grantHash, policyHash, rail, origin } = probe
  const people = [agentId, ...grants.map(({ grantorId }) => grantorId)]
  if (payerId !== undefined) people.push(payerId)
  const selectors: ControlSelector[] = [
    { type: 'all', id: 'everything' },
    { type: 'tenant', id: tenantId },
    { type: 'rail', id: rail },
    { type: 'effect', id: 'financial' },
    { type: 'policy', id: policyHash },
    { type: 'origin', id: origin },
  ]
  if (!probe.isSafe) selectors.push({ type: 'effect', id: 'side_effecting' })
  for (const id of new Set(people)) selectors.push({ type: 'principal', id })
  const hashes = new Set([grantHash, ...grants.map((grant) => grant.grantHash)])
  for (const id of hashes) selectors.push({ type: 'grant', id })
  return selectors
}

/** The origin of an HTTP request, or the server of a tool. The URL is serialised already. */
function originOf({ requestFingerprint: request }: ExecutionIntent): string {
  if ('tool' in request) return request.server
  return /^https?:\/\/[^/]+/.exec(request.url)?.[0] ?? request.url
}

function toolsOf({ tool, requestFingerprint: request }: ExecutionIntent): ReadonlySet<string> {
  const named = 'tool' in request ? [request.tool] : []
  return new Set(tool === undefined ? named : [tool, ...named])
}

/** Whether a control that the facts state can be about the request that they state. */
export function isAbout(control: ControlFacts, request: Request): boolean {
  const key = selectorKey(control.selector)
  return selectorsOf(request).some((selector) => selectorKey(selector) === key)
}
