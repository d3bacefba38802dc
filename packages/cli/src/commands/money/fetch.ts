/** Fetches a URL, and pays for it over x402 if policy, grant and the maximum allow. */
import { randomUUID } from 'node:crypto'
import { CHAIN_ASSETS, fromBase64url, NETWORKS } from '@surety/protocol'
import { type Client, type Fetched, fetchPaid, type Grant, type Purchase } from '@surety/sdk'
import * as checks from '../../checks.ts'
import type { Answer, CommandSpec, Given } from '../../command.ts'
import { EXIT, usageError } from '../../exit.ts'
import { readBytes, reserve } from '../../local/files.ts'
import { machine, openSession, type Session } from '../../session.ts'
import { formatMoney } from '../../terminal/money.ts'
import { fields, plain } from '../../terminal/render.ts'

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const TEXT_SHOWN_MAX = 4_096

export const fetchCommand: CommandSpec = {
  name: 'fetch <url>',
  summary: 'fetch a URL as an agent, and pay for it over x402 if policy allows',
  examples: [
    'surety fetch https://api.example/weather --max 0.05',
    'surety fetch https://api.example/report --max 2 --out report.pdf',
    'surety fetch https://api.example/translate --method POST --body ask.json --header "content-type: application/json" --max 0.10',
  ],
  options: [
    { flags: '--max <amount>', about: 'most to pay, like 0.05', required: true, check: decimal },
    { flags: '--asset <caip19>', about: 'to pay with (else USDC of the test or main network)' },
    {
      flags: '--grant <hash>',
      about: 'on what authority (else the one you hold)',
      check: checks.hash,
    },
    { flags: '--method <method>', about: 'of the request', choices: METHODS, fallback: 'GET' },
    { flags: '--header <header>', about: '"name: value"', many: true, check: header },
    { flags: '--body <file>', about: 'of the request; - is standard input' },
    { flags: '--out <file>', about: 'where the body goes; must not exist' },
    {
      flags: '--idempotency-key <key>',
      about: 'the name of this purchase: again under it, it is never paid twice',
    },
  ],
  connects: 'server',
  run: async (given, host) => {
    const session = openSession(given, host)
    const key = given.text('idempotencyKey') ?? randomUUID()
    const purchase = await purchaseOf(given, session)
    const out = given.text('out')
    const place = out === undefined ? undefined : reserve(out)
    try {
      const party = session.credentials.keys.some(({ purpose }) => purpose === 'intent')
        ? session.party
        : undefined
      const { crypto } = machine
      host.say(`purchase ${key}`)
      const fetched = await fetchPaid(session.client, purchase, {
        crypto,
        party,
        idempotencyKey: key,
      })
      const body = fromBase64url(fetched.response?.body ?? '') ?? new Uint8Array(0)
      place?.fill(body)
      return told(fetched, body, out)
    } catch (error) {
      place?.giveUp()
      throw error
    }
  },
}

function decimal(text: string): string {
  if (/^(?:0|[1-9]\d{0,11})(?:\.\d{1,18})?$/.test(text)) return text
  throw usageError(`\`${text}\` is not an amount`, 'give one like 0.05')
}

function header(text: string): string {
  if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+:\s?[^\r\n]*$/.test(text)) return text
  throw usageError(`\`${text}\` is not a header`, 'give one like "accept: application/json"')
}

async function purchaseOf(given: Given, { client, credentials }: Session): Promise<Purchase> {
  const asset = given.text('asset') ?? usualAsset(credentials.environment)
  const file = given.text('body')
  const body =
    file === undefined ? {} : { bodyBase64: Buffer.from(readBytes(file)).toString('base64url') }
  return {
    url: checks.requestUrl(given.arg(0)),
    method: given.required('method') as (typeof METHODS)[number],
    headers: given.list('header').map((text) => {
      const colon = text.indexOf(':')
      return { name: text.slice(0, colon).toLowerCase(), value: text.slice(colon + 1).trim() }
    }),
    ...body,
    maximum: { amount: minorUnits(given.required('max'), asset), asset },
    grantHash: given.text('grant') ?? (await onlyGrant(client, credentials.principalId)),
  }
}

/** The first asset of the registry that this environment may pay with. */
function usualAsset(environment: string): string {
  for (const { id, network } of CHAIN_ASSETS.values()) {
    if (NETWORKS.get(network)?.environment === environment) return id
  }
  throw usageError(`${environment} has no usual asset`, 'name one with --asset')
}

function minorUnits(amount: string, asset: string): string {
  const decimals = CHAIN_ASSETS.get(asset)?.decimals
  if (decimals === undefined) {
    throw usageError(
      `\`${asset}\` is not an asset of a chain`,
      'see docs/reference/networks-and-assets.md',
    )
  }
  const [whole = '0', part = ''] = amount.split('.')
  if (part.length > decimals) {
    throw usageError(
      `\`${amount}\` is finer than the asset`,
      `give ${String(decimals)} decimals at most`,
    )
  }
  return String(BigInt(whole + part.padEnd(decimals, '0')))
}

/** The grant that this agent holds, if it is one. */
async function onlyGrant(client: Client, principalId: string): Promise<string> {
  const { items } = await client.call('getGrants', { query: { limit: '200' } })
  const now = new Date().toISOString()
  const held = items.filter(({ state, grant }) => {
    const { granteeId, expiresAt } = grant as Grant['grant'] & { expiresAt: string }
    return state === 'active' && granteeId === principalId && expiresAt >= now
  })
  const [only, another] = held
  if (only !== undefined && another === undefined) return only.grantHash
  const what = only === undefined ? 'you hold no grant that lives' : 'you hold more than one grant'
  throw usageError(what, 'name one with --grant; `surety grant list` shows them')
}

function told({ gate, probe, response }: Fetched, body: Uint8Array, out?: string): Answer {
  const settlement = gate?.settlement
  const lines = fields([
    ['answer', response === null ? 'none yet' : `HTTP ${String(response.status)}`],
    ['paid', gate === null ? 'nothing: it was free' : moneyOf(gate)],
    ['to', gate?.intent.payee],
    ['gate', gate?.gateId],
    ['settlement', settlement?.status],
    ['body', out === undefined ? undefined : `${String(body.length)} bytes in ${out}`],
  ])
  const isPaid = settlement?.status !== 'unknown'
  const shown = out === undefined && response !== null ? ['', ...textOf(body)] : []
  return {
    document: { gate, probe, response },
    lines: [...lines, ...shown],
    exit: isPaid ? EXIT.done : EXIT.no,
  }
}

function moneyOf({ intent, settlement }: NonNullable<Fetched['gate']>): string {
  const captured = settlement?.captured ?? '0'
  if (captured !== '0') return formatMoney(captured, intent.asset)
  return settlement?.status === 'unknown'
    ? `${formatMoney(intent.amount, intent.asset)}, perhaps: the chain decides; it is never paid twice`
    : 'nothing'
}

/** Attacker-controlled: what a seller answers is shown only where it is text, and no more of it. */
function textOf(body: Uint8Array): readonly string[] {
  const text = Buffer.from(body).toString('utf8')
  if (text.includes('\uFFFD')) return [`${String(body.length)} bytes that are no text; use --out`]
  const more = text.length > TEXT_SHOWN_MAX ? ['…; use --out for all of it'] : []
  return [...text.slice(0, TEXT_SHOWN_MAX).split('\n').map(plain), ...more]
}
