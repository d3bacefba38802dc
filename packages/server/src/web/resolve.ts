/**
 * The addresses of a host name, asked of the name servers of the machine.
 *
 * Not by `getaddrinfo`: of its look-ups two run at a time in a process and none can be ended, so
 * that one name whose servers are silent stops all others. Attacker-controlled: the servers of a
 * name are those of whoever sells there. What `getaddrinfo` reads besides is read here: the hosts
 * file, and the search list.
 *
 * @module
 */
import { Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'

/** Every address of a host name; none if it has none, or if nobody says so in time. */
export type Resolve = (host: string) => Promise<readonly string[]>

/** Where names are looked up; what is not given is the machine's own. */
export interface NameSources {
  /** Addresses of name servers, with a port if it is not 53. */
  readonly servers?: readonly string[]
  readonly hostsFile?: string
  readonly resolvFile?: string
  readonly timeMs?: number
}

/** All questions about one name together. */
const LOOK_UP_TIME_MS = 5_000
/** Until another server is asked, or the same again. */
const ANSWER_TIME_MS = 1_500
const TRIES = 2
const SEARCHED_MAX = 6

const HOSTS_FILE =
  process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

/** Looks names up, each by itself. */
export function nameResolver(given: NameSources = {}): Resolve {
  const {
    hostsFile = HOSTS_FILE,
    resolvFile = '/etc/resolv.conf',
    timeMs = LOOK_UP_TIME_MS,
  } = given
  return async (text) => {
    const host = text.toLowerCase()
    const known = listedIn(await textOf(hostsFile), host.replace(/\.$/, ''))
    if (known.length > 0) return known
    // RFC 6761 §6.3: this name is the machine itself, whatever a server says.
    if (/^(?:.+\.)?localhost\.?$/.test(host)) return ['127.0.0.1', '::1']
    const resolver = new Resolver({ timeout: ANSWER_TIME_MS, tries: TRIES })
    if (given.servers !== undefined) resolver.setServers(given.servers)
    const timer = setTimeout(() => resolver.cancel(), timeMs)
    try {
      for (const name of candidatesOf(host, await textOf(resolvFile))) {
        const found = await addressesOf(resolver, name)
        if (found === 'silence') return []
        if (found.length > 0) return found
      }
      return []
    } finally {
      clearTimeout(timer)
    }
  }
}

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '')

/** hosts(5): an address, then its names. */
function listedIn(hosts: string, host: string): readonly string[] {
  const found = linesOf(hosts).filter(([, ...names]) =>
    names.some((name) => name.toLowerCase() === host),
  )
  return found.flatMap(([address = '']) => (address === '' ? [] : [address]))
}

/** resolv.conf(5): a name with few dots is tried under the search list first. */
function candidatesOf(host: string, resolv: string): readonly string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)]
  const lines = linesOf(resolv)
  const search = lines.findLast(([word]) => word === 'search' || word === 'domain')?.slice(1) ?? []
  const options = lines.flatMap(([word, ...rest]) => (word === 'options' ? rest : []))
  const stated = options.findLast((option) => option.startsWith('ndots:'))?.slice('ndots:'.length)
  const dotsMin = stated === undefined ? 1 : Number(stated)
  const searched = search.slice(0, SEARCHED_MAX).map((domain) => `${host}.${domain}`)
  const isWhole = host.split('.').length - 1 >= dotsMin
  return isWhole ? [host, ...searched] : [...searched, host]
}

function linesOf(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').map((line) => line.replace(/[#;].*/, '').trim())
  return lines.filter((line) => line !== '').map((line) => line.split(/\s+/))
}

/** Both families in turn, so that a few of them are some of each. */
async function addressesOf(
  resolver: Resolver,
  name: string,
): Promise<readonly string[] | 'silence'> {
  const asked = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const [four = [], six = []] = asked.map((each) => (each.status === 'fulfilled' ? each.value : []))
  const found = Array.from({ length: Math.max(four.length, six.length) }, (_, i) =>
    [four[i], six[i]].filter((address) => address !== undefined),
  ).flat()
  const isAnswer = asked.every((each) => each.status === 'fulfilled' || isNoSuchName(each.reason))
  return found.length > 0 || isAnswer ? found : 'silence'
}

/** The server answered, and knows no such name or no address of this family. */
function isNoSuchName(reason: unknown): boolean {
  const code: unknown = reason instanceof Error ? Reflect.get(reason, 'code') : undefined
  return code === 'ENOTFOUND' || code === 'ENODATA'
}
