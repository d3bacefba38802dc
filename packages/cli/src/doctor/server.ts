/**
 * A server, looked at from outside: reachable, ready, of our time, and willing to let us in.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerError, ProblemError } from '@surety/sdk'
import type { CommandHost, Given } from '../command.ts'
import { CliError } from '../exit.ts'
import { isExposed, readCredentials } from '../local/credentials.ts'
import { clientFor, urlOf } from '../session.ts'
import type { Finding } from './finding.ts'

const SKEW_WARN_MS = 2_000
const SKEW_FAIL_MS = 60_000

export async function checkServer(given: Given, host: CommandHost): Promise<readonly Finding[]> {
  const credentials = credentialsFound(given, host)
  const findings: Finding[] = []
  if (credentials.finding !== undefined) findings.push(credentials.finding)
  const url = urlOf(given, host.env, credentials.url)
  const client = clientFor(url, credentials.apiKey)
  try {
    const { waiting } = await client.call('getReadyz')
    const found = `${url} is ready; ${String(waiting)} commands wait`
    findings.push({ check: 'server', result: 'ok', found })
  } catch (fault) {
    return [...findings, unreachable(url, fault, given)]
  }
  if (credentials.apiKey !== undefined) findings.push(...(await checkCaller(client)))
  return findings
}

interface Found {
  readonly url: string | undefined
  readonly apiKey: string | undefined
  readonly finding: Finding | undefined
}

/** The credentials that were named, or those that lie in the data directory. */
function credentialsFound(given: Given, { env }: CommandHost): Found {
  const data = given.text('data')
  const beside = data === undefined ? undefined : join(data, 'operator.credentials.json')
  const named = given.text('credentials') ?? env.SURETY_CREDENTIALS
  const path = named ?? (beside !== undefined && existsSync(beside) ? beside : undefined)
  if (path === undefined) return { url: undefined, apiKey: undefined, finding: undefined }
  try {
    const { url, apiKey, name } = readCredentials(path)
    const finding: Finding = isExposed(path)
      ? {
          check: 'credentials_file',
          result: 'fail',
          found: `others may read \`${path}\``,
          remedy: `chmod 600 ${path}, and rotate the keys in it`,
        }
      : { check: 'credentials_file', result: 'ok', found: `${path} of ${name}` }
    return { url, apiKey, finding }
  } catch (fault) {
    const found = fault instanceof Error ? fault.message : 'it cannot be read'
    const remedy = fault instanceof CliError ? fault.remedy : 'check the path'
    const finding: Finding = { check: 'credentials_file', result: 'fail', found, remedy }
    return { url: undefined, apiKey: undefined, finding }
  }
}

/** A server that nobody asked for may well be down; one that was named may not. */
function unreachable(url: string, fault: unknown, given: Given): Finding {
  const isUp = !(fault instanceof AnswerError && fault.code === 'unreachable')
  const found = isUp ? `${url} answers, but is not ready` : `${url} does not answer`
  const remedy = 'start it: surety serve --data DIR; or name another with --url'
  return { check: 'server', result: isNamed(given) || isUp ? 'fail' : 'warn', found, remedy }
}

function isNamed(given: Given): boolean {
  return given.text('server') !== undefined
}

async function checkCaller(client: ReturnType<typeof clientFor>): Promise<readonly Finding[]> {
  try {
    const before = Date.now()
    const { now, scopes } = await client.call('getWhoami')
    const between = (before + Date.now()) / 2
    const found = `the API key is accepted, with ${String(scopes.length)} scopes`
    return [{ check: 'api_key', result: 'ok', found }, checkSkew(Date.parse(now) - between)]
  } catch (fault) {
    const code = fault instanceof ProblemError ? fault.code : 'no answer'
    const remedy =
      fault instanceof ProblemError
        ? fault.problem.remedy
        : 'check that --url names the server that made these credentials'
    return [{ check: 'api_key', result: 'fail', found: `it is refused: ${code}`, remedy }]
  }
}

function checkSkew(skewMs: number): Finding {
  const size = Math.abs(Math.round(skewMs))
  const found = `${String(size)} ms ${skewMs < 0 ? 'behind' : 'ahead of'} this machine`
  if (size < SKEW_WARN_MS) return { check: 'clock', result: 'ok', found: `${found} at most` }
  const result = size < SKEW_FAIL_MS ? 'warn' : 'fail'
  const remedy = 'synchronise both clocks; what is signed here states the time of this machine'
  return { check: 'clock', result, found: `the server is ${found}`, remedy }
}
