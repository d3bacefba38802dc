/**
 * The metrics of a house, as Prometheus would get them.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { TestHouse } from './house.ts'

export async function metricsOf({ running, operator }: TestHouse): Promise<string> {
  const headers = { authorization: `Bearer ${operator.apiKey}` }
  const answered = await fetch(`${running.url}/metrics`, { headers })
  assert.equal(answered.status, 200)
  assert.match(answered.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  return answered.text()
}

/** The value of one sample, named as it is written: `name{label="value"}`. */
export function sampleOf(text: string, name: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}
