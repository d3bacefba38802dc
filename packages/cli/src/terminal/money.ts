/**
 * Amounts for people: exact, from minor units, without a floating number.
 *
 * @module
 */
import { ASSETS } from '@surety/protocol'

/** `2.50 USD`; the scale stands in the asset. Of one that is not ours, the minor units. */
export function formatMoney(amount: string, asset: string): string {
  const known = ASSETS.get(asset)
  const [symbol = asset, scale] = asset.split('/', 2)
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
