/**
 * Recorded decisions, wherever they are: a server, a data directory, or a file that was exported.
 *
 * Read one after the other; what is in memory does not grow with how many there are.
 *
 * @module
 */
import { createReadStream } from 'node:fs'
import { policy } from '@surety/domain'
import {
  DecisionRecord,
  formatInstant,
  gatesDeclared,
  type Hash,
  hashOf,
  type Instant,
  instantOf,
  Profile,
  parseAs,
  parseInstant,
  parseJson,
  portableCrypto,
} from '@surety/protocol'
import type { Client, Operations } from '@surety/sdk'
import type { CommandHost, Given, OptionSpec } from '../../../command.ts'
import { localError, usageError } from '../../../exit.ts'
import { ensureData } from '../../../local/data-directory.ts'
import { openSession } from '../../../session.ts'

const DENY_ALL_HASH = hashOf(policy.DENY_ALL, portableCrypto)

/** A decision; and the very text of its facts, where it is at hand. */
export interface RecordRead {
  readonly record: DecisionRecord
  readonly factsText?: string | undefined
}

/** Decisions in the order of their gates, and the profiles they were made under. */
export interface Records {
  readonly where: string
  decisions(): AsyncIterable<RecordRead>
  /** Known for every decision that was read. */
  profile(policyHash: Hash): Profile | undefined
  close(): void
}

export interface Span {
  readonly since: Instant | undefined
  readonly until: Instant | undefined
}

const instant = (text: string): string => {
  if (parseInstant(momentText(text)).ok) return text
  throw usageError(`\`${text}\` is not a moment`, 'give a day, 2026-11-20, or an instant in UTC')
}

/** A day stands for its beginning. */
function momentText(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00.000Z` : text
}

export const SINCE_OPTION: OptionSpec = {
  flags: '--since <moment>',
  about: 'gates declared from then on',
  check: instant,
}

export const SOURCE_OPTIONS: readonly OptionSpec[] = [
  SINCE_OPTION,
  { flags: '--until <moment>', about: 'gates declared until then', check: instant },
  { flags: '--data <directory>', about: 'read a data directory, without a server' },
  { flags: '--from <file>', about: 'read what `surety decision export` wrote' },
]

export function spanOf(given: Given): Span {
  const moment = (name: string) => {
    const text = given.text(name)
    return text === undefined ? undefined : instantOf(momentText(text))
  }
  return { since: moment('since'), until: moment('until') }
}

/** The records that the options name: a file, a directory, or else the server. */
export async function openRecords(given: Given, host: CommandHost): Promise<Records> {
  const directory = given.text('data')
  const file = given.text('from')
  if (directory !== undefined && file !== undefined) {
    throw usageError('--data and --from are two sources', 'give one of them, or none')
  }
  const span = spanOf(given)
  if (file !== undefined) return recordsOfFile(file, span)
  if (directory !== undefined) return recordsOfDirectory(ensureData(directory), span)
  return recordsOfServer(openSession(given, host).client, span)
}

const PAGE = '200'

/** A page at a time over HTTP; profiles are fetched when a decision first names them. */
export function recordsOfServer(client: Client, { since, until }: Span): Records {
  const known = new Map<Hash, Profile>([[DENY_ALL_HASH, policy.DENY_ALL]])
  const know = async (policyHash: Hash): Promise<void> => {
    if (known.has(policyHash)) return
    const { profile } = await client.call('getProfilesOne', { params: { policyHash } })
    known.set(policyHash, profile as unknown as Profile)
  }
  const span = {
    ...(since === undefined ? {} : { since: formatInstant(since) }),
    ...(until === undefined ? {} : { until: formatInstant(until) }),
  }
  return {
    where: 'the server',
    async *decisions() {
      let cursor: string | undefined
      do {
        const more: { readonly cursor?: string } = cursor === undefined ? {} : { cursor }
        const query = { limit: PAGE, ...span, ...more }
        const page: Operations['getDecisions']['answer'] = await client.call('getDecisions', {
          query,
        })
        for (const record of page.items as unknown as readonly DecisionRecord[]) {
          for (const hash of profilesOf(record)) await know(hash)
          yield { record }
        }
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
    },
    profile: (hash) => known.get(hash),
    close: () => undefined,
  }
}

/** Straight from the database of a directory, served or not. */
async function recordsOfDirectory(directory: string, span: Span): Promise<Records> {
  const server = await import('@surety/server')
  const log = server.openDecisionLog(directory)
  const [scope, ...others] = log.scopes
  if (scope === undefined || others.length > 0) {
    log.close()
    throw localError(
      'tenant_ambiguous',
      `\`${directory}\` holds ${String(log.scopes.length)} tenants`,
      'leave --data out, and ask the server with the credentials of one',
    )
  }
  return {
    where: directory,
    async *decisions() {
      yield* log.records(scope, span)
    },
    profile: (hash) => (hash === DENY_ALL_HASH ? policy.DENY_ALL : log.profile(scope, hash)),
    close: () => log.close(),
  }
}

/** JSON lines: profiles, each before the first decision that names it, and decisions. */
function recordsOfFile(file: string, span: Span): Records {
  const known = new Map<Hash, Profile>([[DENY_ALL_HASH, policy.DENY_ALL]])
  const { after, upTo } = gatesDeclared(span)
  return {
    where: file,
    async *decisions() {
      let number = 0
      for await (const line of linesOf(file)) {
        number += 1
        if (line === '') continue
        const parsed = parseJson(line, { lengthMax: LINE_LENGTH_MAX, depthMax: 32 })
        const profile = parsed.ok ? parseAs(Profile, parsed.value) : parsed
        if (profile.ok) {
          known.set(hashOf(profile.value, portableCrypto), profile.value)
          continue
        }
        const record = parsed.ok ? parseAs(DecisionRecord, parsed.value) : parsed
        if (!record.ok) throw notRecords(file, number, record.detail ?? record.refusal)
        const { gateId } = record.value.decision
        if (gateId > after && gateId <= upTo) yield { record: record.value }
      }
    },
    profile: (hash) => known.get(hash),
    close: () => undefined,
  }
}

const LINE_LENGTH_MAX = 1_048_576

/** Attacker-controlled: a line without an end is not taken in. */
async function* linesOf(file: string): AsyncIterable<string> {
  let rest = ''
  const opened = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 262_144 })
  for await (const chunk of opened.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > LINE_LENGTH_MAX) throw notRecords(file, 0, 'a line is too long')
    yield* lines
  }
  if (rest !== '') yield rest
}

function notRecords(file: string, line: number, why: string) {
  return localError(
    'records_invalid',
    `\`${file}\` holds something else than recorded decisions: line ${String(line)}: ${why}`,
    'export it again with `surety decision export`',
  )
}

/** The profiles that a decision cannot be made again without. */
export function profilesOf({ decision }: DecisionRecord): readonly Hash[] {
  const watching = decision.shadow?.map(({ policyHash }) => policyHash) ?? []
  return [decision.policyHash, ...watching]
}
