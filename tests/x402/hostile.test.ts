/** What a hostile seller, a hostile URL or a hostile agent costs: nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { ProblemError } from '@surety/sdk'
import { buy, moneyOf, openTown, type Town } from './town.ts'

let town: Town
before(async () => {
  town = await openTown({ world: { sellers: ['express', 'hostile'] } })
})
after(() => town.close())

async function refusalOf(attempt: Promise<unknown>): Promise<{ code: string; text: string }> {
  try {
    const done = await attempt
    return { code: 'none', text: JSON.stringify(done).slice(0, 300) }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    return { code: error.code, text: JSON.stringify(error.problem) }
  }
}

const REFUSED: Readonly<Record<string, readonly [code: string, detail: RegExp]>> = {
  'look-alike-asset': ['offers_not_acceptable', /offer_asset_unknown/],
  'other-decimals': ['offers_not_acceptable', /offer_asset_mismatch/],
  'other-domain': ['offers_not_acceptable', /offer_asset_mismatch/],
  'main-network': ['offers_not_acceptable', /offer_network_not_allowed/],
  'unknown-network': ['offers_not_acceptable', /offer_network_unknown/],
  upto: ['offers_not_acceptable', /offer_facilitator_invalid/],
  'upto-no-facilitator': ['offers_not_acceptable', /offer_facilitator_invalid/],
  'upto-eip3009': ['offers_not_acceptable', /offer_method_unsupported/],
  'upto-upfront': ['offers_not_acceptable', /offer_flow_unsupported/],
  'batch-settlement': ['offers_not_acceptable', /offer_scheme_unsupported/],
  permit2: ['offers_not_acceptable', /offer_method_unsupported/],
  'number-amount': ['offers_not_acceptable', /offer_amount_invalid/],
  'overflowing-amount': ['offers_not_acceptable', /offer_amount_invalid/],
  'negative-amount': ['offers_not_acceptable', /offer_amount_invalid/],
  'zero-payee': ['offers_not_acceptable', /offer_payee_invalid/],
  'endless-validity': ['offers_not_acceptable', /offer_validity_invalid/],
  'many-offers': ['payment_required_invalid', /accepts/],
  'huge-terms': ['payment_required_invalid', /too long/],
  'no-terms': ['payment_required_missing', /./],
  'not-base64': ['payment_required_invalid', /not base64/],
  'not-json': ['payment_required_invalid', /JSON/],
  'version-one': ['payment_version_unsupported', /./],
  bomb: ['web_answer_too_large', /./],
}

test('every hostile offer is refused for what it is, and costs nothing', async (t) => {
  const before = await moneyOf(town)
  for (const [name, [code, detail]] of Object.entries(REFUSED)) {
    const refused = await refusalOf(buy(town, `/${name}`, { seller: 'hostile' }))
    assert.equal(refused.code, code, `${name}: ${refused.text}`)
    assert.match(refused.text, detail, name)
  }
  assert.deepEqual(await moneyOf(town), before)
  t.diagnostic(`${String(Object.keys(REFUSED).length)} offers`)
})

test('an amount beyond everything is not paid, and refused for being too much', async () => {
  let before = await moneyOf(town)
  // Also where something is counted already: it is no matter of counting.
  for (let round = 0; round < 2; round += 1) {
    const refused = await refusalOf(buy(town, '/huge-amount', { seller: 'hostile' }))
    assert.equal(refused.code, 'payment_denied')
    assert.match(refused.text, /"reasonCode":"irrevocable_not_allowed"/)
    const { available } = await moneyOf(town)
    assert.equal(available, before.available)
    await buy(town)
    before = await moneyOf(town)
  }
})

test('a redirect to the metadata service is handed back, not followed', async () => {
  const { response, gate } = await buy(town, '/to-metadata', { seller: 'hostile' })
  assert.equal(response?.status, 302)
  assert.equal(gate, null)
})

test('a server sets no cookie with the agent, and says nothing in our name', async () => {
  const { response } = await buy(town, '/cookie-and-headers', { seller: 'hostile' })
  const names = response?.headers.map(([name]) => String(name)) ?? []
  assert.equal(response?.status, 200)
  assert.ok(!names.some((name) => name === 'set-cookie' || name.startsWith('x-surety-')))
})

test('a seller that asks again after it was handed a credential is not paid twice', async () => {
  const before = await moneyOf(town)
  const { gate } = await buy(town, '/greedy', { seller: 'hostile' })
  assert.equal(gate?.settlement?.status, 'unknown')
  const { booked, available, onChain } = await moneyOf(town)
  assert.deepEqual([booked, onChain], [before.booked, before.onChain])
  assert.equal(BigInt(before.available) - BigInt(available), 10_000n)
})

test('an agent cannot send a credential, a cookie or a word of ours', async () => {
  const before = await moneyOf(town)
  for (const name of ['PAYMENT-SIGNATURE', 'X-Payment', 'x-surety-policy-decision', 'Cookie']) {
    const headers = [{ name, value: 'x' }]
    const refused = await refusalOf(buy(town, '/weather', { headers }))
    assert.equal(refused.code, 'web_header_refused', name)
  }
  assert.deepEqual(await moneyOf(town), before)
})

async function fetching(url: string): Promise<{ code: string; text: string }> {
  const { grantHash } = town
  return refusalOf(town.agent.client.call('postFetch', { body: { url, grantHash } }))
}

test('no URL reaches what only the house can: nothing is sent, and the refusal tells no address', async () => {
  let reached = 0
  const inside = createServer((_, response) => {
    reached += 1
    response.end('secret')
  })
  inside.listen(0, '127.0.0.1')
  await once(inside, 'listening')
  const port = String((inside.address() as AddressInfo).port)
  try {
    const hosts = ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '2130706433', '[::ffff:7f00:1]']
    for (const host of hosts) {
      const refused = await fetching(`http://${host}:${port}/admin`)
      assert.notEqual(refused.code, 'none', host)
      assert.doesNotMatch(refused.text, /secret/)
    }
    for (const url of [
      'http://169.254.169.254/latest/meta-data/',
      'http://[fd00:ec2::254]/',
      'file:///etc/passwd',
      'gopher://127.0.0.1:6379/_INFO',
      `http://user:pass@127.0.0.1:${port}/`,
      'http://mail.example:25/',
    ]) {
      const refused = await fetching(url)
      assert.notEqual(refused.code, 'none', url)
    }
    assert.equal(reached, 0)
  } finally {
    inside.close()
  }
})
