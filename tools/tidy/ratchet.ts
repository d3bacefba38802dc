/**
 * Excess that is known and may only shrink: `tools/ratchet.json` maps `rule path` to its size.
 *
 * @module
 */
import type { Finding } from './source.ts'

export type Ratchet = Readonly<Record<string, number>>

export function parseRatchet(text: string): Ratchet {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('tools/ratchet.json is not an object')
  }
  const entries = Object.entries(value).map(([key, size]): [string, number] => {
    if (typeof size !== 'number') throw new Error(`tools/ratchet.json: \`${key}\` is not a number`)
    return [key, size]
  })
  return Object.fromEntries(entries)
}

/** Sizes add up where the rule counts places, and the largest stands where it measures one. */
function sizes(findings: readonly Finding[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const { rule, path, size } of findings) {
    const key = `${rule} ${path}`
    const before = found.get(key) ?? 0
    found.set(key, size === 1 ? before + 1 : Math.max(before, size))
  }
  return found
}

/** The findings that the ratchet does not hold, and what is wrong with the ratchet itself. */
export function applyRatchet(
  findings: readonly Finding[],
  now: Ratchet,
  before: Ratchet,
): { readonly left: readonly Finding[]; readonly complaints: readonly string[] } {
  const found = sizes(findings)
  const isHeld = ({ rule, path }: Finding): boolean => {
    const key = `${rule} ${path}`
    return (found.get(key) ?? 0) <= (now[key] ?? 0)
  }
  const unneeded = Object.keys(now).filter((key) => !found.has(key))
  const risen = Object.entries(now).filter(([key, size]) => size > (before[key] ?? size))
  return {
    left: findings.filter((each) => !isHeld(each)),
    complaints: [
      ...unneeded.map((key) => `\`${key}\` is no longer needed: remove it`),
      ...risen.map(([key, size]) => `\`${key}\` rose from ${before[key]} to ${size}`),
    ],
  }
}
