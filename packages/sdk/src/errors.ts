/**
 * What a call may end with instead of an answer.
 *
 * @module
 */
import type { Problem } from '@surety/protocol'

/** The server refused, with a problem that says why and what helps. */
export class ProblemError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(
      `${problem.code}: ${problem.title}${problem.detail === undefined ? '' : ` (${problem.detail})`}`,
    )
    this.problem = problem
  }
  get code(): Problem['code'] {
    return this.problem.code
  }
}

/** No answer that can be relied upon: unreachable, not ours, or contradicting itself. */
export class AnswerError extends Error {
  readonly code: 'unreachable' | 'answer_malformed' | 'metadata_missing' | 'metadata_mismatch'
  constructor(code: AnswerError['code'], detail: string, cause?: unknown) {
    super(`${code}: ${detail}`, { cause })
    this.code = code
  }
}
