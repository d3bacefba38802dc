/**
 * The books and budgets, done again from the journal with nothing but addition.
 *
 * On purpose it shares no code with the ledger, the store or the counters it checks.
 *
 * INVARIANT(books): every transfer has two sides; all accounts of an asset sum to zero.
 * INVARIANT(partition): released + refunded + captured + held = principal.
 * INVARIANT(budget): a counter is what was claimed, less what was given back.
 *
 * @module
 */
import type { Event } from '@surety/protocol'
import type { Findings } from './findings.ts'
import type { Stream } from './streams.ts'
import type { Row, Tables } from './tables.ts'

interface Movement {
  readonly transferId: string
  readonly debit: string
  readonly credit: string
  readonly amount: string
  readonly asset: string
}
interface Claim {
  readonly subject: string
  readonly asset: string
  readonly period: string
  readonly start: string | null
}
interface Receipt {
  readonly outcome: string
  readonly principal: string
  readonly released: string
  readonly refunded: string
  readonly captured: string
  readonly held: string
}
interface Authorization {
  readonly holdId: string
  readonly payerId: string
  readonly payee: string
  readonly rail: string
  readonly walletRef: string | null
  readonly amountMax: string
  readonly asset: string
}

/** What one authorized gate did to money so far. */
interface Holding {
  readonly authorization: Authorization
  readonly claims: readonly Claim[]
  held: bigint
  /** What has left the hold for good, to the payee or out of the house. */
  spent: bigint
}

/** The facts that come with a receipt of where the money is. */
const ENDS: ReadonlySet<string> = new Set([
  'gateHeldForReview',
  'gateSettled',
  'gateResolved',
  'holdbackReleased',
  'gateVoided',
  'gateExpired',
])
const TRANSFERS = 'SELECT scope, transfer, debit, credit, amount, asset FROM transfers'
const ACCOUNTS = 'SELECT scope, account, asset, debits, credits FROM accounts'
const COUNTERS =
  "SELECT scope, subject, asset, period, start, reserved, spent FROM counters WHERE period <> 'rate'"

