/**
 * The lattice of grants: when one set of bounds lies within another, and what remains of a chain.
 *
 * Rules: spec/grant.md. Vectors: spec/vectors/grant/.
 *
 * @module
 */
import type { GrantBounds, Limit } from '@surety/protocol'

const LISTS = [
  'actions',
  'tools',
  'payees',
  'rails',
  'networks',
  'assets',
  'riskClasses',
] as const satisfies readonly (keyof GrantBounds)[]
const LIMITS = ['perCall', 'perDay', 'total'] as const satisfies readonly (keyof GrantBounds)[]

/** What a list of limits allows of an asset: anything if absent, nothing if it is not listed. */
export function limitOf(limits: readonly Limit[] | undefined, asset: string): bigint | undefined {
  if (limits === undefined) return undefined
  let least: bigint | undefined
  for (const limit of limits) {
    if (limit.asset !== asset) continue
    const max = BigInt(limit.max)
    least = least === undefined || max < least ? max : least
  }
  return least ?? 0n
}

/**
 * The first dimension on which the child is wider than the parent, if any. An absent list or limit
 * under a restricted parent is wider.
 */
export function escalationOf(
  child: GrantBounds,
  parent: GrantBounds,
): keyof GrantBounds | undefined {
  for (const name of LISTS) {
    if (!listWithin(child[name], parent[name])) return name
  }
  for (const name of LIMITS) {
    if (!limitsWithin(child[name], parent[name])) return name
  }
  if (parent.count !== undefined && (child.count === undefined || child.count > parent.count)) {
    return 'count'
  }
  const { autonomy } = parent
  if (autonomy !== undefined && (child.autonomy === undefined || child.autonomy > autonomy)) {
    return 'autonomy'
  }
  return child.maxDepth > parent.maxDepth ? 'maxDepth' : undefined
}

/** Whether two sets of bounds allow the same. */
export function equalBounds(a: GrantBounds, b: GrantBounds): boolean {
  return escalationOf(a, b) === undefined && escalationOf(b, a) === undefined
}

function listWithin(
  child: readonly string[] | undefined,
  parent: readonly string[] | undefined,
): boolean {
  if (parent === undefined) return true
  return child?.every((name) => parent.includes(name)) === true
}

function limitsWithin(
  child: readonly Limit[] | undefined,
  parent: readonly Limit[] | undefined,
): boolean {
  if (parent === undefined) return true
  if (child === undefined) return false
  return child.every((limit) => {
    const max = limitOf(parent, limit.asset)
    return max === undefined || (limitOf(child, limit.asset) as bigint) <= max
  })
}

/** What every grant of a chain allows together. Lists and limits come out sorted. */
export function meet(chain: readonly GrantBounds[]): GrantBounds | null {
  const [root, ...children] = chain
  if (root === undefined) return null
  return children.reduce(meetOfTwo, meetOfTwo(root, root))
}

function meetOfTwo(a: GrantBounds, b: GrantBounds): GrantBounds {
  const met: Record<string, unknown> = { maxDepth: Math.min(a.maxDepth, b.maxDepth) }
  for (const name of LISTS) {
    const list = meetOfLists(a[name], b[name])
    if (list !== undefined) met[name] = list
  }
  for (const name of LIMITS) {
    const limits = meetOfLimits(a[name], b[name])
    if (limits !== undefined) met[name] = limits
  }
  const counts = [a.count, b.count].filter((count) => count !== undefined)
  if (counts.length > 0) met.count = Math.min(...counts)
  const levels = [a.autonomy, b.autonomy].filter((level) => level !== undefined)
  if (levels.length > 0) met.autonomy = Math.min(...levels)
  return met as unknown as GrantBounds
}

function meetOfLists(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  if (a === undefined || b === undefined) return (a ?? b)?.toSorted()
  return a.filter((name) => b.includes(name)).toSorted()
}

function meetOfLimits(
  a: readonly Limit[] | undefined,
  b: readonly Limit[] | undefined,
): readonly Limit[] | undefined {
  const listed = a ?? b
  if (listed === undefined) return undefined
  const met: Limit[] = []
  for (const asset of [...new Set(listed.map((limit) => limit.asset))].sort()) {
    // What one of two lists leaves out it allows nothing of; so does leaving it out here.
    if (b?.some((limit) => limit.asset === asset) === false) continue
    const ofA = limitOf(a, asset)
    const ofB = limitOf(b, asset)
    const max = ofA === undefined ? ofB : ofB === undefined || ofA < ofB ? ofA : ofB
    met.push({ asset, max: String(max) })
  }
  return met
}
