/**
 * What kind of place an IP address is, by the special-purpose registries of IANA.
 *
 * A host in a URL may be written in decimal, octal or hexadecimal; the URL parser has made one
 * spelling of it before it comes here.
 *
 * @module
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

/**
 * `internal` is loopback, private and shared address space: a profile may name an origin there.
 * `forbidden` never leads to a server that sells: link-local with the metadata services of clouds,
 * multicast, reserved and translated ranges.
 */
export type Place = 'public' | 'internal' | 'forbidden'

function blockList(family: 'ipv4' | 'ipv6', ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [net = '', bits] = range.split('/')
    list.addSubnet(net, Number(bits), family)
  }
  return list
}

const INTERNAL_4 = blockList('ipv4', [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
])

const FORBIDDEN_4 = blockList('ipv4', [
  '0.0.0.0/8',
  // Alibaba's metadata service, in the middle of shared address space.
  '100.100.100.200/32',
  // Azure's platform, which hands out certificates and keys of the machine.
  '168.63.129.16/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])

const INTERNAL_6 = blockList('ipv6', ['::1/128', 'fc00::/7'])
/** Metadata services in the middle of unique local addresses: Amazon, Google, Oracle, Scaleway. */
const METADATA_6 = blockList('ipv6', [
  'fd00:ec2::/32',
  'fd20:ce::/32',
  'fd00:c1::/32',
  'fd00:42::/32',
])
const GLOBAL_6 = blockList('ipv6', ['2000::/3'])
/** Parts of 2000::/3 that are for protocols, documents, or tunnels to any IPv4 address. */
const FORBIDDEN_6 = blockList('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])
/** IPv4 in other clothes: mapped (RFC 4291 §2.5.5.2), and the well-known NAT64 (RFC 6052 §2.1). */
const EMBEDDING_6 = blockList('ipv6', ['::ffff:0:0/96', '64:ff9b::/96'])

/** The place of an address as `node:net` writes it. What is no address is forbidden. */
export function placeOf(address: string): Place {
  if (isIPv4(address)) {
    if (FORBIDDEN_4.check(address)) return 'forbidden'
    return INTERNAL_4.check(address) ? 'internal' : 'public'
  }
  // Attacker-controlled: a zone index chooses a network interface.
  if (!isIPv6(address) || address.includes('%')) return 'forbidden'
  if (EMBEDDING_6.check(address, 'ipv6')) return placeOf(lastFourBytes(address))
  if (METADATA_6.check(address, 'ipv6')) return 'forbidden'
  if (INTERNAL_6.check(address, 'ipv6')) return 'internal'
  const isGlobal = GLOBAL_6.check(address, 'ipv6') && !FORBIDDEN_6.check(address, 'ipv6')
  return isGlobal ? 'public' : 'forbidden'
}

/** The IPv4 address in the low 32 bits. */
function lastFourBytes(address: string): string {
  const [, high = '', low = ''] =
    /([0-9a-f]*):([0-9a-f]*)\]$/.exec(new URL(`http://[${address}]`).host) ?? []
  const bits = Number.parseInt(high || '0', 16) * 65_536 + Number.parseInt(low || '0', 16)
  return [24, 16, 8, 0].map((shift) => String((bits >>> shift) & 255)).join('.')
}
