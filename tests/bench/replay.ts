/**
 * What a replay costs: the records of a house that was filled, from its directory and over HTTP.
 *
 * @module
 */
import { policy } from '@surety/domain'
import { type DecisionRecord, type Hash, hashOf, type Profile } from '@surety/protocol'
import { nodeCrypto, openDecisionLog } from '@surety/server'
import { recordsOfServer } from '../../packages/cli/src/commands/policy/replaying/records.ts'
import { replayed } from '../../packages/cli/src/commands/policy/replaying/run.ts'
import type { BenchHouse } from './house.ts'

interface ReplayFigure {
  readonly figure: string
  readonly decisions: number
  readonly perSecond: number
  readonly cpuUsEach: number
  readonly heapMb: number
}

async function measured(figure: string, work: () => Promise<number>): Promise<ReplayFigure> {
  const started = performance.now()
  const before = process.cpuUsage()
  const decisions = await work()
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - started) / 1_000
  return {
    figure,
    decisions,
    perSecond: Math.round(decisions / seconds),
    cpuUsEach: Math.round(((user + system) / decisions) * 10) / 10,
    heapMb: Math.round(process.memoryUsage().heapUsed / 1_048_576),
  }
}

/** Asks the profile that rules, half as generous, about everything. */
export async function replayFigures(house: BenchHouse): Promise<readonly ReplayFigure[]> {
  const ruling = await house.operator.client.call('getProfilesActive')
  const profile = ruling.profile as unknown as Profile
  const perRequest = [{ asset: 'USD/2', max: '500' }]
  const candidate: Profile = { ...profile, limits: { ...profile.limits, perRequest } }
  const asked = policy.compile(candidate, hashOf(candidate, nodeCrypto))
  const own = policy.compile(profile, ruling.policyHash)
  const profileOf = (hash: Hash) => (hash === ruling.policyHash ? own : undefined)
  const fromDirectory = await measured('replay, data directory', async () => {
    const log = openDecisionLog(house.directory)
    const [scope] = log.scopes
    if (scope === undefined) throw new Error('a house without a tenant')
    const replay = new policy.Replay(asked, profileOf, nodeCrypto)
    let taken = 0
    for (const { record, factsText } of log.records(scope, {})) {
      replay.take(record, factsText)
      taken += 1
    }
    log.close()
    ensureWhole(replay.report(), taken)
    return taken
  })
  const inMemory = firstRecords(house, 2_000)
  const alone = await measured('replay, records in memory', async () => {
    const rounds = 10
    for (let round = 0; round < rounds; round += 1) {
      const replay = new policy.Replay(asked, profileOf, nodeCrypto)
      for (const record of inMemory) replay.take(record)
      ensureWhole(replay.report(), inMemory.length)
    }
    return inMemory.length * rounds
  })
  const overHttp = await measured('replay, over HTTP', async () => {
    const span = { since: undefined, until: undefined }
    const report = await replayed(asked, recordsOfServer(house.operator.client, span))
    ensureWhole(report, report.decisions)
    return report.decisions
  })
  return [fromDirectory, alone, overHttp]
}

/** Read apart from what is measured: a replay from a directory keeps none. */
function firstRecords(house: BenchHouse, count: number): readonly DecisionRecord[] {
  const log = openDecisionLog(house.directory)
  const [scope] = log.scopes
  const records: DecisionRecord[] = []
  if (scope !== undefined) {
    for (const { record } of log.records(scope, {})) {
      records.push(record)
      if (records.length === count) break
    }
  }
  log.close()
  return records
}

function ensureWhole({ ok, decisions }: policy.ReplayReport, taken: number): void {
  if (!ok || decisions !== taken) throw new Error('not everything was replayed')
}