export class Auditor {
  readonly #findings: Findings
  /** By scope and id: what the journal says was moved. */
  readonly #transfers = new Map<string, string>()
  readonly #counters = new Map<string, { reserved: bigint; spent: bigint }>()
  readonly #holds = new Map<string, bigint>()
  /** By scope and wallet: whose it is. */
  readonly #owners = new Map<string, string>()
  readonly #credited: {
    readonly name: string
    readonly wallet: string
    readonly credit: string
  }[] = []

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Takes in what a stream says about money. */
  read({ scope, kind, name, events }: Stream): void {
    if (kind === 'deposit') this.#readDeposit(scope.scope, name, events)
    if (kind === 'gate') this.#readGate(scope.scope, name, events)
    if (kind === 'inbound') this.#readInbound(scope.scope, name, events)
    if (kind === 'wallet') {
      const { walletId, ownerId } = (events[0] as Event).data as Record<string, string>
      this.#owners.set(`${String(scope.scope)} ${walletId}`, `principal:${ownerId}`)
    }
  }

  #readDeposit(scope: number, name: string, [event]: readonly Event[]): void {
    const { deposit, transfer } = (event as Event).data as {
      deposit: { principalId: string; amount: string; asset: string }
      transfer: Movement
    }
    const { principalId, amount, asset } = deposit
    const expected = { debit: 'rail:ledger', credit: `principal:${principalId}`, amount, asset }
    this.#move(scope, name, transfer, expected)
  }

  /** What came into a wallet: mirrored once, in suspense or the owner's, and moved on once. */
  #readInbound(scope: number, name: string, events: readonly Event[]): void {
    for (const { type, data } of events) {
      const { transfer, walletId, amount, asset } = { ...events[0]?.data, ...data } as unknown as {
        readonly transfer: Movement
        readonly walletId: string
        readonly amount: string
        readonly asset: string
      }
      const suspense = `suspense:${walletId}`
      const debit = type === 'inboundFunded' ? suspense : `rail:x402-evm/${walletId}`
      // Whose a wallet is stands in its own stream, which may be read later.
      const isOwned = transfer.credit.startsWith('principal:')
      const credit = isOwned || type === 'inboundFunded' ? transfer.credit : suspense
      if (type === 'inboundFunded' || isOwned) {
        const wallet = `${String(scope)} ${walletId}`
        this.#credited.push({ name, wallet, credit: transfer.credit })
      }
      this.#move(scope, name, transfer, { debit, credit, amount, asset })
    }
  }

  #readGate(scope: number, name: string, events: readonly Event[]): void {
    let holding: Holding | undefined
    for (const { type, data } of events) {
      if (type === 'gateAuthorized') {
        if (holding !== undefined) this.#findings.problem('holds', `${name}: authorized twice`)
        holding = this.#hold(scope, name, data as never)
      }
      // A rail may take less than is held; what it leaves goes back in a movement of its own.
      const { transfer, remainder, transfers } = data as Record<string, unknown>
      const one = [transfer, remainder].filter((each) => each !== null && each !== undefined)
      const said = (transfers ?? one) as readonly Movement[]
      if (ENDS.has(type))
        this.#end(scope, name, { ...(data as { receipt: Receipt }), said }, holding)
    }
    if (holding === undefined) return
    const { holdId, asset } = holding.authorization
    const account = `${String(scope)} hold:${holdId} ${asset}`
    if (this.#holds.has(account)) this.#findings.problem('holds', `${name}: a hold of another gate`)
    this.#holds.set(account, holding.held)
  }

  #hold(
    scope: number,
    name: string,
    data: { authorization: Authorization; claims: readonly Claim[]; transfer: Movement },
  ): Holding {
    const { authorization, claims, transfer } = data
    const { holdId, payerId, payee, amountMax, asset } = authorization
    if (payerId === payee) this.#findings.problem('holds', `${name}: who pays is who is paid`)
    const expected = { debit: `principal:${payerId}`, credit: `hold:${holdId}` }
    this.#move(scope, name, transfer, { ...expected, amount: amountMax, asset })
    for (const claim of claims) {
      const counter = this.#counter(scope, claim)
      counter.reserved += share(claim, amountMax)
    }
    return { authorization, claims, held: BigInt(amountMax), spent: 0n }
  }

  /** A receipt: what it says is gone since the one before has left the hold, and nothing else. */
  #end(
    scope: number,
    name: string,
    { receipt, said }: { readonly receipt: Receipt; readonly said: readonly Movement[] },
    holding: Holding | undefined,
  ): void {
    const { outcome, principal, released, refunded, captured, held } = receipt
    const isNamed = outcomesOf(receipt).includes(outcome)
    this.#findings.expect('holds', isNamed, `${name}: \`${outcome}\` is not what its parts say`)
    const parts = [released, refunded, captured, held].map(BigInt)
    const whole = parts.reduce((sum, part) => sum + part, 0n)
    const isWhole = whole === BigInt(principal)
    const isOwn = principal === (holding?.authorization.amountMax ?? '0')
    this.#findings.expect('holds', isWhole && isOwn, `${name}: the parts are not the principal`)
    if (holding === undefined) {
      if (said.length > 0) this.#findings.problem('holds', `${name}: it moves what it never held`)
      return
    }
    const { holdId, payerId, payee, asset, rail, walletRef } = holding.authorization
    const paid = BigInt(released) - holding.spent
    if (walletRef !== null && paid > 0n) {
      this.#findings.problem('holds', `${name}: the books paid what its rail pays`)
    }
    const owed = [
      { credit: `principal:${payee}`, amount: paid },
      { credit: `rail:${rail}/${String(walletRef)}`, amount: BigInt(captured) },
      { credit: `principal:${payerId}`, amount: BigInt(refunded) },
    ].filter(({ amount }) => amount !== 0n)
    const moved = owed.reduce((sum, { amount }) => sum + amount, 0n)
    const isLess = holding.held - moved === BigInt(held) && owed.every(({ amount }) => amount > 0n)
    this.#findings.expect('holds', isLess, `${name}: it holds another part than it says`)
    if (owed.length !== said.length) {
      const what = said.length < owed.length ? 'ends without a transfer' : 'moves what it holds'
      this.#findings.problem('holds', `${name}: it ${what}`)
    }
    for (const [i, made] of said.entries()) {
      const { credit = '', amount = 0n } = owed[i] ?? {}
      const expected = { debit: `hold:${holdId}`, credit, amount: String(amount), asset }
      this.#move(scope, name, made, expected)
    }
    this.#count(scope, holding, BigInt(held), holding.spent + paid + BigInt(captured))
  }

  /** A counter holds what is held and what is gone; a use is gone with the first unit. */
  #count(scope: number, holding: Holding, held: bigint, spent: bigint): void {
    for (const claim of holding.claims) {
      const counter = this.#counter(scope, claim)
      const before = standing(claim, holding.held, holding.spent)
      const after = standing(claim, held, spent)
      counter.reserved += after.reserved - before.reserved
      counter.spent += after.spent - before.spent
    }
    holding.held = held
    holding.spent = spent
  }

  #move(scope: number, name: string, made: Movement, expected: Omit<Movement, 'transferId'>): void {
    const { transferId, ...rest } = made
    const said = textOf(rest)
    if (said !== textOf(expected)) this.#findings.problem('holds', `${name}: ${transferId} is odd`)
    const key = `${String(scope)} ${transferId}`
    if (this.#transfers.has(key)) this.#findings.problem('books', `${transferId} stands twice`)
    this.#transfers.set(key, said)
  }

  #counter(scope: number, { subject, asset, period, start }: Claim) {
    const key = `${String(scope)} ${subject} ${asset} ${period} ${start ?? ''}`
    let counter = this.#counters.get(key)
    if (counter === undefined) {
      counter = { reserved: 0n, spent: 0n }
      this.#counters.set(key, counter)
    }
    return counter
  }

  /** Holds the tables against what the journal said. */
  finish(tables: Tables): void {
    this.#checkInbound()
    const balances = this.#sumTransfers(tables)
    this.#checkAccounts(tables, balances)
    this.#checkCounters(tables)
  }

  /** What came into a wallet is its owner's, and nobody else's. */
  #checkInbound(): void {
    for (const { name, wallet, credit } of this.#credited) {
      const isOwners = this.#owners.get(wallet) === credit
      this.#findings.expect('books', isOwners, `${name}: it was given to another than its owner`)
    }
  }

  /** The two sums of every account, from the transfers alone. */
  #sumTransfers(tables: Tables): Map<string, { debits: bigint; credits: bigint }> {
    const sums = new Map<string, { debits: bigint; credits: bigint }>()
    const sumOf = (key: string) => {
      const known = sums.get(key) ?? { debits: 0n, credits: 0n }
      sums.set(key, known)
      return known
    }
    for (const row of tables.rows(TRANSFERS)) {
      const { scope, transfer, debit, credit, amount, asset } = row as Record<string, string>
      const key = `${scope} ${transfer}`
      const said = this.#transfers.get(key)
      const isSaid = said === textOf({ debit, credit, amount: String(amount), asset } as Movement)
      this.#findings.expect('books', isSaid, `${transfer} is not as the journal says`)
      this.#transfers.delete(key)
      sumOf(`${scope} ${debit} ${asset}`).debits += BigInt(String(amount))
      sumOf(`${scope} ${credit} ${asset}`).credits += BigInt(String(amount))
    }
    for (const key of this.#transfers.keys()) {
      this.#findings.problem('books', `${key} is in the journal alone`)
    }
    return sums
  }

  #checkAccounts(tables: Tables, expected: Map<string, { debits: bigint; credits: bigint }>): void {
    const totals = new Map<string, bigint>()
    for (const row of tables.rows(ACCOUNTS)) {
      const { scope, account, asset } = row as Record<string, string>
      const debits = BigInt(String(row.debits))
      const credits = BigInt(String(row.credits))
      const key = `${scope} ${account} ${asset}`
      const sums = expected.get(key)
      const isFold = sums?.debits === debits && sums.credits === credits
      this.#findings.expect('books', isFold, `${account} ${asset} is not the sum of its transfers`)
      expected.delete(key)
      const isRail = String(account).startsWith('rail:')
      if ((isRail ? debits - credits : credits - debits) < 0n) {
        this.#findings.problem('books', `${account} ${asset} is below zero`)
      }
      const total = `${scope} ${asset}`
      totals.set(total, (totals.get(total) ?? 0n) + credits - debits)
      if (String(account).startsWith('hold:')) this.#checkHold(key, credits - debits)
    }
    for (const key of expected.keys()) this.#findings.problem('books', `${key} has no account`)
    for (const [key, total] of totals) {
      this.#findings.expect('books', total === 0n, `${key} sums to ${String(total)}, not to zero`)
    }
    for (const key of this.#holds.keys()) this.#findings.problem('holds', `${key} has no account`)
  }

  #checkHold(key: string, balance: bigint): void {
    const isSaid = this.#holds.get(key) === balance
    this.#findings.expect(
      'holds',
      isSaid,
      `${key} holds ${String(balance)}; its gate says otherwise`,
    )
    this.#holds.delete(key)
  }

  #checkCounters(tables: Tables): void {
    for (const row of tables.rows(COUNTERS)) {
      const { scope, subject, asset, period, start } = row as Record<string, string>
      const key = `${scope} ${subject} ${asset} ${period} ${start}`
      const expected = this.#counters.get(key)
      const isSum = expected?.reserved === row.reserved && expected?.spent === row.spent
      this.#findings.expect('counters', isSum && expected !== undefined, `${key}: ${inWords(row)}`)
      this.#counters.delete(key)
    }
    for (const key of this.#counters.keys()) {
      this.#findings.problem('counters', `${key} was claimed and is not counted`)
    }
  }
}

function inWords({ reserved, spent }: Row): string {
  return `${String(reserved)} reserved and ${String(spent)} spent is not what gates say`
}

function textOf({ debit, credit, amount, asset }: Omit<Movement, 'transferId'>): string {
  return `${debit} ${credit} ${amount} ${asset}`
}

/** A count counts uses; every other counter, minor units. */
function share({ period }: Claim, amount: string): bigint {
  return period === 'count' ? 1n : BigInt(amount)
}

/** The words for these parts. */
function outcomesOf({ principal, released, refunded, captured, held }: Receipt): readonly string[] {
  if (held !== '0') return ['held']
  if (captured !== '0') return ['captured']
  if (released === '0') return principal === '0' ? ['expired'] : ['refunded', 'voided', 'expired']
  return [refunded === '0' ? 'released' : 'split']
}

function standing({ period }: Claim, held: bigint, spent: bigint) {
  if (period !== 'count') return { reserved: held, spent }
  const isSpent = spent > 0n
  return { reserved: !isSpent && held > 0n ? 1n : 0n, spent: isSpent ? 1n : 0n }
}
