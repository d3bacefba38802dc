import { WebFailure } from '../ports/web.ts'

/** The errors of Node in our words; none of them names an address. */
export function failureOf(error: unknown, sent: 'no' | 'maybe'): unknown {
  const isOurs = error instanceof WebFailure || !(error instanceof Error)
  if (isOurs || error.name === 'AbortError') return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message
  if (code.startsWith('HPE_')) return new WebFailure('web_answer_invalid', sent, code)
  return new WebFailure('web_unreachable', sent, code)
}
