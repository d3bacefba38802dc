/** Proof: bundles that verify offline, lies that do not, and books that balance. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { bundle } from '@surety/domain'
import {
  fromBase64url,
  type Jwks,
  publicJwkOf,
  thumbprint,
  type VerificationReport,
} from '@surety/protocol'
import { readBundle, writeBundle } from '../local/bundle-directory.ts'
import { readJwks } from '../local/trusted-keys.ts'
import { formatMoney } from '../terminal/money.ts'
import { ASSET, type Balances, balances } from './moves.ts'
import type { Stage } from './stage.ts'
import type { Expect, Step, Told } from './step.ts'

type Files = ReadonlyMap<string, Uint8Array>

/** The steps that need to know where bundles go, and what there was at first. */
export function proofSteps(bundles: string, opening: () => Balances): readonly Step[] {
  return [
    {
      id: 'bundle_verified',
      title: 'Proof without a network',
      play: (stage, expect) => playBundles(stage, expect, bundles),
    },
    {
      id: 'tamper_detected',
      title: 'Lies in the proof',
      play: (stage, expect) => playTampering(stage, expect, bundles),
    },
    {
      id: 'books_balance',
      title: 'The books',
      play: (stage, expect) => playBooks(stage, expect, opening()),
    },
  ]
}

async function settledGates(stage: Stage): Promise<readonly string[]> {
  const query = { state: 'settled', limit: '200' }
  const page = await stage.operator.client.call('getGates', { query })
  return page.items.map(({ gateId }) => gateId)
}

async function playBundles(stage: Stage, expect: Expect, bundles: string): Promise<Told> {
  const trusted = readJwks(stage.jwksFile)
  const gateIds = await settledGates(stage)
  let passed = 0
  for (const gateId of gateIds) {
    const params = { gateId }
    const { files } = await stage.operator.client.call('getGatesBundle', { params })
    const entries = files.map(
      ({ path, content }) => [path, fromBase64url(content) as Uint8Array] as const,
    )
    writeBundle(join(bundles, gateId), new Map(entries))
    // From here on only what lies on the disk counts, and keys that came from elsewhere.
    const read = readBundle(join(bundles, gateId))
    const report = bundle.verify(read, trusted, stage.crypto)
    const receipts = [...read.keys()].filter((path) => /^receipts\/\d/.test(path))
    expect(report.ok && report.gateId === gateId, `the bundle verifies: ${whyNot(report)}`)
    expect(receipts.length >= 2, 'it holds the receipts')
    passed += report.summary.passed
  }
  expect(gateIds.length >= 4, 'every purchase of the story has its bundle')
  const [gateId] = gateIds
  return {
    outcome: 'verified',
    ...(gateId === undefined ? {} : { gateId }),
    story: [
      `${String(gateIds.length)} settled purchases exported as folders and verified with nothing but the folder and`,
      `Surety's public keys: ${String(passed)} checks passed, every decision made again to the same byte.`,
    ],
  }
}

function whyNot(report: VerificationReport): string {
  const failed = report.checks.filter(({ result }) => result === 'failed')
  return failed.map(({ check, reason }) => `${check} ${reason ?? ''}`).join(', ')
}

async function playTampering(stage: Stage, expect: Expect, bundles: string): Promise<Told> {
  const trusted = readJwks(stage.jwksFile)
  const [gateId] = await settledGates(stage)
  if (gateId === undefined) throw new Error('no gate was settled')
  const genuine = readBundle(join(bundles, gateId))
  const isCaught = (files: Files, keys: Jwks = trusted) => {
    const report = bundle.verify(files, keys, stage.crypto)
    const named = report.checks.find(({ result }) => result === 'failed')
    return !report.ok && named !== undefined
  }
  const paths = [...genuine.keys()]
  const flipped = paths.filter((path) => isCaught(withFlip(genuine, path)))
  const removed = paths.filter((path) => isCaught(without(genuine, path)))
  expect(bundle.verify(genuine, trusted, stage.crypto).ok, 'untouched it verifies')
  expect(flipped.length === paths.length, 'one flipped byte in any file is detected')
  expect(removed.length === paths.length, 'any missing file is detected')
  expect(isCaught(added(genuine)), 'a file too many is detected')
  expect(isCaught(genuine, foreign(trusted, stage)), 'keys of another house verify nothing')
  return {
    outcome: 'detected',
    gateId,
    story: [
      `One byte flipped in each of ${String(paths.length)} files, each file left out, one added, keys of another house:`,
      'detected every time, by name of file and reason.',
    ],
  }
}

function withFlip(files: Files, path: string): Files {
  const bytes = Uint8Array.from(files.get(path) ?? [])
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return new Map([...files, [path, bytes]])
}

function without(files: Files, path: string): Files {
  return new Map([...files].filter(([name]) => name !== path))
}

function added(files: Files): Files {
  return new Map([...files, ['receipts/9999-settlement-receipt.jws', new Uint8Array([65])]])
}

/** Keys of somebody else, for the same purposes and times. */
function foreign(trusted: Jwks, { crypto }: Stage): Jwks {
  const keys = trusted.keys.map((key) => {
    const publicKey = publicJwkOf(new Uint8Array(randomBytes(32)))
    return { ...key, ...publicKey, kid: thumbprint(publicKey, crypto) }
  })
  return { keys }
}

async function playBooks(stage: Stage, expect: Expect, opening: Balances): Promise<Told> {
  const all = await stage.operator.client.call('getAccounts', { query: {} })
  // What is on a chain was compared with it, in a step of its own.
  const accounts = all.filter(({ asset }) => asset === ASSET)
  const sum = (of: (account: (typeof accounts)[number]) => bigint) =>
    accounts.reduce((total, account) => total + of(account), 0n)
  const debits = sum((account) => BigInt(account.debits))
  const credits = sum((account) => BigInt(account.credits))
  const owed = sum(({ account, balance }) => (account.startsWith('rail:') ? 0n : BigInt(balance)))
  const owned = sum(({ account, balance }) => (account.startsWith('rail:') ? BigInt(balance) : 0n))
  const closing = await balances(stage)
  expect(debits === credits, 'all accounts sum to zero')
  expect(owed === owned, 'what is owed to everybody is what came in')
  expect(isConserved(opening, closing), 'what there was at first is there at last')
  expect(closing.held === '0', 'nothing is held any more')
  const { fsck } = await import('@surety/server')
  const found = await fsck(stage.dataDirectory)
  const problems = found.checks.flatMap((check) => check.problems)
  expect(found.ok, `everything in the data directory agrees: ${problems.slice(0, 3).join(', ')}`)
  const examined = found.checks.reduce((total, check) => total + check.examined, 0)
  return {
    outcome: 'balanced',
    amount: owned.toString(),
    asset: ASSET,
    story: [
      `${formatMoney(owned.toString(), ASSET)} came in = ${formatMoney(closing.payer, ASSET)} of Acme + ${formatMoney(closing.provider, ASSET)} of Nimbus + ${formatMoney(closing.held, ASSET)} held.`,
      `Every account sums to zero; ${String(examined)} facts, rows and signatures examined, all agree.`,
    ],
  }
}

/** Whether nothing was lost and nothing made. */
export function isConserved(opening: Balances, closing: Balances): boolean {
  const total = ({ payer, provider, held }: Balances) =>
    BigInt(payer) + BigInt(provider) + BigInt(held)
  return total(opening) === total(closing)
}
