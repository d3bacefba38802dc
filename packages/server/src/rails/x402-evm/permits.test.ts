/** Permits of Permit2 against a real chain: what was taken of one, by what, and what was not. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type LocalWorld, PAYEES, startWorld } from '@surety/local-chain'
import { PERMIT2, UPTO_PROXY } from '@surety/protocol'
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  type Hex,
  http,
  parseAbi,
  parseSignature,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { baseSepolia } from 'viem/chains'
import type { AuthorizationFact, AuthorizationQuery, Chain } from '../../ports/chain.ts'
import { openChains } from './chain.ts'

const account = privateKeyToAccount(`0x${'33'.repeat(32)}`)
const facilitator = privateKeyToAccount(`0x${'44'.repeat(32)}`)
const payer = account.address.toLowerCase()
const payTo = PAYEES.express
const MOST = 10_000n
const FOREVER = 4_102_444_800n
const ABI = parseAbi([
  'struct Permitted { address token; uint256 amount; }',
  'struct Permit { Permitted permitted; uint256 nonce; uint256 deadline; }',
  'struct Witness { address to; address facilitator; uint256 validAfter; }',
  'function settle(Permit permit, uint256 amount, address owner, Witness witness, bytes signature)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'function transferFrom(address from, address to, uint256 value) returns (bool)',
  'function invalidateUnorderedNonces(uint256 word, uint256 mask)',
  'function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)',
])

let world: LocalWorld
let chain: Chain
let token: Hex

before(async () => {
  world = await startWorld({ sellers: [] })
  const found = openChains({ [world.network]: world.rpcUrl }).get(world.network)
  assert.ok(found !== undefined)
  chain = found
  token = world.asset.split(':').at(-1) as Hex
  await world.mint(payer, 1_000_000_000n)
  for (const each of [account, facilitator]) await world.giveGas(each.address)
  await sent(account, token, 'approve', [PERMIT2, 1_000_000n])
})
after(() => world?.stop())

const client = () => createPublicClient({ chain: baseSepolia, transport: http(world.rpcUrl) })
const wallet = (from: typeof account) =>
  createWalletClient({ account: from, chain: baseSepolia, transport: http(world.rpcUrl) })

/** Sends a call and waits until it is in a block, done or undone. */
async function sentRaw(from: typeof account, to: Hex | null, data: Hex): Promise<Hex> {
  const hash = await wallet(from).sendTransaction({ to, data, gas: 1_000_000n })
  await client().waitForTransactionReceipt({ hash, pollingInterval: 10 })
  return hash
}

function sent(from: typeof account, to: string, functionName: string, args: readonly unknown[]) {
  return sentRaw(from, to as Hex, encodeFunctionData({ abi: ABI, functionName, args } as never))
}

let drawn = 0
/** Each in a word of its own, or beside others. */
const nonceOf = (word: number): string => word.toString(16).padStart(62, 'c').concat(bit())
const bit = () => (++drawn % 256).toString(16).padStart(2, '0')

interface Permit {
  readonly nonce: string
  readonly by: Hex
}

async function settleArgs({ nonce, by }: Permit, amount: bigint): Promise<readonly unknown[]> {
  const field = (name: string, type: string) => ({ name, type })
  const permitted = { token, amount: MOST }
  const witness = { to: payTo as Hex, facilitator: by, validAfter: 0n }
  const message = { permitted, spender: UPTO_PROXY as Hex, nonce: BigInt(`0x${nonce}`) }
  const signature = await account.signTypedData({
    domain: { name: 'Permit2', chainId: 84_532, verifyingContract: PERMIT2 },
    types: {
      PermitWitnessTransferFrom: [
        field('permitted', 'TokenPermissions'),
        field('spender', 'address'),
        field('nonce', 'uint256'),
        field('deadline', 'uint256'),
        field('witness', 'Witness'),
      ],
      TokenPermissions: [field('token', 'address'), field('amount', 'uint256')],
      Witness: [
        field('to', 'address'),
        field('facilitator', 'address'),
        field('validAfter', 'uint256'),
      ],
    },
    primaryType: 'PermitWitnessTransferFrom',
    message: { ...message, deadline: FOREVER, witness },
  })
  const permit = { permitted, nonce: message.nonce, deadline: FOREVER }
  return [permit, amount, account.address, witness, signature]
}

