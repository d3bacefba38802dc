/**
 * Where a proxied request goes: below the origin that the profile names so, and nowhere else.
 *
 * @module
 */
import { err, ok, type ProblemCode, type Result } from '@surety/protocol'
import { currentProfiles } from '../../profile/current-profile.ts'
import type { App, Caller } from '../../runtime.ts'

export interface Proxied {
  readonly alias: string
  readonly origin: string
  readonly url: string
}

const TARGET = /^\/proxy\/([^/?#]+)(\/[^?#]*)?(\?[^#]*)?$/
/** A step to the side, plainly or encoded once or again; a slash that only a server would see. */
const STEP = /(?:^|\/)(?:\.|%(?:25)*2e){1,2}(?=\/|$)/i
const HIDDEN = /[^!-~]|\\|%(?:25)*(?:2f|5c|00)/i

/**
 * Reads a request target. Attacker-controlled: nothing is decoded, resolved or tidied up, since a
 * server behind may do that otherwise; what could mean another place is refused.
 */
export async function proxiedTo(
  app: App,
  caller: Caller,
  target: string,
): Promise<Result<Proxied, ProblemCode>> {
  const [, alias, path = '/', query = ''] = TARGET.exec(target) ?? []
  if (alias === undefined) return err('web_url_invalid', 'use /proxy/{alias}/path?query')
  const { profile } = await currentProfiles(app, caller.scope)
  const named = profile.profile.x402?.origins.find((each) => each.alias === alias)
  if (named === undefined) return err('proxy_alias_not_found', `\`${alias.slice(0, 64)}\``)
  if (STEP.test(path) || HIDDEN.test(path)) {
    return err('web_url_invalid', 'the path holds a dot segment or an encoded slash')
  }
  const { origin } = named
  const url = URL.parse(origin + path + query)
  if (url === null || url.origin !== origin) {
    return err('web_url_invalid', 'the path leaves the origin')
  }
  return ok({ alias, origin, url: url.href })
}

/** A `Location` below the same origin, as the agent reaches it; others stay as they are. */
export function locationBehind({ alias, origin, url }: Proxied, location: string): string {
  const target = URL.parse(location, url)
  if (target === null || target.origin !== origin) return location
  return `/proxy/${alias}${target.pathname}${target.search}${target.hash}`
}
