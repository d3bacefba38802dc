/**
 * Problems: every refusal and failure that a door may answer with, as RFC 9457 renders it.
 *
 * A code is stated as the fact, is never renamed and never used again for another fact.
 * Published as spec/problems.md.
 *
 * @module
 */

import { DOOR_PROBLEMS } from './door-problems.ts'
import { OUTSIDE_PROBLEMS } from './outside-problems.ts'
import { PATH_PROBLEMS } from './path-problems.ts'
import { PAYMENT_PROBLEMS } from './payment-problems.ts'
import { APPROVAL_PROBLEMS } from './people/approval-problems.ts'
import { CONTROL_PROBLEMS } from './people/control-problems.ts'
import type { ProblemType } from './problem-type.ts'
import type { Retry } from './reason-code.ts'

export const PROBLEMS = {
  ...DOOR_PROBLEMS,
  ...PATH_PROBLEMS,
  ...PAYMENT_PROBLEMS,
  ...OUTSIDE_PROBLEMS,
  ...APPROVAL_PROBLEMS,
  ...CONTROL_PROBLEMS,
} as const satisfies Readonly<Record<string, ProblemType>>

export type ProblemCode = keyof typeof PROBLEMS

/** The body of every refusal and failure (RFC 9457), media type `application/problem+json`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly instance?: string
  readonly code: ProblemCode
  readonly retry: Retry
  readonly remedy: string
  readonly params?: Readonly<Record<string, string>>
}

/** The one rendering of a problem. `type` is a page of the server that explains the code. */
export function renderProblem(
  code: ProblemCode,
  more: {
    readonly detail?: string | undefined
    readonly instance?: string | undefined
    readonly params?: Readonly<Record<string, string>> | undefined
  } = {},
): Problem {
  const { status, retry, title, remedy } = PROBLEMS[code]
  return {
    type: `/problems/${code}`,
    title,
    status,
    ...(more.detail === undefined || more.detail === '' ? {} : { detail: more.detail }),
    ...(more.instance === undefined ? {} : { instance: more.instance }),
    code,
    retry,
    remedy,
    ...(more.params === undefined ? {} : { params: more.params }),
  }
}
