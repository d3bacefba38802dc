/** The commands of the guides that need a chain and a seller, run where there are both. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { applyProfile, grantTo, type Member } from '../support/house.ts'
import { buyingProfile, openTown, type Town } from '../x402/town.ts'
import { blocksIn, blocksOf, ROOT, whereIs } from './blocks.ts'

const PAGE = 'docs/guides/pay-an-x402-server.md'
const SECONDS_MAX = 60
const BANK = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'

let town: Town
let home: string
let variables: Readonly<Record<string, string>>
/** What the guide calls `send` and `coin`: tokens, and coin of the chain, from elsewhere. */
const bank = createServer(async (request, response) => {
  const [, to = '', value = '0'] = (request.url ?? '').split('/')
  if (value === 'coin') {
    await town.world.giveGas(to)
    response.end()
    return
  }
  await town.world.mint(BANK, BigInt(value))
  response.end(await town.world.transfer(BANK, to, BigInt(value)))
})

before(async () => {
  town = await openTown({ world: { sellers: ['express'] } })
  home = mkdtempSync(join(tmpdir(), 'surety-docs-'))
  await new Promise<void>((resolve) => bank.listen(0, '127.0.0.1', resolve))
  const address = bank.address()
  const { house, world } = town
  const acme = await house.member('organisation', ['grant'], ['grants:write', 'read'])
  const buyer = await house.member('agent', ['intent'], ['gates:write', 'read'])
  const { grantHash } = await grantTo(acme, buyer, { assets: [world.asset] })
  const named = buyingProfile({ ...town, agent: buyer })
  assert.ok(named.x402 !== undefined)
  const origins = named.x402.origins.map((each) => ({ ...each, alias: 'shop' }))
  await applyProfile(house, {
    ...named,
    x402: { ...named.x402, origins, schemes: ['exact', 'upto'] },
  })
  keep('operator', house.operator, 'person')
  keep('buyer', buyer, 'agent')
  variables = {
    SURETY_URL: house.running.url,
    SURETY_CREDENTIALS: join(home, 'operator.json'),
    acme: acme.principalId,
    shop: world.urls.express ?? '',
    asset: world.asset,
    grant: grantHash,
    key: buyer.apiKey,
    bank: `http://127.0.0.1:${String(typeof address === 'object' ? address?.port : 0)}`,
  }
})
after(async () => {
  bank.close()
  rmSync(home, { recursive: true, force: true })
  await town.close()
})

function keep(file: string, { apiKey, principalId }: Member, kind: string): void {
  const { tenantId, environment } = town.house.founded
  const { url } = town.house.running
  const schemaVersion = 'Credentials.v1'
  const own = { schemaVersion, url, tenantId, environment, principalId, kind, name: kind, apiKey }
  writeFileSync(join(home, `${file}.json`), JSON.stringify({ ...own, keys: [] }), { mode: 0o600 })
}

const PRELUDE = [
  'set -euo pipefail',
  "get() { node -p \"JSON.parse(require('node:fs').readFileSync(0, 'utf8')).$1\"; }",
  `as() { SURETY_CREDENTIALS="$1.json" surety "\${@:2}"; }`,
  'send() { curl -sf "$bank/$1/$2"; }',
  'coin() { curl -sf "$bank/$1/coin"; }',
].join('\n')

function run(script: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const path = `${join(ROOT, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`
  const env = { PATH: path, HOME: home, NO_COLOR: '1', ...variables }
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', `${PRELUDE}\n${script}`], { cwd: home, env, detached: true })
    const pieces: Buffer[] = []
    const give = setTimeout(() => process.kill(-Number(child.pid)), SECONDS_MAX * 1_000)
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
    child.stderr.on('data', (piece: Buffer) => pieces.push(piece))
    child.on('close', (code) => {
      clearTimeout(give)
      resolve({ code, output: Buffer.concat(pieces).toString('utf8') })
    })
  })
}

test('the commands of the guide on x402 buy, in the order they stand', async (t) => {
  const steps = blocksOf(PAGE).filter(({ mark }) => mark === 'town')
  const script = steps.map((step) => `printf '%s\\n' '--- ${whereIs(step)}'\n${step.text}\n`)
  const { code, output } = await run(script.join('\n'))
  assert.equal(code, 0, output.slice(-4_000))
  for (const seen of [
    /0\.250000 USD/,
    /answer +HTTP 200[\s\S]*settlement +captured[\s\S]*settlement +captured/,
    /x-surety-policy-decision: allow/i,
    /x-surety-settlement-status: captured/i,
    /x-surety-answer-of: shop/i,
    /"city":"Lisbon"/,
    /"code":"proxy_header_invalid"/,
    /allowed +0\.200000 USD on Base Sepolia \(200000\)/,
    /paid +0\.012345 USD/,
    /x-surety-captured: 25000 eip155/i,
  ]) {
    assert.match(output, seen)
  }
  t.diagnostic(`${String(steps.length)} blocks were executed`)
})

test('no page has a block for a town that no test runs', () => {
  const pages = blocksIn('sh').filter(({ mark }) => mark === 'town')
  assert.deepEqual([...new Set(pages.map(({ page }) => page))], [PAGE])
})
