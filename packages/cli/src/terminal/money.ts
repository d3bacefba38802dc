/**
 * Amounts for people: exact, from minor units, without a floating number.
 *
 * @module
 */
import { ASSETS, CHAIN_ASSETS, NETWORKS } from '@surety/protocol'

/** `2.50 USD`, `0.01 USD on Base Sepolia`; of an asset that is not ours, the minor units. */
export function formatMoney(amount: string, asset: string): string {
  const onChain = CHAIN_ASSETS.get(asset)
  const known = ASSETS.get(asset) ?? onChain
  const [name = asset, scale] = asset.split('/', 2)
  const symbol =
    onChain === undefined
      ? name
      : `${onChain.unit} on ${NETWORKS.get(onChain.network)?.name ?? name}`
  if (known === undefined && !/^\d{1,2}$/.test(scale ?? '')) return `${amount} of ${asset}`
  const decimals = known?.decimals ?? Number(scale)
  const negative = amount.startsWith('-')
  const digits = (negative ? amount.slice(1) : amount).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const part = decimals === 0 ? '' : `.${digits.slice(-decimals)}`
  return `${negative ? '-' : ''}${grouped(whole)}${part} ${symbol}`
}

/** `2.50 USD (250)`: with the minor units that every command takes. */
export function formatBoth(amount: string, asset: string): string {
  return `${formatMoney(amount, asset)} (${amount})`
}

function grouped(whole: string): string {
  return whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}
