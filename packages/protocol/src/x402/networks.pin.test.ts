/** The networks and assets as published: another address here is another token. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHAIN_ASSETS, NETWORKS, PERMIT2, UPTO_PROXY } from './networks.ts'

test('every network has its published environment and depth, and there is no other', () => {
  const found = [...NETWORKS.values()].map(({ network, name, environment, confirmations }) => [
    network,
    name,
    environment,
    confirmations,
  ])
  assert.deepEqual(found, [
    ['eip155:84532', 'Base Sepolia', 'sandbox', 0],
    ['eip155:421614', 'Arbitrum Sepolia', 'sandbox', 0],
    ['eip155:8453', 'Base', 'production', 12],
    ['eip155:42161', 'Arbitrum One', 'production', 20],
    ['eip155:137', 'Polygon', 'production', 64],
    ['eip155:43114', 'Avalanche C-Chain', 'production', 6],
    ['eip155:1', 'Ethereum', 'production', 12],
  ])
})

test('every asset has its published contract, scale and domain, and there is no other', () => {
  const found = [...CHAIN_ASSETS.values()].map(({ id, decimals, unit, domain }) => [
    id,
    decimals,
    unit,
    domain.name,
    domain.version,
  ])
  assert.deepEqual(found, [
    ['eip155:84532/erc20:0x036cbd53842c5426634e7929541ec2318f3dcf7e', 6, 'USD', 'USDC', '2'],
    ['eip155:421614/erc20:0x75faf114eafb1bdbe2f0316df893fd58ce46aa4d', 6, 'USD', 'USD Coin', '2'],
    ['eip155:8453/erc20:0x833589fcd6edb6e08f4c7c32d4f71b54bda02913', 6, 'USD', 'USD Coin', '2'],
    ['eip155:42161/erc20:0xaf88d065e77c8cc2239327c5edb3a432268e5831', 6, 'USD', 'USD Coin', '2'],
    ['eip155:137/erc20:0x3c499c542cef5e3811e1192ce70d8cc03d5c3359', 6, 'USD', 'USD Coin', '2'],
    ['eip155:43114/erc20:0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e', 6, 'USD', 'USD Coin', '2'],
    ['eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 6, 'USD', 'USD Coin', '2'],
  ])
})

test('what takes the money of `upto` is at the published addresses', () => {
  assert.equal(PERMIT2, '0x000000000022d473030f116ddee9f6b43ac78ba3')
  assert.equal(UPTO_PROXY, '0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002')
})
