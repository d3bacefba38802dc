/** The golden signatures of EIP-3009 and Permit2, and that no key leaves its file in the clear. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { toBase64url } from '@surety/protocol'
import { Failure, type Random } from '../../ports.ts'
import { openWallets } from './wallets.ts'

const vectors = new URL('../../../../../spec/vectors/eip3009/', import.meta.url)
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, vectors), 'utf8'))

interface Golden {
  readonly privateKeyHex: string
  readonly address: string
  readonly asset: string
  readonly transfer: {
    readonly to: string
    readonly value: string
    readonly validAfter: number
    readonly validBefore: number
    readonly nonce: string
  }
  readonly signature: string
}
const golden = read('valid/golden.json') as Golden
const transfer = {
  asset: golden.asset,
  ...golden.transfer,
  value: BigInt(golden.transfer.value),
}

/** Counts up, so that every draw differs and each run is the same. */
function counting(): Random {
  let drawn = 0
  return {
    bytes: (count) => {
      drawn += 1
      return Uint8Array.from({ length: count }, (_, i) => (drawn * 31 + i * 7) % 256)
    },
  }
}

function keysDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'surety-wallets-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'house.key'), `${toBase64url(new Uint8Array(32).fill(7))}\n`)
  return directory
}

const failing = (code: string) => (error: unknown) =>
  error instanceof Failure && error.code === code

test('the golden transfer has the golden signature', async (t) => {
  const wallets = openWallets(keysDirectory(t), counting())
  const imported = await wallets.import(golden.privateKeyHex)
  assert.deepEqual(imported, { ok: true, value: golden.address })
  assert.equal(await wallets.signTransfer(golden.address, transfer), golden.signature)
  assert.equal(await wallets.signTransfer(golden.address, transfer), golden.signature)
})

interface GoldenPermit extends Omit<Golden, 'transfer'> {
  readonly permit: Golden['transfer'] & { readonly facilitator: string }
}

test('the golden permit has the golden signature, and every member changes it', async (t) => {
  const { address, asset, permit, signature } = JSON.parse(
    readFileSync(new URL('../permit2/valid/golden.json', vectors), 'utf8'),
  ) as GoldenPermit
  const wallets = openWallets(keysDirectory(t), counting())
  await wallets.import(golden.privateKeyHex)
  const right = { asset, ...permit, value: BigInt(permit.value) }
  assert.equal(await wallets.signPermit(address, right), signature)
  const others = [
    { ...right, value: right.value + 1n },
    { ...right, to: address },
    { ...right, facilitator: address },
    { ...right, validAfter: 1 },
    { ...right, validBefore: right.validBefore - 1 },
    { ...right, nonce: `0${right.nonce.slice(1)}` },
    { ...right, asset: 'eip155:421614/erc20:0x75faf114eafb1bdbe2f0316df893fd58ce46aa4d' },
  ]
  const signatures = await Promise.all(others.map((each) => wallets.signPermit(address, each)))
  assert.equal(new Set([signature, ...signatures]).size, others.length + 1)
})

test('the one transaction a wallet signs lets Permit2 spend, so much of that token', async (t) => {
  const wallets = openWallets(keysDirectory(t), counting())
  await wallets.import(golden.privateKeyHex)
  const fees = { gas: 60_000n, feePerGas: 20n, tipPerGas: 1n }
  const approval = { asset: golden.asset, allowance: 255n, count: 7, ...fees }
  const { signed, transaction } = await wallets.signApproval(golden.address, approval)
  const { keccak256, parseTransaction, recoverTransactionAddress } = await import('viem')
  assert.equal(transaction, keccak256(signed as `0x${string}`))
  const { to, data, value, nonce, chainId } = parseTransaction(signed as `0x02${string}`)
  assert.equal(to, golden.asset.split(':').at(-1))
  const words = ['22d473030f116ddee9f6b43ac78ba3', 'ff'].map((word) => word.padStart(64, '0'))
  assert.deepEqual([data, value ?? 0n], [`0x095ea7b3${words.join('')}`, 0n])
  assert.deepEqual([nonce, chainId], [7, 84_532])
  const from = await recoverTransactionAddress({
    serializedTransaction: signed as `0x02${string}`,
  })
  assert.equal(from.toLowerCase(), golden.address)
  // Deterministic: signed again it is the same transaction.
  assert.deepEqual(await wallets.signApproval(golden.address, approval), { signed, transaction })
})

test('a signature is for one transfer: change a member and it is another', async (t) => {
  const wallets = openWallets(keysDirectory(t), counting())
  await wallets.import(golden.privateKeyHex)
  const others = [
    { ...transfer, value: transfer.value + 1n },
    { ...transfer, to: golden.address },
    { ...transfer, validAfter: 1 },
    { ...transfer, validBefore: transfer.validBefore - 1 },
    { ...transfer, nonce: `0${transfer.nonce.slice(1)}` },
    { ...transfer, asset: 'eip155:8453/erc20:0x833589fcd6edb6e08f4c7c32d4f71b54bda02913' },
  ]
  const signatures = await Promise.all(
    others.map((each) => wallets.signTransfer(golden.address, each)),
  )
  assert.equal(new Set([golden.signature, ...signatures]).size, others.length + 1)
})

