/** Recorded decisions, with the facts they were made from. */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { canonicalize, type Hash } from '@surety/protocol'
import type { CommandGroup, CommandSpec } from '../../command.ts'
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
    const out = createWriteStream(file, { flags: 'wx', mode: 0o600 })
    const known = new Set<Hash>()
    let decisions = 0
    try {
      const say = async (value: unknown) => {
        if (!out.write(`${canonicalize(value)}\n`)) await once(out, 'drain')
      }
      for await (const { record } of records.decisions()) {
        for (const hash of profilesOf(record)) {
          if (known.has(hash)) continue
          known.add(hash)
          await say(records.profile(hash))
        }
        await say(record)
        decisions += 1
      }
      out.end()
      await finished(out)
    } catch (fault) {
      out.destroy()
      throw fault
    } finally {
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
