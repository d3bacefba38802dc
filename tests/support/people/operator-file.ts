/**
 * The credentials file of a test house's operator, as `surety init` would have written it.
 *
 * @module
 */
import type { TestHouse } from '../house.ts'

export function operatorFile({ founded, running }: TestHouse): string {
  const { tenantId, environment, principalId, apiKey, keys } = founded
  return JSON.stringify({
    schemaVersion: 'Credentials.v1',
    url: running.url,
    tenantId,
    environment,
    principalId,
    kind: 'person',
    name: 'Olga',
    apiKey,
    keys,
  })
}
