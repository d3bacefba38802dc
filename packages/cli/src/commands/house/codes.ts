/** What the codes of answers mean, and what helps: from the one registry, without a server. */
import { PROBLEMS, type ProblemCode, REASON_CODES, type ReasonCode } from '@surety/protocol'
import type { Answer, CommandSpec } from '../../command.ts'
import { CliError, EXIT } from '../../exit.ts'
import { fields, table } from '../../terminal/render.ts'

export const reasonCodes: CommandSpec = {
  name: 'reason-codes [code]',
  summary: 'tell why decisions come out as they do, and what helps',
  examples: ['surety reason-codes', 'surety reason-codes per_request_exceeded'],
  run: async (given) => {
    const code = given.optionalArg(0)
    if (code === undefined) return every()
    if (Object.hasOwn(REASON_CODES, code)) return reason(code as ReasonCode)
    if (Object.hasOwn(PROBLEMS, code)) return problem(code as ProblemCode)
    throw new CliError(EXIT.no, 'code_unknown', {
      what: `\`${code}\` is no code of ours`,
      remedy: nearest(code) ?? '`surety reason-codes` lists them',
    })
  },
}

function every(): Answer {
  const entries = Object.entries(REASON_CODES).map(([code, type]) => ({ code, ...type }))
  const rows = entries.map((entry) => [entry.code, entry.outcome, entry.lift, entry.meaning])
  return {
    document: entries,
    lines: [
      ...table(['code', 'causes', 'lifted by', 'meaning'], rows, ''),
      '',
      'in order of precedence: of several the first is the primary reason of a decision',
    ],
  }
}

function reason(code: ReasonCode): Answer {
  const type = REASON_CODES[code]
  return {
    document: { code, ...type },
    lines: fields([
      ['code', code],
      ['class', type.class],
      ['causes', type.outcome],
      ['lifted by', type.lift === 'never' ? 'nobody' : type.lift],
      ['retry', type.retry],
      ['meaning', type.meaning],
      ['what helps', type.remedy],
    ]),
  }
}

function problem(code: ProblemCode): Answer {
  const { status, retry, title, remedy } = PROBLEMS[code]
  return {
    document: { code, status, retry, meaning: title, remedy },
    lines: fields([
      ['code', code],
      ['status', String(status)],
      ['retry', retry],
      ['meaning', title],
      ['what helps', remedy],
    ]),
  }
}

/** A code that shares a word, for whoever half remembers one. */
function nearest(code: string): string | undefined {
  const words = code.split('_')
  const near = [...Object.keys(REASON_CODES), ...Object.keys(PROBLEMS)].filter((each) =>
    words.some((word) => word.length > 3 && each.split('_').includes(word)),
  )
  return near.length === 0 ? undefined : `did you mean ${near.slice(0, 5).join(', ')}?`
}
