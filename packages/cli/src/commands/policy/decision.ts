/** Recorded decisions, with the facts they were made from. */
import { canonicalize, type Hash } from '@surety/protocol'
import type { CommandGroup, CommandSpec } from '../../command.ts'
import { newLines } from '../../local/files.ts'
import { fields } from '../../terminal/render.ts'
import { openRecords, profilesOf, SOURCE_OPTIONS } from './replaying/records.ts'

const exported: CommandSpec = {
  name: 'export',
  summary: 'write recorded decisions, their facts and profiles, as JSON lines',
  examples: ['surety decision export --out decisions.jsonl --since 2026-11-01'],
  options: [
    ...SOURCE_OPTIONS,
    { flags: '--out <file>', about: 'where to; it must not exist', required: true },
  ],
  connects: 'server',
  run: async (given, host) => {
    const file = given.required('out')
    const records = await openRecords(given, host)
    const out = newLines(file)
    const known = new Set<Hash>()
    let decisions = 0
    try {
      for await (const { record } of records.decisions()) {
        for (const hash of profilesOf(record)) {
          if (known.has(hash)) continue
          known.add(hash)
          const profile = records.profile(hash)
          // Without it the decision is exported all the same, and a replay says what is missing.
          if (profile !== undefined) out.line(canonicalize(profile))
        }
        out.line(canonicalize(record))
        decisions += 1
      }
      out.keep()
    } finally {
      out.giveUp()
      records.close()
    }
    return {
      document: { file, decisions, profiles: known.size },
      lines: fields([
        ['written', file],
        ['decisions', String(decisions)],
        ['profiles', String(known.size)],
      ]),
    }
  },
}

export const decision: CommandGroup = {
  name: 'decision',
  summary: 'what was decided, with the facts',
  commands: [exported],
}
