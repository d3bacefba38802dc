/** The prefixes of ids as published. A prefix is never used again for another type. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ID_BODY, ID_PREFIXES } from './id.ts'

test('every prefix names its published type, and there is no other', () => {
  assert.deepEqual(ID_PREFIXES, {
    ten: 'tenant',
    prn: 'principal',
    key: 'API key',
    grt: 'grant',
    int: 'intent',
    gat: 'gate',
    dec: 'decision',
    aut: 'authorization',
    hld: 'hold',
    trf: 'transfer',
    dep: 'deposit',
    evd: 'evidence',
    opa: 'operator action',
    apr: 'approval',
    ctl: 'control',
    req: 'request',
    pay: 'payment',
    wlt: 'wallet',
    clm: 'claim',
    prb: 'probe',
  })
  assert.equal(ID_BODY, '[0-7][0-9a-hjkmnp-tv-z]{25}')
})
