/** The signed types as published: which purpose a key must have, and which member says when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SIGNED_TYPES } from './signed-object.ts'

const published = {
  'ExecutionIntent.v1': ['intent', 'issuedAt'],
  'AuthorityGrant.v1': ['grant', 'notBefore'],
  'DelegationGrant.v1': ['grant', 'notBefore'],
  'ProviderResponse.v1': ['response', 'completedAt'],
  'OperatorAction.v1': ['action', 'actedAt'],
  'ProbeDecision.v1': ['decision', 'decidedAt'],
  'PolicyDecision.v1': ['decision', 'decidedAt'],
  'Authorization.v1': ['authorization', 'issuedAt'],
  'SettlementDecisionRecord.v2': ['settlement', 'decidedAt'],
  'PaymentStatus.v1': ['settlement', 'at'],
  'SettlementReceipt.v1': ['settlement', 'at'],
  'ApprovalRecord.v1': ['decision', 'endedAt'],
  'AgentPassport.v1': ['passport', 'issuedAt'],
  'AuditStatement.v1': ['bundle', 'at'],
  'EmergencyControlEvent.v1': ['control', 'at'],
  'ReceiptBundle.v1': ['bundle', null],
}

test('every signed type has its published purpose and moment, and there is no other', () => {
  const found = Object.entries(SIGNED_TYPES).map(([type, { purpose, signedAt }]) => [
    type,
    [purpose, signedAt],
  ])
  assert.deepEqual(found, Object.entries(published))
})

test('the schema of every signed type is closed, and requires the name and the moment', () => {
  for (const [type, { schema, signedAt }] of Object.entries(SIGNED_TYPES)) {
    assert.equal(schema.$id, type)
    for (const variant of 'anyOf' in schema ? schema.anyOf : [schema]) {
      assert.equal(variant.additionalProperties, false)
      assert.equal(variant.properties.schemaVersion.const, type)
      const required: readonly string[] = variant.required ?? []
      assert.ok(required.includes('schemaVersion'))
      if (signedAt !== null) assert.ok(required.includes(signedAt))
    }
  }
})
