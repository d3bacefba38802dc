/**
 * Verifies an exported bundle: shown in docs/guides/verify-a-bundle.md, run by
 * tests/docs/examples.test.ts.
 *
 * @module
 */
// #region verify
import { bundle } from '@surety/domain'
import { fromBase64url, type Jwks, portableCrypto } from '@surety/protocol'

interface Exported {
  readonly files: readonly { readonly path: string; readonly content: string }[]
}

export function verifyExported({ files }: Exported, trusted: Jwks) {
  const bytes = files.map(({ path, content }) => [path, fromBase64url(content)] as const)
  const report = bundle.verify(new Map(bytes as never), trusted, portableCrypto)
  return { ok: report.ok, failed: report.checks.filter(({ result }) => result === 'failed') }
}
// #endregion
