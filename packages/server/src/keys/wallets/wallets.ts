/**
 * The keys that pay, one file each, sealed under the key of the house.
 *
 * A file is named after its address and holds AES-256-GCM of the private key; the address is
 * authenticated with it, so that files cannot be swapped. The sealing key is HKDF-SHA256 of
 * `house.key`, which is random: a slow derivation would protect nothing. What it protects against:
 * docs/adr/0028-wallet-keys-in-files.md.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  CHAIN_ASSETS,
  type ChainAsset,
  err,
  fromBase64url,
  fromHex,
  NETWORKS,
  type Network,
  ok,
  PERMIT2,
  parseJson,
  toBase64url,
  toHex,
  UPTO_PROXY,
} from '@surety/protocol'
import type { Hex, PrivateKeyAccount } from 'viem'
import type {
  PermitApproval,
  SignedTransaction,
  TransferAuthorization,
  TransferPermit,
  Wallets,
} from '../../ports/wallets.ts'
import { Failure, type Random } from '../../ports.ts'

const ADDRESS = /^0x[0-9a-f]{40}$/
const KEY_TEXT = /^(?:0x)?([0-9a-fA-F]{64})$/
/** SEC 2 §2.4.1: a private key is at least one and less than the order of the group. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const INFO = 'surety/wallet-key.v1'

/** EIP-3009, as EIP-712 states types. */
const TYPES = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const

