/**
 * Replays records one after the other, and tells a terminal how far it is.
 *
 * @module
 */
import { policy } from '@surety/domain'
import type { Hash } from '@surety/protocol'
import type { Records } from './records.ts'

const TOLD_EVERY = 5_000

export async function replayed(
  candidate: policy.CompiledProfile,
  records: Records,
): Promise<policy.ReplayReport> {
  const { nodeCrypto } = await import('@surety/server/node-crypto')
  const compiled = new Map<Hash, policy.CompiledProfile>()
  const lookup = (hash: Hash): policy.CompiledProfile | undefined => {
    const known = compiled.get(hash)
    if (known !== undefined) return known
    const profile = records.profile(hash)
    if (profile === undefined) return undefined
    const made = policy.compile(profile, hash)
    compiled.set(hash, made)
    return made
  }
  const replay = new policy.Replay(candidate, lookup, nodeCrypto)
  const progress = progressOf()
  let taken = 0
  for await (const { record, factsText } of records.decisions()) {
    replay.take(record, factsText)
    taken += 1
    if (taken % TOLD_EVERY === 0) progress.tell(taken)
  }
  progress.end()
  return replay.report()
}

/** One line that is written over and over, where somebody watches. */
function progressOf(): { tell(taken: number): void; end(): void } {
  const { stderr } = process
  if (!stderr.isTTY) return { tell: () => undefined, end: () => undefined }
  return {
    tell: (taken) => void stderr.write(`\r${String(taken)} decisions replayed`),
    end: () => void stderr.write('\r\u001b[K'),
  }
}

/** The decisions on gates that a profile in shadow watched from their beginning. */
export function watchedBy(records: Records, policyHash: Hash): Records {
  return {
    ...records,
    async *decisions() {
      let gateId: string | undefined
      for await (const read of records.decisions()) {
        const { decision } = read.record
        const begins = decision.seq === 1 && policy.watchingHash(decision) === policyHash
        if (begins) gateId = decision.gateId
        if (gateId === decision.gateId) yield read
      }
    },
  }
}
