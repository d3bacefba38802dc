/**
 * Lies about bytes, events, receipts and signatures, and the checks that find them.
 *
 * @module
 */
import { type Event, hashOf, type Jwks } from '@surety/protocol'
import type { BundleParts } from '../../../packages/domain/src/bundle/index.ts'
import {
  CHILD,
  type Lies,
  PARTY_KEYS,
  PERSON,
  PROVIDER,
  plotOf,
  ROOT,
  storyOf,
  tell,
} from '../bundle-gates.ts'
import { nodeCrypto } from '../bundle-keys.ts'
import { bundleOf, HOUSE, partsOf, resealed, signedBy, TRUSTED } from '../bundle-story.ts'
import {
  payloadOf,
  refact,
  remanifest,
  reparts,
  resignedManifest,
  restory,
  retext,
  stranger,
  type Trip,
  told,
} from './bundle-lies.ts'

/** The last event of an executing gate, changed and sealed again. */
const resealedLast = (change: (event: Event) => Event) =>
  reparts('executing', ({ events }) => ({
    events: events.map((event, i) => {
      if (i !== events.length - 1) return event
      const { eventHash: _, ...rest } = change(event)
      return { ...rest, eventHash: hashOf(rest, nodeCrypto) }
    }),
  }))

export const FORM_TRIPS: readonly Trip[] = [
  {
    lie: 'a path that climbs out',
    fails: ['paths'],
    files: () => new Map(bundleOf(storyOf('denied'))).set('signed/../../x', new Uint8Array()),
  },
  {
    lie: 'a file that is too large',
    fails: ['sizes'],
    files: () => new Map([['jwks.json', new Uint8Array(8_388_609)]]),
  },
  {
    lie: 'a key set with a name that is not the thumbprint',
    fails: [
      'trusted_keys',
      'manifest_signature',
      'receipt_signatures',
      'passports',
      'intent_signature',
    ],
    files: () => bundleOf(storyOf('denied-without-grant')),
    trusted: { keys: TRUSTED.keys.map((key) => ({ ...key, kid: 'A'.repeat(43) })) } as Jwks,
  },
  {
    lie: 'a manifest out of order',
    fails: ['manifest'],
    files: remanifest((m) => ({ ...m, files: m.files.toReversed() })),
  },
  {
    lie: 'a manifest that lists its signature',
    fails: ['manifest'],
    files: remanifest((m) => {
      const own = { ...m.files[0], path: 'manifest.jws' }
      return { ...m, files: [...m.files, own].sort((a, b) => (a.path < b.path ? -1 : 1)) }
    }),
  },
  {
    lie: 'a manifest signed by a stranger',
    fails: ['manifest_signature'],
    files: resignedManifest(stranger),
  },
  {
    lie: 'a manifest signed by the key for decisions',
    fails: ['manifest_signature'],
    files: resignedManifest(HOUSE.decision),
  },
  {
    lie: 'a file that the manifest does not name',
    fails: ['file_set', 'layout'],
    files: () => new Map(bundleOf(storyOf('released'))).set('evidence/x', Buffer.from('x')),
  },
  {
    lie: 'a hash in the manifest that is of other bytes',
    fails: ['file_hashes'],
    files: remanifest((m) => ({
      ...m,
      files: m.files.map((f) => (f.path === 'jwks.json' ? { ...f, sha256: '0'.repeat(64) } : f)),
    })),
  },
  {
    lie: 'a size in the manifest that is another',
    fails: ['file_hashes'],
    files: remanifest((m) => ({
      ...m,
      files: m.files.map((f) => (f.path === 'jwks.json' ? { ...f, size: 1 } : f)),
    })),
  },
  {
    lie: 'a key set with a space',
    fails: ['canonical_form', 'key_hint'],
    files: retext('released', 'jwks.json', (t) => t.replace(':', ': ')),
  },
  {
    lie: 'a last line that is not ended',
    fails: ['canonical_form'],
    files: retext('released', 'events.jsonl', (t) => t.slice(0, -1)),
  },
  {
    lie: 'a file that has no place',
    fails: ['layout'],
    files: () =>
      resealed(new Map(bundleOf(storyOf('released'))).set('evidence/x', Buffer.from('x'))),
  },
  {
    lie: 'the facts of another decision beside the own',
    fails: ['layout'],
    files: reparts('released', ({ facts }) => ({
      facts: [...facts, ...partsOf(storyOf('denied')).facts],
    })),
  },
  {
    lie: 'a hint that omits a key in use',
    fails: ['key_hint'],
    files: reparts('released', ({ jwks }) => ({ jwks: { keys: jwks.keys.slice(1) } })),
  },
  {
    lie: 'a hint with a name that is not the thumbprint',
    fails: ['key_hint'],
    files: reparts(
      'released',
      ({ jwks: { keys } }) =>
        ({
          jwks: { keys: [...keys, { ...(keys[0] as object), kid: 'A'.repeat(43) }] },
        }) as Partial<BundleParts>,
    ),
  },
  {
    lie: 'a fact with a member more',
    fails: ['event_schema'],
    files: refact('executing', 'executionStarted', (fact) => ({ ...fact, colour: 'green' })),
  },
  {
    lie: 'a fact of no gate',
    fails: ['event_schema'],
    files: refact(
      'executing',
      'executionStarted',
      (fact) => ({ ...fact, type: 'constructor' }) as never,
    ),
  },
  {
    lie: 'an event with another actor',
    fails: ['event_chain'],
    files: retext('released', 'events.jsonl', (t) =>
      t.replace('"actor":"system"', `"actor":"${PROVIDER}"`),
    ),
  },
  {
    lie: 'an event that names another before it',
    fails: ['event_chain'],
    files: reparts('executing', ({ events }) => ({
      events: events.map((event, i) => {
        const { eventHash: _, ...rest } = {
          ...event,
          prevHash: i === 3 ? '1'.repeat(64) : event.prevHash,
        }
        return { ...rest, eventHash: hashOf(rest, nodeCrypto) }
      }),
    })),
  },
  {
    lie: 'an event of another tenant',
    fails: ['event_chain'],
    files: reparts(
      'executing',
      ({ events }) =>
        ({
          events: events.map((event, i) => {
            const { eventHash: _, ...rest } = {
              ...event,
              tenantId: i === 3 ? event.tenantId.replace(/.$/, 'z') : event.tenantId,
            }
            return { ...rest, eventHash: hashOf(rest, nodeCrypto) }
          }),
        }) as Partial<BundleParts>,
    ),
  },
  {
    lie: 'a receipt hash that is of something else',
    fails: ['stated_hashes'],
    files: refact('released', 'gateSettled', (fact) => ({ ...fact, receiptHash: '0'.repeat(64) })),
  },
  {
    lie: 'a deadline for evidence that the profile does not give',
    fails: ['transitions'],
    files: refact('executing', 'executionStarted', (fact) => ({
      ...fact,
      evidenceBy: '2026-11-21T00:00:00.000Z',
    })),
  },
  {
    lie: 'an execution that happens twice',
    fails: ['transitions'],
    files: restory('executing', ({ steps }) => ({ steps: [...steps, ...steps.slice(-1)] })),
  },
  {
    lie: 'an allowance that ends before its authorization',
    fails: ['transitions'],
    files: restory('authorized', ({ steps }) => ({ steps: steps.slice(0, 2) })),
  },
  {
    lie: 'a receipt signed by a stranger',
    fails: ['receipt_signatures'],
    files: reparts('released', ({ receipts }) => ({
      receipts: receipts.map((r) =>
        r.seq === 7 ? { ...r, jws: signedBy(stranger, payloadOf(r.jws)) } : r,
      ),
    })),
  },
  {
    lie: 'a receipt signed by the bundle key',
    fails: ['receipt_signatures'],
    files: reparts('released', ({ receipts }) => ({
      receipts: receipts.map((r) =>
        r.seq === 2 ? { ...r, jws: signedBy(HOUSE.bundle, payloadOf(r.jws)) } : r,
      ),
    })),
  },
  {
    lie: 'the decision of another gate, truly signed',
    fails: ['receipt_content'],
    files: reparts('released', ({ receipts }) => {
      const [other] = partsOf(storyOf('denied')).receipts
      return { receipts: receipts.map((r) => (r.seq === 2 ? { ...r, jws: other?.jws ?? '' } : r)) }
    }),
  },
  {
    lie: 'an event that names another key than signed',
    fails: ['receipt_content'],
    files: refact('denied', 'decisionRecorded', (fact) => ({ ...fact, kid: HOUSE.settlement.kid })),
  },
  {
    lie: 'a receipt of another moment than its event',
    fails: ['receipt_content'],
    files: restory('voided', ({ steps }) => ({
      steps: steps.map((s) =>
        s.fact.type === 'gateVoided' ? { ...s, at: '2026-11-20T09:30:01.000Z' } : s,
      ),
    })),
  },
  {
    lie: 'a passport signed by a stranger',
    fails: ['passports'],
    files: reparts('denied', ({ passports }) => ({
      passports: passports.map((p) =>
        p.principalId === PROVIDER ? { ...p, jws: signedBy(stranger, payloadOf(p.jws)) } : p,
      ),
    })),
  },
  {
    lie: 'a passport of another tenant',
    fails: ['passports'],
    files: restory('denied', ({ passports }) => ({
      passports: passports.map((p) =>
        p.principalId === PROVIDER ? { ...p, tenantId: p.tenantId.replace(/.$/, 'z') as never } : p,
      ),
    })),
  },
  {
    lie: 'an intent that somebody else signed',
    fails: ['intent_signature'],
    files: restory('released', ({ signed }) => ({
      signed: { ...signed, intent: signedBy(stranger, payloadOf(signed.intent ?? '')) },
    })),
  },
  {
    lie: 'the intent of another gate',
    fails: ['intent_signature'],
    files: restory('released', ({ signed }) => ({
      signed: { ...signed, intent: storyOf('denied').signed.intent },
    })),
  },
  {
    lie: 'an intent signed with a key that had ended when it was declared',
    fails: ['intent_signature'],
    files: restory('released', ({ passports }) => ({
      passports: passports.map((p) => ({
        ...p,
        keys: p.keys.map((key) =>
          key.purpose === 'intent' ? { ...key, notAfter: '2026-11-20T09:29:59.999Z' } : key,
        ),
      })),
    })),
  },
  {
    lie: 'an intent signed with a key for responses',
    fails: ['intent_signature'],
    files: restory('released', ({ passports }) => ({
      passports: passports.map((p) => ({
        ...p,
        keys: p.keys.map((key) =>
          key.purpose === 'intent' ? { ...key, purpose: 'response' as const } : key,
        ),
      })),
    })),
  },
  {
    lie: 'a grant that its grantee signed',
    fails: ['grant_signatures', 'grant_facts', 'grant_meet'],
    files: restory('released', ({ signed }) => ({
      signed: {
        ...signed,
        grants: signed.grants.map((jws, i) =>
          i === 1 ? signedBy(PARTY_KEYS.agent, payloadOf(jws)) : jws,
        ),
      },
    })),
  },
  {
    lie: 'a grant signed with a key that had ended before the grant began',
    fails: ['grant_signatures', 'grant_chain', 'grant_facts', 'grant_meet'],
    files: restory('released', ({ passports }) => ({
      passports: passports.map((p) => ({
        ...p,
        keys: p.keys.map((key) =>
          key.purpose === 'grant' ? { ...key, notAfter: '2026-10-31T23:59:59.999Z' } : key,
        ),
      })),
    })),
  },
  {
    lie: 'a child grant that is wider than its parent, truly signed and decided upon',
    fails: ['grant_chain'],
    files: told('released', {
      child: { ...CHILD, bounds: { ...CHILD.bounds, perCall: [{ asset: 'USD/2', max: '601' }] } },
    }),
  },
  {
    lie: 'a child grant that hangs on another root',
    fails: ['grant_chain'],
    files: told('released', { child: { ...CHILD, rootGrantHash: '0'.repeat(64) } }),
  },
  {
    lie: 'a root grant of an agent',
    fails: ['grant_chain'],
    files: () => {
      const payer = { principalId: PERSON, kind: 'agent', lifecycle: 'active' } as const
      const lies: Lies = { facts: (facts) => ({ ...facts, payer }) }
      const story = tell(plotOf('released', { lies }))
      const passports = story.passports.map((p) =>
        p.kind === 'person' ? { ...p, kind: 'agent' as const } : p,
      )
      return bundleOf({ ...story, passports })
    },
  },
  {
    lie: 'facts with a grant that says more than was signed',
    fails: ['grant_facts'],
    files: told('released', {
      lies: {
        facts: (facts) => ({
          ...facts,
          grantChain: facts.grantChain.map((g, i) =>
            i === 1 ? { ...g, bounds: { ...g.bounds, count: 90 } } : g,
          ),
        }),
      },
    }),
  },
  {
    lie: 'facts with another meet than the grants have',
    fails: ['grant_meet'],
    files: told('released', {
      lies: { facts: (facts) => ({ ...facts, grantMeet: ROOT.bounds }) },
    }),
  },
  {
    lie: 'a response that somebody else signed',
    fails: ['response_signature'],
    files: restory('released', ({ signed }) => ({
      signed: { ...signed, response: signedBy(stranger, payloadOf(signed.response ?? '')) },
    })),
  },
  {
    lie: 'the response of another gate',
    fails: ['response_signature'],
    files: restory('released', ({ signed }) => ({
      signed: { ...signed, response: storyOf('refunded').signed.response },
    })),
  },
  {
    lie: 'an event out of number',
    fails: ['event_chain'],
    files: resealedLast((event) => ({ ...event, seq: 9 })),
  },
  {
    lie: 'an event of another stream',
    fails: ['event_chain'],
    files: resealedLast((event) => ({ ...event, stream: 'gate:other' })),
  },
  {
    lie: 'an event before the one before it',
    fails: ['event_chain'],
    files: restory('executing', ({ steps }) => ({
      steps: steps.map(({ fact, at }) =>
        fact.type === 'executionStarted'
          ? {
              fact: { ...fact, evidenceBy: '2026-11-20T09:30:30.005Z' },
              at: '2026-11-20T09:30:00.005Z',
            }
          : { fact, at },
      ),
    })),
  },
  {
    lie: 'the history of one gate under the name of another',
    fails: ['transitions'],
    files: restory('executing', () => ({ gateId: storyOf('denied').gateId })),
  },
  {
    lie: 'a passport with a key that is not named by its thumbprint',
    fails: ['passports'],
    files: restory('denied', ({ passports }) => ({
      passports: passports.map((p) =>
        p.principalId === PROVIDER
          ? { ...p, keys: p.keys.map((key) => ({ ...key, kid: stranger.kid })) }
          : p,
      ),
    })),
  },
  {
    lie: 'a child grant of another tenant',
    fails: ['grant_chain'],
    files: told('released', {
      child: { ...CHILD, tenantId: CHILD.tenantId.replace(/.$/, 'z') as never },
    }),
  },
]
