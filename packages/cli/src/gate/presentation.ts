/**
 * What an executor presents: the authorization, and everything it binds.
 *
 * @module
 */
import {
  Authorization,
  parseAs,
  parseJson,
  type RequestFingerprint,
  readJws,
} from '@surety/protocol'
import type { Gate, Input } from '@surety/sdk'
import { CliError, EXIT, localError } from '../exit.ts'

type Presentation = Input<'postGatesExecute'>['body']

/** The signed authorization among the receipts of a gate. */
export function authorizationOf(gate: Gate): string {
  const found = gate.receipts?.find(({ type }) => type === 'Authorization.v1')
  if (found !== undefined) return found.jws
  throw new CliError(EXIT.no, 'gate_not_authorized', {
    what: `the gate is ${gate.state}; there is no authorization`,
    remedy: 'have it decided with `surety gate authorize`',
  })
}

/** The members of an authorization; its signature is for the house to check. */
function readAuthorization(jws: string): Authorization {
  const read = readJws(jws)
  const parsed = read.ok ? parseJson(read.value.payload) : read
  const shaped = parsed.ok ? parseAs(Authorization, parsed.value) : parsed
  if (shaped.ok) return shaped.value
  const what = `this is not an authorization: ${shaped.detail ?? shaped.refusal}`
  throw localError('authorization_invalid', what, 'give the signed Authorization.v1 of the gate')
}

/** Presents an authorization for what is really about to be done. */
export function presentationOf(jws: string, request: RequestFingerprint): Presentation {
  const { amountMax, asset, payee, rail, grantHash, policyHash, nonce, notAfter } =
    readAuthorization(jws)
  return {
    authorization: jws,
    request: request as Presentation['request'],
    amount: amountMax,
    asset,
    payee,
    rail,
    grantHash,
    policyHash,
    nonce,
    notAfter,
  }
}
