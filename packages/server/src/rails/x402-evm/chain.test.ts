/** The adapter against a real chain, token, facilitator: what it says is what happened there. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type LocalWorld, PAYEES, startWorld } from '@surety/local-chain'
import { NETWORKS } from '@surety/protocol'
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  http,
  parseAbi,
  parseSignature,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { baseSepolia } from 'viem/chains'
import type { AuthorizationFact, AuthorizationQuery, Chain } from '../../ports/chain.ts'
import { Failure } from '../../ports.ts'
import { openChains } from './chain.ts'

const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const sponsor = privateKeyToAccount(`0x${'22'.repeat(32)}`)
const payer = account.address.toLowerCase()
const payTo = PAYEES.express
const ABI = parseAbi([
  'function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)',
  'function cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)',
])
const FOREVER = 4_102_444_800n

let world: LocalWorld
let chain: Chain
let token: `0x${string}`

before(async () => {
  world = await startWorld({ sellers: [] })
  chain = chainOf(world.rpcUrl)
  token = world.asset.split(':').at(-1) as `0x${string}`
  await world.mint(payer, 1_000_000_000n)
  await rpc('anvil_setBalance', sponsor.address, '0x56bc75e2d63100000')
})
after(() => world.stop())

function chainOf(url: string, spanMax?: bigint): Chain {
  const found = openChains({ 'eip155:84532': url }, spanMax).get('eip155:84532')
  assert.ok(found !== undefined)
  return found
}

async function rpc(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(world.rpcUrl, { method: 'POST', headers, body })
  return ((await answer.json()) as { readonly result: unknown }).result
}

const nonceOf = (n: number): string => n.toString(16).padStart(64, 'a')
const domain = () => ({ name: 'USDC', version: '2', chainId: 84_532, verifyingContract: token })
const wallet = () =>
  createWalletClient({ account: sponsor, chain: baseSepolia, transport: http(world.rpcUrl) })

const word = (name: string, type: string) => ({ name, type })

/** A node answers with the hash before the block is made. */
async function mined(hash: `0x${string}`): Promise<`0x${string}`> {
  const client = createPublicClient({ chain: baseSepolia, transport: http(world.rpcUrl) })
  await client.waitForTransactionReceipt({ hash, pollingInterval: 10 })
  return hash
}

interface Signed {
  readonly r: `0x${string}`
  readonly s: `0x${string}`
  readonly v: number
}

async function signTransfer(nonce: string, value: bigint): Promise<Signed> {
  const message = { from: payer, to: payTo, value, validAfter: 0n, validBefore: FOREVER }
  const signature = await account.signTypedData({
    domain: domain(),
    types: {
      TransferWithAuthorization: [
        ...[word('from', 'address'), word('to', 'address'), word('value', 'uint256')],
        ...[
          word('validAfter', 'uint256'),
          word('validBefore', 'uint256'),
          word('nonce', 'bytes32'),
        ],
      ],
    },
    primaryType: 'TransferWithAuthorization',
    message: { ...message, nonce: `0x${nonce}` },
  } as never)
  const { r, s, v } = parseSignature(signature)
  return { r, s, v: Number(v) }
}

/** Signs and sends a transfer, as any facilitator would. With a place of its own, it may wait. */
async function settle(nonce: string, value: bigint, txNonce?: number): Promise<`0x${string}`> {
  const { r, s, v } = await signTransfer(nonce, value)
  const sent = wallet().writeContract({
    address: token,
    abi: ABI,
    functionName: 'transferWithAuthorization',
    args: [payer as never, payTo, value, 0n, FOREVER, `0x${nonce}`, v, r, s],
    ...(txNonce === undefined ? {} : { nonce: txNonce, gas: 150_000n }),
  })
  return txNonce === undefined ? mined(await sent) : sent
}

