/**
 * Ways to lie in one place of a bundle and be consistent, and truly signed, in all others.
 *
 * @module
 */

import type { gate } from '@surety/domain'
import { canonicalize, type Jwks } from '@surety/protocol'
import type { BundleParts } from '../../../packages/domain/src/bundle/index.ts'
import type { CheckName } from '../../../packages/domain/src/bundle/report.ts'
import { type Plot, plotOf, storyOf, tell } from '../bundle-gates.ts'
import { keyNamed } from '../bundle-keys.ts'
import {
  bundleOf,
  type Files,
  HOUSE,
  partsOf,
  resealed,
  type Story,
  sealedOf,
  signedBy,
} from '../bundle-story.ts'

type GateEvent = gate.GateEvent

export interface Trip {
  readonly lie: string
  /** Exactly the checks that fail; the first is the one this lie is about. */
  readonly fails: readonly CheckName[]
  readonly files: () => Files
  readonly trusted?: Jwks
}

const text = (files: Files, path: string): string =>
  Buffer.from(files.get(path) ?? []).toString('utf8')

/** The bundle of a plot told with lies, everything after them consistent and truly signed. */
export const told = (name: string, otherwise: Partial<Plot>) => () =>
  bundleOf(tell(plotOf(name, otherwise)))

/** The bundle of a story whose last fact of a type is another. */
type FactOf<Type, Fact = GateEvent> = Fact extends { type: infer Own }
  ? Type extends Own
    ? Fact
    : never
  : never

export function refact<Type extends GateEvent['type']>(
  name: string,
  type: Type,
  change: (fact: FactOf<Type>) => object,
): () => Files {
  return () => {
    const story = storyOf(name)
    const steps = story.steps.map(({ fact, at }) =>
      fact.type === type ? { at, fact: change(fact as never) as GateEvent } : { at, fact },
    )
    return bundleOf({ ...story, steps })
  }
}

export const restory = (name: string, change: (story: Story) => Partial<Story>) => () =>
  bundleOf({ ...storyOf(name), ...change(storyOf(name)) })

export const reparts =
  (name: string, change: (parts: BundleParts) => Partial<BundleParts>) => () => {
    const parts = partsOf(storyOf(name))
    return sealedOf({ ...parts, ...change(parts) })
  }

/** Other text of one file, under a manifest that the true bundle key signs. */
export const retext = (name: string, path: string, change: (text: string) => string) => () => {
  const files = bundleOf(storyOf(name))
  return resealed(new Map(files).set(path, Buffer.from(change(text(files, path)))))
}

/** Another manifest, signed by the true bundle key. */
export const remanifest = (change: (manifest: { files: { path: string }[] }) => object) => () => {
  const files = bundleOf(storyOf('released'))
  const manifest = change(JSON.parse(text(files, 'manifest.json'))) as never
  return new Map(files)
    .set('manifest.json', Buffer.from(canonicalize(manifest)))
    .set('manifest.jws', Buffer.from(signedBy(HOUSE.bundle, manifest)))
}

export const resignedManifest = (key: Parameters<typeof signedBy>[0]) => () => {
  const files = bundleOf(storyOf('released'))
  const manifest = JSON.parse(text(files, 'manifest.json'))
  return new Map(files).set('manifest.jws', Buffer.from(signedBy(key, manifest)))
}

export const payloadOf = (jws: string) =>
  JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8'))

export const allow = { decision: 'allow' as const, reasonCode: 'allowed', reasonCodes: ['allowed'] }
export const stranger = keyNamed('stranger')
