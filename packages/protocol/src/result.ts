/**
 * The answer of anything that may be refused: a value, or the code of the refusal.
 *
 * Refusals are values; only faults (our own errors) are thrown.
 *
 * @module
 */
export type Result<Value, Refusal> = { readonly ok: true; readonly value: Value } | Refused<Refusal>

/** A refusal; `detail` is prose for a person, `params` what a program may need to go on. */
export interface Refused<Refusal> {
  readonly ok: false
  readonly refusal: Refusal
  readonly detail?: string
  readonly params?: Readonly<Record<string, string>>
}

/** The value that was asked for. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value }
}

/** A refusal; `detail` is prose for a person, never compared by a program. */
export function err<Refusal extends string>(
  refusal: Refusal,
  detail?: string,
  params?: Readonly<Record<string, string>>,
): Refused<Refusal> {
  const more = params === undefined ? {} : { params }
  return detail === undefined
    ? { ok: false, refusal, ...more }
    : { ok: false, refusal, detail, ...more }
}

/** A branch the types exclude; reaching it is a fault. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
