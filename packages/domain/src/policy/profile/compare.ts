/**
 * What changed between two profiles, in words, and whether it allows more or less.
 *
 * Lists, limits and outcomes have a direction; what has none is said to be changed. A change of one
 * part says nothing of another: an added rule tightens although it may never count.
 *
 * @module
 */
import { canonicalize, type JsonValue, type Limit, type Profile } from '@surety/protocol'
import { limitsOf } from './compile.ts'

export type Direction = 'loosened' | 'tightened' | 'changed'

export interface ProfileChange {
  readonly path: string
  readonly direction: Direction
  readonly words: string
}

/** Every change from one profile to another, in the order of the document. */
export function compareProfiles(before: Profile, after: Profile): readonly ProfileChange[] {
  return [
    ...named(before, after),
    ...modes(before, after),
    ...lists(before, after),
    ...limits(before, after),
    ...tiers(before, after),
    ...risk(before, after),
    ...rules(before, after),
    ...rest(before, after),
  ]
}

const same = (a: unknown, b: unknown): boolean => text(a) === text(b)
const text = (value: unknown): string =>
  value === undefined ? '' : canonicalize(value as JsonValue)

function named(before: Profile, after: Profile): ProfileChange[] {
  return (['profileId', 'version', 'name'] as const).flatMap((path) =>
    before[path] === after[path]
      ? []
      : [{ path, direction: 'changed', words: `${path} is ${after[path]}, was ${before[path]}` }],
  )
}

const MODE_RANK = { off: 0, shadow: 1, soft: 2, enforce: 3 } as const

function modes(before: Profile, after: Profile): ProfileChange[] {
  const found: ProfileChange[] = []
  if (before.mode !== after.mode) {
    const stricter = MODE_RANK[after.mode] > MODE_RANK[before.mode]
    found.push({
      path: 'mode',
      direction: stricter ? 'tightened' : 'loosened',
      words: `the mode is ${after.mode}, was ${before.mode}`,
    })
  }
  const [own, other] = [before.modes ?? {}, after.modes ?? {}]
  for (const name of namesOf(own, other)) {
    const [was, is] = [own[name] ?? 'enforce', other[name] ?? 'enforce']
    if (was === is) continue
    found.push({
      path: `modes.${name}`,
      direction: MODE_RANK[is] > MODE_RANK[was] ? 'tightened' : 'loosened',
      words: `${name} rules are ${is}, were ${was}`,
    })
  }
  return found
}

function namesOf<Item extends object>(a: Item, b: Item): readonly (keyof Item)[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof Item)[]
}

/** A list that is absent restricts nothing; one that is there allows what it names. */
function lists(before: Profile, after: Profile): ProfileChange[] {
  const found: ProfileChange[] = []
  for (const name of namesOf(before.allowlists, after.allowlists)) {
    const path = `allowlists.${name}`
    const [was, is] = [before.allowlists[name], after.allowlists[name]]
    if (was === undefined && is !== undefined) {
      found.push({ path, direction: 'tightened', words: `only ${is.join(', ') || 'none'} allowed` })
    } else if (was !== undefined && is === undefined) {
      found.push({ path, direction: 'loosened', words: `any of ${name} is allowed` })
    } else {
      found.push(...listed(path, was ?? [], is ?? []))
    }
  }
  return found
}

function listed(path: string, was: readonly string[], is: readonly string[]): ProfileChange[] {
  const found: ProfileChange[] = []
  const added = is.filter((name) => !was.includes(name))
  const gone = was.filter((name) => !is.includes(name))
  if (added.length > 0) {
    found.push({ path, direction: 'loosened', words: `allows ${added.join(', ')} too` })
  }
  if (gone.length > 0) {
    found.push({ path, direction: 'tightened', words: `no longer allows ${gone.join(', ')}` })
  }
  return found
}