async function settle(nonce: string, amount: bigint): Promise<Hex> {
  const args = await settleArgs({ nonce, by: facilitator.address }, amount)
  return sent(facilitator, UPTO_PROXY, 'settle', args)
}

async function factOf(
  nonce: string,
  more: Partial<AuthorizationQuery> = {},
): Promise<AuthorizationFact> {
  const query = { scheme: 'upto', asset: world.asset, payer, payTo, nonce, sinceBlock: 0n } as const
  const { facts } = await chain.authorizations([{ ...query, ...more }])
  const [fact] = facts
  assert.ok(fact !== undefined)
  return fact
}

const taken = (fact: AuthorizationFact) =>
  fact.status === 'used' ? [fact.transfer.value, fact.transfer.txHash, fact.isFinal] : fact.status

test('a permit is unused until something is taken, and then used by that much', async () => {
  const nonce = nonceOf(1)
  assert.deepEqual(await factOf(nonce), { status: 'unused' })
  const hash = await settle(nonce, 4_200n)
  assert.deepEqual(taken(await factOf(nonce)), [4_200n, hash, true])
  assert.deepEqual(taken(await factOf(nonce, { hint: hash })), [4_200n, hash, true])
})

test('permits beside each other in one word, of one payer and payee, are told apart', async () => {
  const nonces = [nonceOf(2), nonceOf(2), nonceOf(2), nonceOf(2)]
  const amounts = [1n, 1n, 2n, MOST]
  const hashes: Hex[] = []
  for (const [i, nonce] of nonces.entries()) hashes.push(await settle(nonce, amounts[i] ?? 0n))
  const untouched = nonceOf(2)
  const asked = [...nonces, untouched].map((nonce) => ({
    ...{ scheme: 'upto' as const, asset: world.asset, payer, payTo, nonce, sinceBlock: 0n },
    // Somebody names the transaction of another.
    hint: hashes[0] ?? '',
  }))
  const { facts } = await chain.authorizations(asked)
  const expected = hashes.map((hash, i) => [amounts[i], hash, true])
  assert.deepEqual(facts.map(taken), [...expected, 'unused'])
})

test('the same permit is taken from once, whoever tries again', async () => {
  const nonce = nonceOf(3)
  const first = await settle(nonce, 5n)
  await settle(nonce, 7n)
  assert.deepEqual(taken(await factOf(nonce)), [5n, first, true])
})

test('a transaction that was undone, and said something else, is not what took', async () => {
  const nonce = nonceOf(4)
  const tooMuch = await settle(nonce, MOST + 1n)
  assert.deepEqual(await factOf(nonce, { hint: tooMuch }), { status: 'unused' })
  const real = await settle(nonce, 9n)
  assert.deepEqual(taken(await factOf(nonce, { hint: tooMuch })), [9n, real, true])
})

test('one of another amount, token or payee is not found for it', async () => {
  const nonce = nonceOf(5)
  await settle(nonce, 11n)
  assert.equal((await factOf(nonce, { payTo: PAYEES.hono })).status, 'untraced')
})

test('what the owner used up without moving anything is cancelled', async () => {
  const nonce = nonceOf(6)
  const number = BigInt(`0x${nonce}`)
  await sent(account, PERMIT2, 'invalidateUnorderedNonces', [number >> 8n, 1n << (number & 0xffn)])
  const fact = await factOf(nonce)
  assert.deepEqual([fact.status, 'isFinal' in fact && fact.isFinal], ['cancelled', true])
})

test('what is taken in a call of a contract is not read, and stays open: a person must look', async () => {
  // Nobody knows the contract's address before it is made: it is named, then made, then called.
  const maker = facilitator.address
  const count = await client().getTransactionCount({ address: maker })
  const { getContractAddress } = await import('viem')
  const contract = getContractAddress({ from: maker, nonce: BigInt(count) })
  // It calls the proxy with whatever it is called with.
  const forward = `3660006000376000600036600060007f${UPTO_PROXY.slice(2).padStart(64, '0')}5af100`
  const size = (forward.length / 2).toString(16).padStart(2, '0')
  await sentRaw(facilitator, null, `0x60${size}600c60003960${size}6000f3${forward}`)
  assert.ok(await chain.isContract(contract))
  const nonce = nonceOf(7)
  const args = await settleArgs({ nonce, by: contract }, 13n)
  const had = await world.balance(payTo)
  const hash = await sent(facilitator, contract, 'settle', args)
  assert.equal(await world.balance(payTo), had + 13n)
  assert.deepEqual(await factOf(nonce, { hint: hash }), { status: 'untraced' })
})

