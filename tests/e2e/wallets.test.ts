/** Keys that people bring: what is refused leaves none behind, and one left behind can be used. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Id, mintId } from '@surety/protocol'
import { foundBeside, openHouse, type Tenancy, type TestHouse } from '../support/house.ts'

let house: TestHouse
before(async () => {
  house = await openHouse()
})
after(() => house.close())

const keyOf = (digit: string): string => `0x${digit.repeat(64)}`
const NOBODY = mintId('prn', 1_700_000_000_000 as never, 7n)

async function ownerIn(tenancy: Tenancy): Promise<Id<'prn'>> {
  return (await tenancy.member('organisation', [], ['read'])).principalId
}

function importFor(ownerId: Id<'prn'>, privateKey: string, { operator }: Tenancy = house) {
  return operator.client.call('postWalletsImport', { body: { ownerId, name: 'till', privateKey } })
}

const kept = (): readonly string[] => {
  const directory = join(house.directory, 'keys')
  const found = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return found.filter((name) => /wallets.0x/.test(name))
}

test('a key that is imported for nobody can be imported for its owner', async () => {
  await assert.rejects(importFor(NOBODY, keyOf('9')), { code: 'principal_not_found' })
  assert.deepEqual(kept(), [])
  const made = await importFor(await ownerIn(house), keyOf('9'))
  assert.equal(made.origin, 'imported')
  assert.equal(kept().length, 1)
})

test('a key of a wallet is imported no second time, in no scope', async () => {
  const before = kept()
  await assert.rejects(importFor(await ownerIn(house), keyOf('9')), {
    code: 'wallet_already_exists',
  })
  const beside = await foundBeside(house, { environment: 'sandbox' })
  const there = await ownerIn(beside)
  await assert.rejects(importFor(there, keyOf('9'), beside), { code: 'wallet_already_exists' })
  assert.deepEqual(kept(), before)
})

test('an owner who has a wallet brings no key into the house', async () => {
  const owner = await ownerIn(house)
  await importFor(owner, keyOf('8'))
  const before = kept()
  await assert.rejects(importFor(owner, keyOf('7')), { code: 'wallet_already_exists' })
  assert.deepEqual(kept(), before)
  await importFor(await ownerIn(house), keyOf('7'))
})

test('a key that was kept by a house that died before its wallet was made is taken again', async () => {
  // What the house does first, and then no more.
  const left = await house.running.app.wallets.import(keyOf('6'))
  assert.ok(left.ok)
  const made = await importFor(await ownerIn(house), keyOf('6'))
  assert.equal(made.address, left.value)
  await assert.rejects(importFor(await ownerIn(house), keyOf('6')), {
    code: 'wallet_already_exists',
  })
})
