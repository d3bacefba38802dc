/**
 * What the registry says of a problem.
 *
 * @module
 */
import type { Retry } from './reason-code.ts'

export interface ProblemType {
  readonly status: number
  readonly retry: Retry
  readonly title: string
  readonly remedy: string
}

export const problem = (
  status: number,
  retry: Retry,
  title: string,
  remedy: string,
): ProblemType => ({
  status,
  retry,
  title,
  remedy,
})