/** Sends a transaction whose receipt is as long as one may be, after it called the token. */
async function settleAtLength(call: `0x${string}`): Promise<`0x${string}`> {
  const LOGS = 17
  const [push1, push2, push3, zero] = ['60', '61', '62', '6000']
  const log = `${push3}${(100_000).toString(16).padStart(6, '0')}${zero}a0`
  const data = call.slice(2)
  const size = `${push2}${(data.length / 2).toString(16).padStart(4, '0')}`
  const codeOf = (offset: number) => {
    const copy = `${size}${push2}${offset.toString(16).padStart(4, '0')}${zero}39`
    const pay = `${zero}${zero}${size}${zero}${push1}0073${token.slice(2)}5af150`
    return `${copy}${pay}${log.repeat(LOGS)}00`
  }
  const code = codeOf(codeOf(0).length / 2)
  const sent = await wallet().sendTransaction({ data: `0x${code}${data}`, gas: 16_700_000n })
  return mined(sent)
}

async function cancel(nonce: string): Promise<void> {
  const signature = await account.signTypedData({
    domain: domain(),
    types: { CancelAuthorization: [word('authorizer', 'address'), word('nonce', 'bytes32')] },
    primaryType: 'CancelAuthorization',
    message: { authorizer: payer, nonce: `0x${nonce}` },
  } as never)
  const { r, s, v } = parseSignature(signature)
  const sent = await wallet().writeContract({
    address: token,
    abi: ABI,
    functionName: 'cancelAuthorization',
    args: [payer as never, `0x${nonce}`, Number(v), r, s],
  })
  await mined(sent)
}

const query = (nonce: string, more: Partial<AuthorizationQuery> = {}): AuthorizationQuery => ({
  scheme: 'exact',
  asset: world.asset,
  payer,
  payTo,
  nonce,
  sinceBlock: 0n,
  ...more,
})

async function factOf(nonce: string, more: Partial<AuthorizationQuery> = {}) {
  const { facts } = await chain.authorizations([query(nonce, more)])
  const [fact] = facts
  assert.ok(fact !== undefined)
  return fact
}

test('a balance is what the token says', async () => {
  assert.equal(await chain.balance(world.asset, payer), await world.balance(payer))
  assert.equal(await chain.balance(world.asset, `0x${'9'.repeat(40)}`), 0n)
})

test('an authorization is unused, then used by one transfer, found with and without a hint', async () => {
  const nonce = nonceOf(1)
  assert.deepEqual(await factOf(nonce), { status: 'unused' })
  const { head } = await chain.view()
  const txHash = await settle(nonce, 10_000n)
  const fact = await factOf(nonce, { sinceBlock: head.number })
  assert.ok(fact.status === 'used')
  const { transfer, isFinal } = fact
  assert.equal(isFinal, true)
  assert.deepEqual(
    [transfer.txHash, transfer.from, transfer.to, transfer.value, transfer.nonce],
    [txHash, payer, payTo, 10_000n, nonce],
  )
  assert.deepEqual(await factOf(nonce, { hint: txHash }), fact)
  const [lies, other] = [`0x${'5'.repeat(64)}`, await settle(nonceOf(2), 1n)]
  for (const hint of [lies, other]) assert.deepEqual(await factOf(nonce, { hint }), fact)
  assert.deepEqual(await factOf(nonceOf(3), { hint: txHash }), { status: 'unused' })
})