const LIMIT_WORDS = {
  perRequest: 'in one request',
  perDay: 'a payer a day',
  perMonth: 'a payer a month',
  total: 'a payer in all',
  tenantPerDay: 'the tenant a day',
  tenantPerMonth: 'the tenant a month',
  tenantTotal: 'the tenant in all',
} as const
type LimitName = keyof typeof LIMIT_WORDS

function limits(before: Profile, after: Profile): ProfileChange[] {
  const found: ProfileChange[] = []
  // A list that is there and empty says 0 of every asset.
  const allowed = [...before.allowlists.assets, ...after.allowlists.assets]
  for (const name of Object.keys(LIMIT_WORDS) as LimitName[]) {
    const [was, is] = [before.limits[name], after.limits[name]]
    for (const asset of new Set([...allowed, ...assetsOf(was, is)])) {
      const change = limited(ceilingOf(was, asset), ceilingOf(is, asset))
      if (change === undefined) continue
      const words = `${asset} ${LIMIT_WORDS[name]}: ${change.words}`
      found.push({ path: `limits.${name}`, direction: change.direction, words })
    }
  }
  const [own, other] = [before.limits.units ?? [], after.limits.units ?? []]
  for (const unit of new Set([...own, ...other].map((each) => each.unit))) {
    const was = own.find((each) => each.unit === unit)
    const is = other.find((each) => each.unit === unit)
    for (const name of Object.keys(LIMIT_WORDS) as LimitName[]) {
      const change = limited(was?.[name], is?.[name])
      if (change === undefined) continue
      const words = `${unit} ${LIMIT_WORDS[name]}: ${change.words}`
      found.push({ path: `limits.units.${unit}.${name}`, direction: change.direction, words })
    }
    if (was !== undefined && is !== undefined && !same(was.assets, is.assets)) {
      const words = `counts ${is.assets.join(', ')}; counted ${was.assets.join(', ')}`
      found.push({ path: `limits.units.${unit}.assets`, direction: 'changed', words })
    }
  }
  return found
}

function assetsOf(...lists: readonly (readonly Limit[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []).map(({ asset }) => asset))]
}

/** A list that is there allows of what it leaves out the amount 0. */
function ceilingOf(list: readonly Limit[] | undefined, asset: string): string | undefined {
  return list === undefined ? undefined : String(limitsOf(list).get(asset) ?? 0n)
}

function limited(
  was: string | undefined,
  is: string | undefined,
): Pick<ProfileChange, 'direction' | 'words'> | undefined {
  if (was === is) return undefined
  if (is === undefined) return { direction: 'loosened', words: `no limit, was ${String(was)}` }
  if (was === undefined) return { direction: 'tightened', words: `at most ${is}, was unlimited` }
  const direction = BigInt(is) > BigInt(was) ? 'loosened' : 'tightened'
  return { direction, words: `at most ${is}, was ${was}` }
}

function tiers(before: Profile, after: Profile): ProfileChange[] {
  const path = 'approvalTiers'
  const [was, is] = [before, after].map(
    (profile) =>
      new Map(profile.approvalTiers.map((tier) => [`${tier.asset} above ${tier.above}`, tier])),
  )
  const found: ProfileChange[] = []
  for (const [name, tier] of is ?? []) {
    const own = was?.get(name)
    const asks = `${tier.approvers} of ${tier.role} (${tier.raise})`
    if (own === undefined)
      found.push({ path, direction: 'tightened', words: `${name} asks ${asks}` })
    else if (!same(own, tier)) {
      const asked = `${own.approvers} of ${own.role} (${own.raise})`
      const words = `${name} asks ${asks}, asked ${asked}`
      found.push({ path, direction: directionOf(own, tier), words })
    }
  }
  for (const name of was?.keys() ?? []) {
    if (is?.has(name) === true) continue
    found.push({ path, direction: 'loosened', words: `${name} asks nobody any more` })
  }
  return found
}

type Tier = Profile['approvalTiers'][number]

