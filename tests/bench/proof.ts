/**
 * What it costs to check a proof: whole bundles in one process, and `surety verify` from cold.
 *
 * @module
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '@surety/domain'
import { fromBase64url, type Jwks } from '@surety/protocol'
import { nodeCrypto } from '@surety/server'
import { purchase } from '../support/house.ts'
import type { BenchHouse } from './house.ts'
import { round } from './wire.ts'

const SURETY = fileURLToPath(new URL('../../packages/cli/bin/surety.js', import.meta.url))
const SECONDS = 2
const COLD_RUNS = 5

export async function verification(house: BenchHouse): Promise<readonly object[]> {
  const { gateId } = await purchase(house.market, '1')
  const exported = await house.operator.client.call('getGatesBundle', { params: { gateId } })
  const jwks = (await house.operator.client.call('getWellKnownJwksJson')) as unknown as Jwks
  const files = new Map(
    exported.files.map(({ path, content }) => [path, fromBase64url(content) as Uint8Array]),
  )
  return [warm(files, jwks), cold(house, files, jwks)]
}

type Files = ReadonlyMap<string, Uint8Array>

function warm(files: Files, jwks: Jwks): object {
  const receipts = [...files.keys()].filter((path) => path.startsWith('receipts/')).length
  let bundles = 0
  const started = performance.now()
  while (performance.now() - started < SECONDS * 1_000) {
    if (!bundle.verify(files, jwks, nodeCrypto).ok) throw new Error('a bundle does not verify')
    bundles += 1
  }
  const seconds = (performance.now() - started) / 1_000
  return {
    figure: 'offline verification',
    bundlesPerSecond: Math.round(bundles / seconds),
    receiptsPerSecond: Math.round((bundles * receipts) / seconds),
  }
}

/** A new process each time, with nothing but the bundle and the keys. */
function cold(house: BenchHouse, files: Files, jwks: Jwks): object {
  const directory = join(dirname(house.directory), 'bundle')
  const keys = join(dirname(house.directory), 'jwks.json')
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), bytes)
  }
  writeFileSync(keys, JSON.stringify(jwks))
  const times = Array.from({ length: COLD_RUNS }, () => {
    const started = performance.now()
    execFileSync(process.execPath, [SURETY, 'verify', directory, '--keys', keys], {
      stdio: 'ignore',
    })
    return performance.now() - started
  })
  rmSync(directory, { recursive: true })
  const sorted = times.toSorted((a, b) => a - b)
  return {
    figure: 'cold surety verify',
    firstMs: round(times[0] ?? 0),
    bestMs: round(sorted[0] ?? 0),
  }
}