test('a transaction of any length that is named or that pays hides nothing', async (t) => {
  const [honest, named, cashed] = [nonceOf(12), nonceOf(13), nonceOf(14)]
  const txHash = await settle(honest, 2n)
  const { r, s, v } = await signTransfer(cashed, 3n)
  const functionName = 'transferWithAuthorization'
  const args = [payer as never, payTo, 3n, 0n, FOREVER, `0x${cashed}`, v, r, s] as const
  const long = await settleAtLength(encodeFunctionData({ abi: ABI, functionName, args }))
  const receipt = JSON.stringify(await rpc('eth_getTransactionReceipt', long))
  t.diagnostic(`a receipt of ${String(receipt.length)} characters`)
  assert.ok(receipt.length > 3_000_000)
  const poisoned = Array.from({ length: 20 }, () => query(named, { hint: long }))
  const asked = [...poisoned, query(honest, { hint: long }), query(cashed), query(honest)]
  const { facts } = await chain.authorizations(asked)
  const found = facts.map((fact) => (fact.status === 'used' ? fact.transfer.txHash : fact.status))
  assert.deepEqual(found, [...poisoned.map(() => 'unused'), txHash, long, txHash])
  const fact = facts.at(-2)
  assert.ok(fact?.status === 'used')
  const { to, value, nonce } = fact.transfer
  assert.deepEqual([to, value, nonce], [payTo, 3n, cashed])
})

test('a cancelled authorization moved nothing', async () => {
  const nonce = nonceOf(4)
  await cancel(nonce)
  const fact = await factOf(nonce)
  assert.ok(fact.status === 'cancelled' && fact.isFinal)
  assert.match(fact.txHash, /^0x[0-9a-f]{64}$/)
})

test('what was spent before the block that is named is said to be spent, and not by whom', async () => {
  const nonce = nonceOf(5)
  await settle(nonce, 1n)
  await world.mine(2)
  const { head } = await chain.view()
  assert.deepEqual(await factOf(nonce, { sinceBlock: head.number }), { status: 'untraced' })
})

test('the same nonce of another payer is another authorization', async () => {
  await settle(nonceOf(6), 1n)
  const { facts } = await chain.authorizations([
    query(nonceOf(6)),
    query(nonceOf(6), { payer: payTo }),
    query(nonceOf(7)),
  ])
  assert.deepEqual(
    facts.map(({ status }) => status),
    ['used', 'unused', 'unused'],
  )
})

test('a transfer that a reorganisation undid was never made', async () => {
  const nonce = nonceOf(8)
  await settle(nonce, 1n)
  assert.equal((await factOf(nonce)).status, 'used')
  await world.reorganize(1)
  assert.deepEqual(await factOf(nonce), { status: 'unused' })
})

test('the clock of the chain is that of its blocks', async () => {
  const before = await chain.view()
  await world.warp(3_600)
  const { head, final } = await chain.view()
  assert.ok(head.at >= before.head.at + 3_600 && head.number > before.head.number)
  assert.deepEqual(final, head)
  assert.equal(NETWORKS.get('eip155:84532')?.confirmations, 0)
})

test('money that comes in is listed once, in order, with its authorization if it has one', async () => {
  const { head } = await chain.view()
  const fromBlock = head.number + 1n
  assert.deepEqual(await chain.inbound({ asset: world.asset, to: payTo, fromBlock }), {
    transfers: [],
    through: head.number,
  })
  await settle(nonceOf(9), 7n)
  await world.transfer(payer, payTo, 8n)
  await world.transfer(payer, PAYEES.hono, 9n)
  const { transfers, through } = await chain.inbound({ asset: world.asset, to: payTo, fromBlock })
  assert.deepEqual(
    transfers.map(({ from, to, value, nonce }) => [from, to, value, nonce]),
    [
      [payer, payTo, 7n, nonceOf(9)],
      [payer, payTo, 8n, null],
    ],
  )
  assert.equal(through, (await chain.view()).head.number)
  const rest = await chain.inbound({ asset: world.asset, to: payTo, fromBlock: through + 1n })
  assert.deepEqual(rest.transfers, [])
})