test('what is no private key is refused, and not repeated', async (t) => {
  const wallets = openWallets(keysDirectory(t), counting())
  const { privateKeys, refusal } = read('refused/not-a-key.json') as {
    readonly privateKeys: readonly string[]
    readonly refusal: string
  }
  for (const text of privateKeys) {
    assert.deepEqual(await wallets.import(text), { ok: false, refusal }, text)
  }
  assert.deepEqual(await wallets.list(), [])
})

test('a wallet is made, kept, and there after a restart', async (t) => {
  const directory = keysDirectory(t)
  const random = counting()
  const first = openWallets(directory, random)
  const made = [await first.create(), await first.create()]
  assert.deepEqual(await first.list(), [...made].sort())
  const [address = ''] = made
  const signature = await first.signTransfer(address, transfer)
  const again = openWallets(directory, random)
  assert.deepEqual(await again.list(), [...made].sort())
  assert.equal(await again.signTransfer(address, transfer), signature)
})

test('a key is kept once and never overwritten, however often it is imported', async (t) => {
  const directory = keysDirectory(t)
  const wallets = openWallets(directory, counting())
  const results = await Promise.all(
    ['0x', ''].map((prefix) => wallets.import(`${prefix}${golden.privateKeyHex}`)),
  )
  const kept = { ok: true, value: golden.address }
  assert.deepEqual(results, [kept, kept])
  assert.deepEqual(readdirSync(join(directory, 'wallets')), [`${golden.address}.json`])
  const file = join(directory, 'wallets', `${golden.address}.json`)
  const text = readFileSync(file, 'utf8')
  assert.deepEqual(await openWallets(directory, counting()).import(golden.privateKeyHex), kept)
  assert.equal(readFileSync(file, 'utf8'), text)
  writeFileSync(file, text.replace(/"sealed":"./, '"sealed":"_'))
  const other = openWallets(directory, counting())
  await assert.rejects(other.import(golden.privateKeyHex), failing('wallet_key_unreadable'))
})

test('files are for their owner alone and hold no key', async (t) => {
  const directory = keysDirectory(t)
  const wallets = openWallets(directory, counting())
  await wallets.import(golden.privateKeyHex)
  const file = join(directory, 'wallets', `${golden.address}.json`)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(statSync(join(directory, 'wallets')).mode & 0o777, 0o700)
  const text = readFileSync(file, 'utf8')
  const key = Buffer.from(golden.privateKeyHex, 'hex')
  for (const encoding of ['hex', 'base64', 'base64url', 'latin1'] as const) {
    assert.ok(!text.includes(key.toString(encoding)), encoding)
  }
})

test('a key under another house key, changed, or under another name is not opened', async (t) => {
  const directory = keysDirectory(t)
  const wallets = openWallets(directory, counting())
  await wallets.import(golden.privateKeyHex)
  const other = await wallets.create()
  const file = (address: string) => join(directory, 'wallets', `${address}.json`)
  const kept = readFileSync(file(golden.address), 'utf8')
  const refuses = (address: string, code: string) =>
    assert.rejects(
      openWallets(directory, counting()).signTransfer(address, transfer),
      failing(code),
    )
  writeFileSync(file(other), kept)
  await refuses(other, 'wallet_key_unreadable')
  for (const changed of ['', '{}', kept.replace(/"sealed":"./, '"sealed":"_'), kept.slice(0, 90)]) {
    writeFileSync(file(golden.address), changed)
    await refuses(golden.address, 'wallet_key_unreadable')
  }
  writeFileSync(file(golden.address), kept)
  writeFileSync(join(directory, 'house.key'), `${toBase64url(new Uint8Array(32).fill(8))}\n`)
  await refuses(golden.address, 'wallet_key_unreadable')
  for (const name of ['0x', '../house', `0x${'0'.repeat(40)}`]) {
    await refuses(name, 'wallet_key_missing')
  }
})

test('nothing of the port and no error shows a key', async (t) => {
  const wallets = openWallets(keysDirectory(t), counting())
  await wallets.import(golden.privateKeyHex)
  await wallets.signTransfer(golden.address, transfer)
  const shown = [inspect(wallets, { depth: 9, showHidden: true })]
  const broken = [
    wallets.import(`${golden.privateKeyHex}00`),
    wallets.signTransfer(golden.address, { ...transfer, asset: 'USD/2' }),
    wallets.signTransfer(golden.address, { ...transfer, nonce: 'zz' }),
    wallets.signTransfer(golden.address, { ...transfer, to: '0x12' }),
  ]
  for (const each of await Promise.allSettled(broken)) shown.push(inspect(each, { depth: 9 }))
  assert.equal(shown.length, 5)
  for (const text of shown) assert.ok(!text.includes(golden.privateKeyHex.slice(0, 32)), text)
})