/** Permit2's permit with the witness of `upto`: who is paid, who may take it, from when. */
const PERMIT_TYPES = {
  PermitWitnessTransferFrom: [
    { name: 'permitted', type: 'TokenPermissions' },
    { name: 'spender', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
    { name: 'witness', type: 'Witness' },
  ],
  TokenPermissions: [
    { name: 'token', type: 'address' },
    { name: 'amount', type: 'uint256' },
  ],
  Witness: [
    { name: 'to', type: 'address' },
    { name: 'facilitator', type: 'address' },
    { name: 'validAfter', type: 'uint256' },
  ],
} as const
/** `approve(address,uint256)` */
const APPROVE = '0x095ea7b3'

/** Opens the wallets beside the key of the house, in the directory that `createKeystore` made. */
export function openWallets(keysDirectory: string, random: Random): Wallets {
  const vault = new Vault(keysDirectory, random)
  const accounts = new Map<string, Promise<PrivateKeyAccount>>()
  const accountOf = (address: string): Promise<PrivateKeyAccount> => {
    let account = accounts.get(address)
    if (account === undefined) {
      account = accountFor(vault.open(address))
      accounts.set(address, account)
    }
    return account
  }
  const addressOf = async (key: Uint8Array) => (await accountFor(key)).address.toLowerCase()
  return {
    async create() {
      const key = newKey(random)
      const address = await addressOf(key)
      if (!vault.seal(address, key)) throw new Error('a random key was drawn twice')
      return address
    },
    async import(text) {
      const digits = KEY_TEXT.exec(text)?.[1]?.toLowerCase()
      const key = digits === undefined ? undefined : fromHex(digits)
      if (key === undefined || !isKey(key)) return err('wallet_key_invalid')
      const address = await addressOf(key)
      // One that is there is this one: an address has one key. It must open, to be of use.
      if (!vault.seal(address, key)) vault.open(address)
      return ok(address)
    },
    async list() {
      return vault.addresses()
    },
    async signTransfer(address, transfer) {
      return signWith(await accountOf(address), transfer)
    },
    async signPermit(address, permit) {
      return signPermitWith(await accountOf(address), permit)
    },
    async signApproval(address, approval) {
      return signApprovalWith(await accountOf(address), approval)
    },
  }
}

async function accountFor(key: Uint8Array): Promise<PrivateKeyAccount> {
  const { privateKeyToAccount } = await import('viem/accounts')
  return privateKeyToAccount(`0x${toHex(key)}`)
}

/** The domain is the registry's: an offer cannot choose what a signature is good for. */
function signWith(account: PrivateKeyAccount, transfer: TransferAuthorization): Promise<Hex> {
  const { asset, network } = placeOf(transfer.asset)
  return account.signTypedData({
    domain: {
      ...asset.domain,
      chainId: network.chainId,
      verifyingContract: asset.address as Hex,
    },
    types: TYPES,
    primaryType: 'TransferWithAuthorization',
    message: {
      from: account.address,
      to: transfer.to as Hex,
      value: transfer.value,
      validAfter: BigInt(transfer.validAfter),
      validBefore: BigInt(transfer.validBefore),
      nonce: `0x${transfer.nonce}`,
    },
  })
}

/** Permit2 is its own domain; the registry says which token, and who takes from it. */
function signPermitWith(account: PrivateKeyAccount, permit: TransferPermit): Promise<Hex> {
  const { asset, network } = placeOf(permit.asset)
  return account.signTypedData({
    domain: { name: 'Permit2', chainId: network.chainId, verifyingContract: PERMIT2 },
    types: PERMIT_TYPES,
    primaryType: 'PermitWitnessTransferFrom',
    message: {
      permitted: { token: asset.address as Hex, amount: permit.value },
      spender: UPTO_PROXY,
      nonce: BigInt(`0x${permit.nonce}`),
      deadline: BigInt(permit.validBefore),
      witness: {
        to: permit.to as Hex,
        facilitator: permit.facilitator as Hex,
        validAfter: BigInt(permit.validAfter),
      },
    },
  })
}

/** The one transaction a wallet signs: it lets Permit2 spend, by what the wallet signs besides. */
async function signApprovalWith(
  account: PrivateKeyAccount,
  approval: PermitApproval,
): Promise<SignedTransaction> {
  const { asset, network } = placeOf(approval.asset)
  const words = [PERMIT2.slice(2), approval.allowance.toString(16)]
  const signed = await account.signTransaction({
    type: 'eip1559',
    chainId: network.chainId,
    nonce: approval.count,
    gas: approval.gas,
    maxFeePerGas: approval.feePerGas,
    maxPriorityFeePerGas: approval.tipPerGas,
    to: asset.address as Hex,
    value: 0n,
    data: `${APPROVE}${words.map((word) => word.padStart(64, '0')).join('')}`,
  })
  const { keccak256 } = await import('viem')
  return { signed, transaction: keccak256(signed) }
}

function placeOf(id: string): { readonly asset: ChainAsset; readonly network: Network } {
  const asset = CHAIN_ASSETS.get(id)
  const network = asset === undefined ? undefined : NETWORKS.get(asset.network)
  if (asset === undefined || network === undefined) {
    throw new Error(`not an asset of a chain: ${id}`)
  }
  return { asset, network }
}

function isKey(key: Uint8Array): boolean {
  const number = BigInt(`0x${toHex(key)}`)
  return number > 0n && number < ORDER
}

function newKey(random: Random): Uint8Array {
  const key = random.bytes(32)
  // One draw in 2^128 is no key.
  return isKey(key) ? key : newKey(random)
}

class Vault {
  readonly #directory: string
  readonly #houseKey: string
  readonly #random: Random

  constructor(keysDirectory: string, random: Random) {
    this.#directory = join(keysDirectory, 'wallets')
    this.#houseKey = join(keysDirectory, 'house.key')
    this.#random = random
  }

  addresses(): readonly string[] {
    if (!existsSync(this.#directory)) return []
    const names = readdirSync(this.#directory).map((name) => name.replace(/\.json$/, ''))
    return names.filter((name) => ADDRESS.test(name)).sort()
  }

  /** Whether it was kept: false if there is a key for this address. Never overwrites one. */
  seal(address: string, key: Uint8Array): boolean {
    const salt = this.#random.bytes(16)
    const iv = this.#random.bytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey(salt), iv)
    cipher.setAAD(Buffer.from(address))
    const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
    const text = JSON.stringify({
      version: 1,
      address,
      salt: toBase64url(salt),
      iv: toBase64url(iv),
      sealed: toBase64url(new Uint8Array(sealed)),
    })
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const making = join(this.#directory, `${toHex(this.#random.bytes(8))}.new`)
    writeFileSync(making, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true })
    try {
      // Whole or not at all, and only where nothing is.
      linkSync(making, this.#file(address))
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
      throw error
    } finally {
      rmSync(making)
    }
  }

  open(address: string): Uint8Array {
    if (!ADDRESS.test(address) || !existsSync(this.#file(address))) {
      throw new Failure('wallet_key_missing', address)
    }
    const parsed = parseJson(readFileSync(this.#file(address), 'utf8'))
    const { salt, iv, sealed } = bytesOf(parsed.ok ? parsed.value : null)
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#sealingKey(salt), iv, {
        authTagLength: 16,
      })
      decipher.setAAD(Buffer.from(address))
      decipher.setAuthTag(sealed.subarray(-16))
      const key = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
      return new Uint8Array(key)
    } catch {
      // The reason could tell whoever tampers how far they came.
      throw new Failure('wallet_key_unreadable', address)
    }
  }

  #file(address: string): string {
    return join(this.#directory, `${address}.json`)
  }

  #sealingKey(salt: Uint8Array): Uint8Array {
    const house = fromBase64url(readFileSync(this.#houseKey, 'utf8').trim())
    if (house?.length !== 32) throw new Error('house.key does not hold 32 bytes')
    return new Uint8Array(hkdfSync('sha256', house, salt, INFO, 32))
  }
}

function bytesOf(value: unknown): Readonly<Record<'salt' | 'iv' | 'sealed', Uint8Array>> {
  const file = typeof value === 'object' && value !== null ? value : {}
  const member = (name: string): Uint8Array => {
    const text: unknown = Reflect.get(file, name)
    return (typeof text === 'string' ? fromBase64url(text) : undefined) ?? new Uint8Array(0)
  }
  return { salt: member('salt'), iv: member('iv'), sealed: member('sealed') }
}
