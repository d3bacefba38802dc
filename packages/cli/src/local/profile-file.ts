/**
 * A profile as a person writes it, held against the published schema and against itself.
 *
 * @module
 */
import { policy } from '@surety/domain'
import { hashOf, Profile, portableCrypto } from '@surety/protocol'
import {
  ensureShape,
  invalid,
  type Kind,
  type Place,
  placed,
  readWritten,
} from './document-file.ts'

export interface ReadProfile {
  readonly profile: Profile
  readonly policyHash: string
}

/** What is said of a place in a profile. A contradiction keeps it from ruling; advice does not. */
export interface ProfileRemark extends Place {
  readonly kind: 'contradiction' | 'advice'
  readonly path: string
  readonly message: string
}

export interface InspectedProfile extends ReadProfile {
  readonly text: string
  readonly remarks: readonly ProfileRemark[]
}

const KIND: Kind = { code: 'profile_invalid', noun: 'profile' }

/** Reads a profile that may rule. */
export function readProfile(path: string): ReadProfile {
  const { profile, policyHash, remarks } = inspectProfile(path)
  const [first, ...others] = remarks.filter(({ kind }) => kind === 'contradiction')
  if (first !== undefined) {
    const more = others.length === 0 ? '' : `, and ${String(others.length)} more`
    const remedy = 'make the profile agree with itself'
    throw invalid(KIND, placed(path, first), `${first.message}${more}`, remedy)
  }
  return { profile, policyHash }
}

/** Reads a profile of the right shape, with everything that is to be said of its meaning. */
export function inspectProfile(path: string): InspectedProfile {
  const written = readWritten(path, KIND)
  const profile = ensureShape(Profile, path, written, KIND)
  const remarks = (
    [
      ['contradiction', policy.contradictionsOf(profile)],
      ['advice', policy.adviceOn(profile)],
    ] as const
  ).flatMap(([kind, said]) =>
    said.map((remark) => ({
      kind,
      path: remark.path.join('.'),
      message: remark.message,
      ...written.placeOf(remark.path, remark.offset),
    })),
  )
  const policyHash = hashOf(profile, portableCrypto)
  return { profile, policyHash, text: written.text, remarks }
}
