/** Where an address leads, against the registries of IANA and against every way to write one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { placeOf } from './address.ts'

const PLACES = {
  public: [
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001::1',
    '::ffff:8.8.8.8',
    '64:ff9b::808:808',
  ],
  internal: [
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fc00::1',
    'fdff::1',
    '::ffff:127.0.0.1',
    '::ffff:10.1.2.3',
    '64:ff9b::7f00:1',
    '0:0:0:0:0:ffff:7f00:1',
  ],
  forbidden: [
    '0.0.0.0',
    '0.1.2.3',
    '168.63.129.16',
    '::ffff:168.63.129.16',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '192.0.0.170',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::7f00:1',
    'fe80::1',
    'fe80::1%eth0',
    '::1%lo',
    'febf::1',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    'fd00:c1::a9fe:a9fe',
    'fd00:42::42',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::1',
    '3fff::1',
    '64:ff9b:1::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '::ffff:169.254.169.254',
    '::ffff:0:7f00:1',
    '100::1',
    '5f00::1',
    '',
    'localhost',
    '127.1',
    '0x7f000001',
  ],
} as const

for (const [place, addresses] of Object.entries(PLACES)) {
  test(`an address that is ${place} is told so`, (t) => {
    for (const address of addresses) assert.equal(placeOf(address), place, address)
    t.diagnostic(`${String(addresses.length)} addresses`)
  })
}

/** The same judgement, made naively on numbers. */
function naive(bytes: readonly number[]): string {
  const [a = 0, b = 0, , d = 0] = bytes
  const is = (...prefix: number[]) => prefix.every((each, i) => bytes[i] === each)
  const reserved =
    a === 0 || a >= 224 || is(169, 254) || is(192, 0, 0) || is(192, 0, 2) || is(192, 88, 99)
  const documents = is(198, 51, 100) || is(203, 0, 113) || (a === 198 && (b === 18 || b === 19))
  if (reserved || documents || (is(100, 100, 100) && d === 200)) return 'forbidden'
  const shared = a === 100 && b >= 64 && b < 128
  const isPrivate = a === 10 || a === 127 || (a === 172 && b >= 16 && b < 32) || is(192, 168)
  return shared || isPrivate ? 'internal' : 'public'
}

const byte = fc.integer({ min: 0, max: 255 })
const edge = fc.constantFrom(0, 2, 10, 88, 99, 100, 113, 127, 168, 169, 172, 192, 198, 203, 254)
const four = fc.tuple(fc.oneof(edge, byte), fc.oneof(edge, byte), fc.oneof(edge, byte), byte)

test('every IPv4 address is judged alike bare, mapped into IPv6, through NAT64, and as a URL', () => {
  fc.assert(
    fc.property(four, (bytes) => {
      const dotted = bytes.join('.')
      const place = naive(bytes)
      assert.equal(placeOf(dotted), place, dotted)
      assert.equal(placeOf(`::ffff:${dotted}`), place)
      const [a, b, c, d] = bytes
      const hex = [a * 256 + b, c * 256 + d].map((each) => each.toString(16)).join(':')
      assert.equal(placeOf(`64:ff9b::${hex}`), place)
      const number = ((a * 256 + b) * 256 + c) * 256 + d
      for (const spelling of [
        String(number),
        `0x${number.toString(16)}`,
        `0${number.toString(8)}`,
        `0x${a.toString(16)}.${String(b)}.0${c.toString(8)}.${String(d)}`,
        `${String(a)}.${String(b)}.${String(c * 256 + d)}`,
      ]) {
        assert.equal(placeOf(new URL(`http://${spelling}/`).hostname), place, spelling)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('of IPv6 only global unicast is public, whatever the bits', () => {
  const groups = fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(groups, (bits) => {
      const address = bits.map((each) => each.toString(16)).join(':')
      if (placeOf(address) !== 'public') return
      const first = bits[0] ?? 0
      const isNat64 = first === 0x64 && bits[1] === 0xff9b
      const isMapped = bits.slice(0, 5).every((each) => each === 0) && bits[5] === 0xffff
      assert.ok((first >= 0x2000 && first < 0x4000) || isNat64 || isMapped, address)
    }),
  )
})
