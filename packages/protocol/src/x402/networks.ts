/**
 * The networks and the assets on them that may carry a payment, by their CAIP names.
 *
 * What is not listed here does not exist: an offer cannot bring its own token, decimals or EIP-712
 * domain. Published in spec/x402.md.
 *
 * @module
 */
import { ASSETS, type Asset, type AssetId } from '../money.ts'
import type { Environment } from '../schema.ts'

/** A blockchain that speaks the Ethereum JSON-RPC. */
export interface Network {
  /** CAIP-2: `eip155:84532`. */
  readonly network: string
  readonly name: string
  readonly chainId: number
  /** A main network moves real money and exists in production alone; a test network in sandbox. */
  readonly environment: Environment
  /** How many blocks on top of one make it final for us; on a test network none need be. */
  readonly confirmations: number
}

/** A token contract with EIP-3009, and the domain its signatures are made for. */
export interface ChainAsset extends Asset {
  readonly network: string
  /** `0x` and forty lower-case hexadecimal digits, as every address inside the house. */
  readonly address: string
  /** EIP-712: with the chain id and the address, what a signature is good for. */
  readonly domain: { readonly name: string; readonly version: string }
}

/** By CAIP-2 id. */
export const NETWORKS: ReadonlyMap<string, Network> = new Map(
  (
    [
      [84_532, 'Base Sepolia', 'sandbox', 0],
      [421_614, 'Arbitrum Sepolia', 'sandbox', 0],
      [8_453, 'Base', 'production', 12],
      [42_161, 'Arbitrum One', 'production', 20],
      [137, 'Polygon', 'production', 64],
      [43_114, 'Avalanche C-Chain', 'production', 6],
      [1, 'Ethereum', 'production', 12],
    ] as const
  ).map(([chainId, name, environment, confirmations]) => {
    const network = `eip155:${String(chainId)}`
    return [network, { network, name, chainId, environment, confirmations }]
  }),
)

const usdc = (chainId: number, address: string, name: 'USDC' | 'USD Coin'): ChainAsset => {
  const network = `eip155:${String(chainId)}`
  const id = `${network}/erc20:${address}`
  return { id, network, address, decimals: 6, unit: 'USD', domain: { name, version: '2' } }
}

/** By CAIP-19 id. The issuer's own contracts; a bridged look-alike is another asset. */
export const CHAIN_ASSETS: ReadonlyMap<AssetId, ChainAsset> = new Map(
  [
    usdc(84_532, '0x036cbd53842c5426634e7929541ec2318f3dcf7e', 'USDC'),
    usdc(421_614, '0x75faf114eafb1bdbe2f0316df893fd58ce46aa4d', 'USD Coin'),
    usdc(8_453, '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913', 'USD Coin'),
    usdc(42_161, '0xaf88d065e77c8cc2239327c5edb3a432268e5831', 'USD Coin'),
    usdc(137, '0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', 'USD Coin'),
    usdc(43_114, '0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e', 'USD Coin'),
    usdc(1, '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 'USD Coin'),
  ].map((asset) => [asset.id, asset]),
)

/** Uniswap's Permit2, where every network has it: an allowance to it is what its permits spend. */
export const PERMIT2 = '0x000000000022d473030f116ddee9f6b43ac78ba3'
/** What takes the money of an `upto` credential, where every network has it. */
export const UPTO_PROXY = '0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002'

/** An asset of any rail, for its decimals and unit. */
export function assetOf(id: AssetId): Asset | undefined {
  return ASSETS.get(id) ?? CHAIN_ASSETS.get(id)
}
