/** HTTPS: the name is what is asked for and proven, though the connection goes to an address. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebFailure, type WebRequest } from '../ports/web.ts'
import { guardedWeb } from './web.ts'

/** DER (X.690): a tag, a length, the content. */
function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(content)
  const { length } = bytes
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), bytes])
}

const sequence = (...content: readonly Uint8Array[]) => der(0x30, ...content)
const oid = (...bytes: readonly number[]) => der(0x06, Uint8Array.from(bytes))
const ED25519 = sequence(oid(0x2b, 0x65, 0x70))
const COMMON_NAME = oid(0x55, 0x04, 0x03)
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11)
const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13)
const TRUE = der(0x01, Uint8Array.from([0xff]))
const time = (text: string) => der(0x17, Buffer.from(text))

interface Certificate {
  readonly key: KeyObject
  readonly pem: string
}

/** A certificate for a name that signs for itself, valid in every year this test may run. */
function certificateFor(name: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const who = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))))
  const names = der(0x04, sequence(der(0x82, Buffer.from(name))))
  const authority = der(0x04, sequence(TRUE))
  const extensions = sequence(
    sequence(SUBJECT_ALT_NAME, names),
    sequence(BASIC_CONSTRAINTS, TRUE, authority),
  )
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.from([2]))),
    der(0x02, Uint8Array.from([1])),
    ED25519,
    who,
    sequence(time('200101000000Z'), time('491231235959Z')),
    who,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, extensions),
  )
  const signature = der(0x03, Uint8Array.from([0]), sign(null, body, privateKey))
  const text = Buffer.from(sequence(body, ED25519, signature)).toString('base64')
  const lines = text.match(/.{1,64}/g)?.join('\n') ?? ''
  return {
    key: privateKey,
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

const shop = certificateFor('shop.example')
let asked = 0

async function secureServer(t: TestContext): Promise<string> {
  const key = shop.key.export({ format: 'pem', type: 'pkcs8' })
  const server = createServer({ key, cert: shop.pem }, (request, response) => {
    asked += 1
    const { servername } = request.socket as { readonly servername?: string }
    response.end(`${String(servername)} ${request.headers.host ?? ''}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return String((server.address() as AddressInfo).port)
}

const request = (url: string): WebRequest => ({
  method: 'GET',
  url,
  headers: [],
  mayBePrivate: true,
  limits: { bodyBytesMax: 10_000, headTimeMs: 2_000, timeMs: 4_000 },
})
const resolve = () => Promise.resolve(['127.0.0.1'])

test('the certificate must be of the name in the URL, whatever address it led to', async (t) => {
  const port = await secureServer(t)
  const web = guardedWeb({ resolve, ca: shop.pem })
  const answer = await web.fetch(request(`https://shop.example:${port}/`))
  const body = Buffer.from(await answer.collect()).toString()
  assert.equal(body, `shop.example shop.example:${port}`)
})

test('a certificate of another name, or of nobody we trust, ends it before a byte is sent', async (t) => {
  const port = await secureServer(t)
  const trusting = guardedWeb({ resolve, ca: shop.pem })
  const before = asked
  const attempts = [
    trusting.fetch(request(`https://bank.example:${port}/`)),
    trusting.fetch(request(`https://127.0.0.1:${port}/`)),
    guardedWeb({ resolve }).fetch(request(`https://shop.example:${port}/`)),
    guardedWeb({ resolve, ca: certificateFor('shop.example').pem }).fetch(
      request(`https://shop.example:${port}/`),
    ),
  ]
  for (const attempt of await Promise.allSettled(attempts)) {
    assert.ok(attempt.status === 'rejected')
    const { reason } = attempt as { readonly reason: unknown }
    assert.ok(reason instanceof WebFailure, String(reason))
    assert.deepEqual([reason.code, reason.sent], ['web_unreachable', 'no'])
  }
  assert.equal(asked, before)
})
