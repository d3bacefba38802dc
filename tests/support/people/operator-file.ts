/**
 * Credentials files of a test house, as `surety init` and `surety principal register` write them.
 *
 * @module
 */
import { toBase64url } from '@surety/protocol'
import type { Member, TestHouse } from '../house.ts'

/** Of the operator who founded the house. */
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

/** Of somebody who was registered since. */
export function personFile({ founded, running }: TestHouse, member: Member): string {
  const { tenantId, environment } = founded
  const { principalId, apiKey, keys = [] } = member
  return JSON.stringify({
    schemaVersion: 'Credentials.v1',
    url: running.url,
    tenantId,
    environment,
    principalId,
    kind: 'person',
    name: 'a person',
    apiKey,
    keys: keys.map(({ kid, purpose, privateSeed }) => ({
      kid,
      purpose,
      privateSeed: toBase64url(privateSeed),
    })),
  })
}
