/**
 * A bundle put together: the files that prove one gate, and the manifest that names them.
 *
 * Pure: the same parts give the same bytes. Rules: spec/bundle.md. Vectors: spec/vectors/bundle/.
 *
 * @module
 */
import {
  type Crypto,
  canonicalize,
  type Event,
  type Hash,
  type Id,
  type Jwks,
  type ReceiptBundle,
  type SignedTypeName,
  toUtf8,
} from '@surety/protocol'
import {
  actionPath,
  approvalPath,
  controlActPath,
  controlPath,
  EVENTS_PATH,
  factsPath,
  grantPath,
  INTENT_PATH,
  JWKS_PATH,
  MANIFEST_PATH,
  passportPath,
  profilePath,
  RESPONSE_PATH,
  receiptPath,
  SIGNATURE_PATH,
} from './layout.ts'

type Jws = string

export interface BundleParts {
  readonly gateId: Id<'gat'>
  /** The gate's stream, from its first event. */
  readonly events: readonly Event[]
  readonly signed: {
    /** `null`: the API key of its agent stood for the signature. */
    readonly intent: Jws | null
    /** Root to leaf. */
    readonly grants: readonly Jws[]
    readonly response: Jws | null
  }
  /** Canonical texts of the facts of each decision. */
  readonly facts: readonly { readonly inputHash: Hash; readonly text: string }[]
  /** Canonical texts of the profiles the decisions name. */
  readonly profiles: readonly { readonly policyHash: Hash; readonly text: string }[]
  /** `seq` is that of the event in the gate's stream. */
  readonly receipts: readonly {
    readonly seq: number
    readonly type: SignedTypeName
    readonly jws: Jws
  }[]
  /** Of the agent, the payer, every grantor and the payee. */
  readonly passports: readonly { readonly principalId: Id<'prn'>; readonly jws: Jws }[]
  /** Those that the facts name, with the acts that ordered each. */
  readonly controls?: readonly {
    readonly controlId: Id<'ctl'>
    readonly statement: Jws
    readonly acts: readonly Jws[]
  }[]
  readonly jwks: Jwks
  /** What people answered: the record Surety signed, and the acts they signed. */
  readonly approvals?: readonly {
    readonly recordHash: Hash
    readonly jws: Jws
    readonly actions: readonly { readonly actionHash: Hash; readonly jws: Jws }[]
  }[]
}

export interface BuiltBundle {
  /** Every file but the manifest and its signature, sorted by path. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly manifest: ReceiptBundle
  /** The canonical text of the manifest: what is signed, and what `manifest.json` holds. */
  readonly manifestText: string
}

/** Puts the files and the manifest together. Two parts with one place are a fault. */
export function build(parts: BundleParts, crypto: Crypto): BuiltBundle {
  const texts = textsOf(parts)
  const paths = texts.map(([path]) => path)
  if (new Set(paths).size !== paths.length) throw new Error('two parts have one place')
  const files = new Map(
    texts.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, text]) => [path, toUtf8(text)]),
  )
  const manifest: ReceiptBundle = {
    schemaVersion: 'ReceiptBundle.v1',
    gateId: parts.gateId,
    files: [...files].map(([path, bytes]) => ({
      path,
      sha256: crypto.sha256(bytes),
      size: bytes.length,
    })),
  }
  return { files, manifest, manifestText: canonicalize(manifest) }
}

/** Adds the manifest and the signature over it. */
export function seal(built: BuiltBundle, jws: Jws): ReadonlyMap<string, Uint8Array> {
  const files = new Map(built.files)
  files.set(MANIFEST_PATH, toUtf8(built.manifestText))
  files.set(SIGNATURE_PATH, toUtf8(jws))
  return files
}

function textsOf(parts: BundleParts): readonly (readonly [path: string, text: string])[] {
  const { signed, facts, profiles, receipts, passports } = parts
  const { approvals = [], controls = [] } = parts
  const actions = approvals.flatMap((approval) => approval.actions)
  const events = parts.events.map((event) => `${canonicalize(event)}\n`).join('')
  const response: [string, string][] =
    signed.response === null ? [] : [[RESPONSE_PATH, signed.response]]
  return [
    [EVENTS_PATH, events],
    [JWKS_PATH, canonicalize(parts.jwks)],
    ...(signed.intent === null ? [] : [[INTENT_PATH, signed.intent] as const]),
    ...signed.grants.map((jws, depth) => [grantPath(depth), jws] as const),
    ...response,
    ...facts.map(({ inputHash, text }) => [factsPath(inputHash), text] as const),
    ...profiles.map(({ policyHash, text }) => [profilePath(policyHash), text] as const),
    ...receipts.map(({ seq, type, jws }) => [receiptPath(seq, type), jws] as const),
    ...approvals.map(({ recordHash, jws }) => [approvalPath(recordHash), jws] as const),
    ...actions.map(({ actionHash, jws }) => [actionPath(actionHash), jws] as const),
    ...passports.map(({ principalId, jws }) => [passportPath(principalId), jws] as const),
    ...controls.map(({ controlId, statement }) => [controlPath(controlId), statement] as const),
    ...controls.flatMap(({ controlId, acts }) =>
      acts.map((jws, i) => [controlActPath(controlId, i), jws] as const),
    ),
  ]
}