test('more blocks than one request may span are looked through in several', async () => {
  const narrow = chainOf(world.rpcUrl, 10n)
  const { head } = await chain.view()
  const nonces = [nonceOf(10), nonceOf(11)]
  for (const nonce of nonces) {
    await world.mine(14)
    await settle(nonce, 1n)
  }
  const queries = nonces.map((nonce) => query(nonce, { sinceBlock: head.number }))
  const { facts } = await narrow.authorizations(queries)
  assert.deepEqual(facts, (await chain.authorizations(queries)).facts)
  assert.deepEqual(
    facts.map(({ status }) => status),
    ['used', 'used'],
  )
  const seen: (string | null)[] = []
  let fromBlock = head.number + 1n
  for (let page = 0; page < 3; page += 1) {
    const found = await narrow.inbound({ asset: world.asset, to: payTo, fromBlock })
    assert.ok(found.through <= fromBlock + 9n)
    seen.push(...found.transfers.map(({ nonce }) => nonce))
    fromBlock = found.through + 1n
  }
  assert.deepEqual(seen, nonces)
})

test('a thousand authorizations are told apart within ten seconds', async (t) => {
  const COUNT = 1_000
  const { head } = await chain.view()
  const queries = Array.from({ length: COUNT }, (_, i) =>
    query(nonceOf(1_000 + i), { sinceBlock: head.number }),
  )
  await world.setAutomine(false)
  let place = Number(await rpc('eth_getTransactionCount', sponsor.address, 'latest'))
  const spent = queries.filter((_, i) => i % 2 === 0)
  for (let i = 0; i < spent.length; i += 50) {
    const chunk = spent.slice(i, i + 50)
    await Promise.all(chunk.map(({ nonce }) => settle(nonce, 3n, place++)))
    await world.mine(1)
  }
  await world.setAutomine(true)
  const started = performance.now()
  const { facts } = await chain.authorizations(queries)
  const took = performance.now() - started
  t.diagnostic(`${String(COUNT)} authorizations, half of them spent: ${took.toFixed(0)} ms`)
  const expected = (_: AuthorizationFact, i: number) => (i % 2 === 0 ? 'used' : 'unused')
  assert.deepEqual(
    facts.map(({ status }) => status),
    facts.map(expected),
  )
  assert.ok(
    facts.every((fact, i) => fact.status !== 'used' || fact.transfer.nonce === queries[i]?.nonce),
  )
  assert.ok(took < 10_000)
})

/** A node below the adapter, for what a real one does on bad days. */
async function nodeSaying(answer: (method: string) => unknown): Promise<{
  readonly url: string
  close(): void
}> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      type Call = { readonly id: number; readonly method: string }
      const body = JSON.parse(Buffer.concat(pieces).toString()) as Call | readonly Call[]
      const reply = (call: Call) => ({ jsonrpc: '2.0', id: call.id, result: answer(call.method) })
      const text = JSON.stringify('id' in body ? reply(body) : body.map(reply))
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${String(port)}/v2/secret`, close: () => server.close() }
}

const failing = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure && error.code === code, String(error))
  assert.doesNotMatch(`${error.message} ${String(error.cause)} ${error.stack ?? ''}`, /secret/)
  return true
}

test('a node of another chain is refused, and asked again later', async (t) => {
  let id = '0x1'
  const block = { number: '0x5', hash: '0xab', timestamp: '0x6' }
  const node = await nodeSaying((method) => (method === 'eth_chainId' ? id : block))
  t.after(() => node.close())
  const other = chainOf(node.url)
  await assert.rejects(other.view(), failing('chain_mismatch'))
  id = '0x14a34'
  assert.equal((await other.view()).head.number, 5n)
})

test('a node that is away, or answers nonsense, is a failure without its address', async (t) => {
  await assert.rejects(chainOf('http://127.0.0.1:1/secret').view(), failing('chain_unavailable'))
  for (const nonsense of [null, {}, 'x', { number: 'x', hash: '0x', timestamp: '0x' }, []]) {
    const node = await nodeSaying((method) => (method === 'eth_chainId' ? '0x14a34' : nonsense))
    t.after(() => node.close())
    const broken = chainOf(node.url)
    await assert.rejects(broken.view(), failing('chain_unavailable'))
    await assert.rejects(broken.balance(world.asset, payer), failing('chain_unavailable'))
    await assert.rejects(broken.authorizations([query(nonceOf(1))]), failing('chain_unavailable'))
  }
})
