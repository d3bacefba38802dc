/** What must be known of the tool and the price before anything is paid. */
import type { Findings, RuleInput } from '../rule.ts'

export function checkCompliance({ facts, profile }: RuleInput, findings: Findings): void {
  const { compliance } = profile.profile
  const { tool, quote, rail, intent } = facts
  // A tool that is stated is the tool of the intent, or nothing is known of it.
  const known = tool !== null && tool.name === intent.tool ? tool : null
  if (compliance?.toolManifestHash === true && (known?.manifestHash ?? null) === null) {
    findings.fail('tool_manifest_missing')
  }
  if (compliance?.knownToolVersion === true && known?.versionKnown !== true) {
    findings.fail('tool_version_unknown')
  }
  // Money that is gone when it is presented settles on what was seen, not on what was signed.
  if (compliance?.receiptSignature === true && rail?.irrevocable !== 'on_verdict') {
    findings.fail('receipt_signature_missing')
  }
  if (compliance?.quote === true && quote === null) findings.fail('quote_missing')
}