test('anybody may move nothing from payer to payee, and it is in nobody’s way', async () => {
  const nonce = nonceOf(8)
  for (let i = 0; i < 20; i += 1) {
    await sent(facilitator, token, 'transferFrom', [account.address, payTo, 0n])
  }
  const hash = await settle(nonce, 15n)
  assert.deepEqual(taken(await factOf(nonce)), [15n, hash, true])
})

test('what takes is found however long it was made, and whoever names it', async () => {
  const nonce = nonceOf(12)
  const args = await settleArgs({ nonce, by: facilitator.address }, 23n)
  const call = encodeFunctionData({ abi: ABI, functionName: 'settle', args } as never)
  const hash = await wallet(facilitator).sendTransaction({
    to: UPTO_PROXY,
    data: `${call}${'00'.repeat(150_000)}`,
    gas: 3_000_000n,
  })
  await client().waitForTransactionReceipt({ hash, pollingInterval: 10 })
  const { input } = await client().getTransaction({ hash })
  assert.ok(input.length > 300_000)
  assert.deepEqual(taken(await factOf(nonce, { hint: hash })), [23n, hash, true])
})

test('a permit and an EIP-3009 authorization of one number are two things', async () => {
  const nonce = nonceOf(9)
  await settle(nonce, 17n)
  assert.deepEqual(await factOf(nonce, { scheme: 'exact' }), { status: 'unused' })
  const other = nonceOf(9)
  const field = (name: string, type: string) => ({ name, type })
  const message = {
    from: account.address,
    to: payTo as Hex,
    value: 17n,
    nonce: `0x${other}` as Hex,
  }
  const signature = await account.signTypedData({
    domain: { name: 'USDC', version: '2', chainId: 84_532, verifyingContract: token },
    types: {
      TransferWithAuthorization: [
        field('from', 'address'),
        field('to', 'address'),
        field('value', 'uint256'),
        field('validAfter', 'uint256'),
        field('validBefore', 'uint256'),
        field('nonce', 'bytes32'),
      ],
    },
    primaryType: 'TransferWithAuthorization',
    message: { ...message, validAfter: 0n, validBefore: FOREVER },
  })
  const { r, s, v } = parseSignature(signature)
  const { from, to, value } = message
  await sent(facilitator, token, 'transferWithAuthorization', [
    ...[from, to, value, 0n, FOREVER, message.nonce],
    ...[Number(v), r, s],
  ])
  assert.equal((await factOf(other, { scheme: 'exact' })).status, 'used')
  assert.deepEqual(await factOf(other), { status: 'unused' })
})

test('what a reorganisation undid is unused again', async () => {
  const nonce = nonceOf(10)
  await settle(nonce, 19n)
  assert.equal((await factOf(nonce)).status, 'used')
  await world.reorganize(1)
  assert.deepEqual(await factOf(nonce), { status: 'unused' })
})

test('a thousand permits at once are a few questions, and each has its answer', async (t) => {
  const nonce = nonceOf(11)
  const hash = await settle(nonce, 21n)
  const others = Array.from({ length: 999 }, (_, i) => nonceOf(1_000 + i))
  const asked = [nonce, ...others].map((each) => ({
    ...{ scheme: 'upto' as const, asset: world.asset, payer, payTo, sinceBlock: 0n },
    nonce: each,
  }))
  const started = performance.now()
  const { facts } = await chain.authorizations(asked)
  t.diagnostic(`${String(Math.round(performance.now() - started))} ms`)
  assert.deepEqual(taken(facts[0] as AuthorizationFact), [21n, hash, true])
  assert.ok(facts.slice(1).every(({ status }) => status === 'unused'))
})
