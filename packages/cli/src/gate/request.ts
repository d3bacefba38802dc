/**
 * The request that a gate is about, from what was given on the command line.
 *
 * @module
 */
import { portableCrypto, type RequestFingerprint } from '@surety/protocol'
import { httpFingerprint } from '@surety/sdk'
import * as checks from '../checks.ts'
import type { Given, OptionSpec } from '../command.ts'
import { readBytes } from '../local/files.ts'

/** What fingerprints an HTTP request. */
export function requestOptions(isRequired: boolean): readonly OptionSpec[] {
  const required = isRequired ? ({ required: true } as const) : {}
  return [
    { flags: '--method <method>', about: 'of the request', check: methodText, ...required },
    { flags: '--url <url>', about: 'of the request', check: checks.requestUrl, ...required },
    { flags: '--body <file>', about: 'of the request; - is standard input' },
  ]
}

function methodText(text: string): string {
  return checks.word(text).toUpperCase()
}

export function requestOf(given: Given): RequestFingerprint {
  const file = given.text('body')
  const request = { method: given.required('method'), url: given.required('url') }
  const body = file === undefined ? '' : readBytes(file)
  return httpFingerprint({ ...request, body }, portableCrypto)
}
