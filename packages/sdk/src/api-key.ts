/**
 * Making API keys, whose secret an answer carries only once.
 *
 * @module
 */
import type { ApiKey, Operations } from './api.gen.ts'
import type { Client } from './client.ts'
import { AnswerError } from './errors.ts'

export type SecretApiKey = ApiKey & { readonly secret: string }

/** How often a key is given another secret because the answer with it was lost on the way. */
const ROTATIONS_MAX = 3

/**
 * Makes an API key. Where the answer with its secret was lost, and the same command was answered
 * again without it, the key is given another.
 */
export async function newApiKey(
  client: Client,
  body: Operations['postApiKeys']['body'],
): Promise<SecretApiKey> {
  const key = await client.call('postApiKeys', { body })
  return isSecret(key) ? key : rotatedApiKey(client, key.keyId)
}

/** Gives an API key a new secret; the old one is refused from then on. */
export async function rotatedApiKey(client: Client, keyId: string): Promise<SecretApiKey> {
  for (let rotation = 1; rotation <= ROTATIONS_MAX; rotation += 1) {
    const key = await client.call('postApiKeysRotate', { params: { keyId } })
    if (isSecret(key)) return key
  }
  throw new AnswerError('answer_malformed', `no secret for ${keyId}`)
}

function isSecret(key: ApiKey): key is SecretApiKey {
  return key.secret !== undefined
}
