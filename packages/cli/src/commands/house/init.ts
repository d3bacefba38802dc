/** Makes a data directory: keys, an empty store, a tenant and its first operator. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '@surety/protocol'
import * as checks from '../../checks.ts'
import type { CommandSpec } from '../../command.ts'
import { type Credentials, credentialsText } from '../../local/credentials.ts'
import { targetFault, writeNew } from '../../local/files.ts'
import { URL_DEFAULT } from '../../session.ts'
import { fields, styled } from '../../terminal/render.ts'

export const OPERATOR_FILE = 'operator.credentials.json'

export const init: CommandSpec = {
  name: 'init <directory>',
  summary: 'make a data directory with keys and a first operator',
  examples: ['surety init ./data', 'surety init ./data --environment production --name "Olga"'],
  options: [
    {
      flags: '--environment <word>',
      about: 'sandbox never moves real money',
      choices: ['sandbox', 'production'],
      fallback: 'sandbox',
    },
    {
      flags: '--name <name>',
      about: 'the name of the first operator',
      fallback: 'Operator',
      check: checks.name,
    },
  ],
  run: async (given) => {
    const directory = given.arg(0)
    const { initHouse } = await import('@surety/server')
    const founded = await initHouse(directory, {
      environment: given.required('environment') as Environment,
      operatorName: given.required('name'),
    }).catch((fault: unknown) => {
      throw targetFault(directory, fault)
    })
    const { tenantId, environment, principalId, name, apiKey, keys } = founded
    const credentials: Credentials = {
      schemaVersion: 'Credentials.v1',
      url: URL_DEFAULT,
      tenantId,
      environment,
      principalId,
      kind: 'person',
      name,
      apiKey,
      keys,
    }
    const file = join(directory, OPERATOR_FILE)
    try {
      writeNew(file, credentialsText(credentials), true)
    } catch (fault) {
      // A house whose only operator has no key can never be entered: none of it stays.
      rmSync(directory, { recursive: true, force: true })
      throw fault
    }
    const next = `surety serve --data ${directory}`
    return {
      document: { directory, credentials: file, tenantId, environment, principalId, name, apiKey },
      lines: [
        `${styled('green', '✓')} ${directory} is ready`,
        ...fields([
          ['  operator', name],
          ['  environment', environment],
          ['  credentials', `${file} (keep it; it holds the only copy of the private keys)`],
          ['  API key', `${apiKey} (shown this once)`],
        ]),
        '',
        'Next:',
        `  ${next}`,
        `  export SURETY_CREDENTIALS=${file}`,
      ],
    }
  },
}