function directionOf(was: Tier, is: Tier): Direction {
  if (was.role !== is.role) return 'changed'
  const steps = [is.approvers - was.approvers, STRICTNESS[is.raise] - STRICTNESS[was.raise]].map(
    Math.sign,
  )
  if (steps.every((step) => step >= 0)) return 'tightened'
  return steps.every((step) => step <= 0) ? 'loosened' : 'changed'
}

const STRICTNESS = { allow: 0, challenge: 1, escalate: 2, deny: 3 } as const

/** A class that is not listed is denied. */
function risk(before: Profile, after: Profile): ProfileChange[] {
  const [was, is] = [before, after].map(
    (profile) => new Map(profile.risk.map((entry) => [entry.riskClass, entry])),
  )
  const found: ProfileChange[] = []
  for (const name of new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])) {
    const [own, other] = [was?.get(name), is?.get(name)]
    const [from, to] = [own?.outcome ?? 'deny', other?.outcome ?? 'deny']
    const words = `risk class ${name}: ${to}, was ${from}`
    if (from !== to) {
      const stricter = STRICTNESS[to] > STRICTNESS[from]
      found.push({ path: 'risk', direction: stricter ? 'tightened' : 'loosened', words })
    } else if (!same(own, other)) {
      found.push({ path: 'risk', direction: 'changed', words: `risk class ${name} asks others` })
    }
  }
  return found
}

/** Rules that only ever forbid or ask: one more tightens, one less loosens. */
function rules(before: Profile, after: Profile): ProfileChange[] {
  const found: ProfileChange[] = []
  for (const kind of ['rates', 'sequences', 'conditions'] as const) {
    const [was, is] = [before, after].map(
      (profile) => new Map((profile[kind] ?? []).map((rule) => [rule.id, rule])),
    )
    for (const [id, rule] of is ?? []) {
      const own = was?.get(id)
      const path = `${kind}.${id}`
      if (own === undefined) found.push({ path, direction: 'tightened', words: 'is new' })
      else if (!same(own, rule)) found.push({ path, direction: 'changed', words: 'says otherwise' })
    }
    for (const id of was?.keys() ?? []) {
      if (is?.has(id) === true) continue
      found.push({ path: `${kind}.${id}`, direction: 'loosened', words: 'is gone' })
    }
  }
  for (const kind of ['autonomy', 'session', 'compliance', 'wallets', 'challengeOnly'] as const) {
    const [own, other] = [before[kind], after[kind]]
    if (same(own, other)) continue
    if (own === undefined) found.push({ path: kind, direction: 'tightened', words: 'is new' })
    else if (other === undefined)
      found.push({ path: kind, direction: 'loosened', words: 'is gone' })
    else found.push({ path: kind, direction: 'changed', words: 'says otherwise' })
  }
  return found
}

const COMPARED: ReadonlySet<string> = new Set([
  ...['schemaVersion', 'profileId', 'version', 'name', 'mode', 'modes', 'allowlists', 'limits'],
  ...['approvalTiers', 'risk', 'rates', 'sequences', 'conditions', 'autonomy', 'session'],
  ...['compliance', 'wallets', 'challengeOnly'],
])

/** Everything else, member by member. */
function rest(before: Profile, after: Profile, path = ''): ProfileChange[] {
  const [own, other] = [before, after] as readonly Readonly<Record<string, unknown>>[]
  const found: ProfileChange[] = []
  for (const name of namesOf(own ?? {}, other ?? {})) {
    if (path === '' && COMPARED.has(name)) continue
    const [was, is] = [own?.[name], other?.[name]]
    if (same(was, is)) continue
    const inner = path === '' ? name : `${path}.${name}`
    if (isObject(was) && isObject(is)) {
      found.push(...rest(was as never, is as never, inner))
      continue
    }
    const words = `${text(is) || 'is gone'}${was === undefined ? '' : `, was ${text(was)}`}`
    found.push({ path: inner, direction: 'changed', words })
  }
  return found
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
