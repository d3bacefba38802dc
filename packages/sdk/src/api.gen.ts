/** Generated from spec/openapi.json by `npm run generate`. */
/** two sums, and their difference */
export type Account = {
  readonly account: string
  readonly asset: string
  readonly debits: string
  readonly credits: string
  readonly balance: string
}

/** what a wallet was told to let Permit2 spend; null: it did already */
export type Allowance = {
  readonly walletId: string
  readonly asset: string
  readonly amount: string
  readonly transaction: string | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** a credential bound to one principal */
export type ApiKey = {
  readonly keyId: string
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly principalId: string
  readonly name: string
  readonly scopes: readonly (string)[]
  readonly createdAt: string
  readonly revokedAt: string | null
  readonly secret?: string
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** a policy document, named by its hash */
export type AppliedProfile = {
  readonly policyHash: string
  readonly active: boolean
  readonly profile: {
    readonly schemaVersion: "Profile.v1"
    readonly profileId: string
    readonly version: number
    readonly name: string
    readonly mode: 'enforce' | 'soft' | 'shadow'
    readonly modes?: {
      readonly limit?: 'enforce' | 'soft'
      readonly autonomy?: 'enforce' | 'soft'
      readonly rate?: 'enforce' | 'soft' | 'shadow'
      readonly sequence?: 'enforce' | 'soft' | 'shadow'
      readonly session?: 'enforce' | 'soft' | 'shadow'
      readonly compliance?: 'enforce' | 'soft' | 'shadow'
      readonly condition?: 'enforce' | 'soft' | 'shadow'
    }
    readonly rollout?: readonly ({
      readonly tenants?: readonly (string)[]
      readonly environments?: readonly ('sandbox' | 'production')[]
      readonly mode: 'enforce' | 'soft' | 'shadow' | 'off'
    })[]
    readonly challengeOnly?: {
      readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
      readonly raise: 'challenge' | 'escalate'
      readonly approvers: number
      readonly role: string
    }
    readonly allowlists: {
      readonly assets: readonly (string)[]
      readonly rails: readonly (string)[]
      readonly networks: readonly (string)[]
      readonly payees?: readonly (string)[]
      readonly tools?: readonly (string)[]
      readonly actions?: readonly (string)[]
    }
    readonly limits: {
      readonly perRequest: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly perDay?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly perMonth?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly total?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly tenantPerDay?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly tenantPerMonth?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly tenantTotal?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly units?: readonly ({
        readonly unit: string
        readonly assets: readonly (string)[]
        readonly perRequest?: string
        readonly perDay?: string
        readonly perMonth?: string
        readonly total?: string
        readonly tenantPerDay?: string
        readonly tenantPerMonth?: string
        readonly tenantTotal?: string
      })[]
    }
    readonly approvalTiers: readonly ({
      readonly asset: string
      readonly above: string
      readonly approvers: number
      readonly role: string
      readonly raise: 'challenge' | 'escalate'
    })[]
    readonly risk: readonly ({
      readonly riskClass: 'read' | 'compute' | 'action' | 'financial'
      readonly outcome: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly approvers?: number
      readonly role?: string
    })[]
    readonly autonomy?: {
      readonly unstated: number
      readonly bands: readonly ({
        readonly band: 'medium' | 'high' | 'critical'
        readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
        readonly sideEffecting?: boolean
        readonly irrevocable?: boolean
        readonly above?: readonly ({
          readonly asset: string
          readonly max: string
        })[]
      })[]
      readonly matrix: readonly ({
        readonly level: number
        readonly low: 'allow' | 'challenge' | 'escalate' | 'deny'
        readonly medium: 'allow' | 'challenge' | 'escalate' | 'deny'
        readonly high: 'allow' | 'challenge' | 'escalate' | 'deny'
        readonly critical: 'allow' | 'challenge' | 'escalate' | 'deny'
        readonly approvers?: number
        readonly role?: string
      })[]
    }
    readonly rates?: readonly ({
      readonly id: string
      readonly per: 'agent' | 'payer' | 'payee' | 'tenant'
      readonly match?: {
        readonly actions?: readonly (string)[]
        readonly tools?: readonly (string)[]
        readonly payees?: readonly (string)[]
        readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
      }
      readonly max: number
      readonly windowMs: number
      readonly outcome: 'challenge' | 'escalate' | 'deny'
      readonly approvers?: number
      readonly role?: string
    })[]
    readonly sequences?: readonly ({
      readonly id: string
      readonly per: 'agent' | 'payer' | 'payee' | 'tenant'
      readonly first: {
        readonly actions?: readonly (string)[]
        readonly tools?: readonly (string)[]
        readonly payees?: readonly (string)[]
        readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
      }
      readonly next: {
        readonly actions?: readonly (string)[]
        readonly tools?: readonly (string)[]
        readonly payees?: readonly (string)[]
        readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
      }
      readonly windowMs: number
      readonly outcome: 'challenge' | 'escalate' | 'deny'
      readonly approvers?: number
      readonly role?: string
    })[]
    readonly session?: {
      readonly unknown: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly tainted: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly promptContagion: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly badActor: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly escalateAbove?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly approvers?: number
      readonly role?: string
    }
    readonly compliance?: {
      readonly toolManifestHash?: boolean
      readonly knownToolVersion?: boolean
      readonly quote?: boolean
      readonly receiptSignature?: boolean
    }
    readonly conditions?: readonly ({
      readonly id: string
      readonly when: string
      readonly outcome: 'challenge' | 'escalate' | 'deny'
      readonly approvers?: number
      readonly role?: string
    })[]
    readonly wallets?: {
      readonly rails: readonly (string)[]
      readonly assignments: readonly ({
        readonly walletId: string
        readonly policyVersion: number
        readonly kind: 'dedicated' | 'pooled'
        readonly tenants?: readonly (string)[]
        readonly environments?: readonly ('sandbox' | 'production')[]
        readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
        readonly depthMax?: number
        readonly perRequest?: readonly ({
          readonly asset: string
          readonly max: string
        })[]
        readonly childBasisPoints?: number
      })[]
    }
    readonly strictBinding: boolean
    readonly irrevocable?: {
      readonly payees: readonly (string)[]
      readonly max: readonly ({
        readonly asset: string
        readonly max: string
      })[]
    }
    readonly x402?: {
      readonly origins: readonly ({
        readonly origin: string
        readonly methods: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
        readonly privateAddresses?: boolean
        readonly alias?: string
      })[]
      readonly payees: readonly ({
        readonly payee: string
        readonly network: string
        readonly payTo: string
      })[]
      readonly schemes: readonly ('exact' | 'upto')[]
      readonly validSecondsMax: number
      readonly unsignedBy?: readonly (string)[]
    }
    readonly authorizationWithinMs: number
    readonly approvalWithinMs: number
    readonly settlement: {
      readonly mode: 'automatic' | 'manual'
      readonly verifiers: readonly ({
        readonly verifier: "status"
      } | {
        readonly verifier: "hash"
      } | {
        readonly verifier: "schema"
        readonly schema: { readonly [name: string]: unknown }
      } | {
        readonly verifier: "latency"
        readonly greenMs: number
        readonly amberMs: number
      })[]
      readonly onSilence: 'release' | 'refund' | 'review'
      readonly evidenceWithinMs: number
      readonly autoReleaseMax?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly holdback?: {
        readonly basisPoints: number
        readonly windowMs: number
      }
    }
    readonly disputes?: {
      readonly windowMs: number
      readonly responseWithinMs: number
      readonly openIfReceiptMissing: boolean
      readonly evidence: readonly (string)[]
    }
  }
  readonly shadowPolicyHash?: string | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** what a person is asked about a gate, and what they answered */
export type Approval = {
  readonly approvalId: string
  readonly gateId: string
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly state: 'pending' | 'approved' | 'denied' | 'expired' | 'consumed'
  readonly level: 'challenge' | 'escalation' | 'review'
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly escalations: number
  readonly decisionHash: string
  readonly intentHash: string
  readonly grantHash: string
  readonly agentId: string
  readonly payerId: string | null
  readonly payee: string
  readonly amount: string
  readonly asset: string
  readonly reasonCodes: readonly (string)[]
  readonly requirements: readonly ({
    readonly role: string
    readonly approvers: number
  })[]
  readonly missing: readonly ({
    readonly role: string
    readonly approvers: number
  })[]
  readonly answers: readonly ({
    readonly actionId: string
    readonly actionHash: string
    readonly operatorId: string
    readonly kid: string
    readonly role: 'payer' | 'viewer' | 'reviewer' | 'oncall' | 'ops_admin' | 'incident_commander'
    readonly action: string
    readonly justificationCode: string
    readonly answeredAt: string
  })[]
  readonly questions: readonly ({
    readonly questionId: string
    readonly operatorId: string
    readonly actionHash: string
    readonly text: string
    readonly askedAt: string
    readonly reply: {
      readonly agentId: string
      readonly text: string
      readonly repliedAt: string
    } | null
  })[]
  readonly overridden: boolean
  readonly afterReview: 'none' | 'owed' | 'upheld' | 'contested'
  readonly reviewDueAt: string | null
  readonly division: {
    readonly released: string
    readonly refunded: string
  } | null
  readonly recordHash: string | null
  readonly openedAt: string
  readonly dueAt: string
  readonly expiresAt: string | null
  readonly endedAt: string | null
  readonly showing?: {
    readonly request: RequestFingerprintV1
    readonly action: string
    readonly riskClass: string
    readonly differences: readonly ({
      readonly reasonCode: string
      readonly meaning: string
      readonly rule: string | null
      readonly asked: string
      readonly allowed: string
      readonly used: string | null
      readonly asset: string | null
    })[]
    readonly money: {
      readonly amount: string
      readonly asset: string
      readonly perRequest: string | null
      readonly available: string
      readonly budgets: readonly ({
        readonly whose: 'grant' | 'payer' | 'tenant'
        readonly period: 'day' | 'month' | 'total'
        readonly used: string
        readonly limit: string
      })[]
    }
    readonly grantChain: readonly ({
      readonly grantHash: string
      readonly grantorId: string
      readonly granteeId: string
      readonly depth: number
      readonly expiresAt: string
    })[]
    readonly session: {
      readonly sessionId: string
      readonly tainted: boolean
      readonly signals: readonly ('prompt_contagion' | 'bad_actor')[]
    } | null
    readonly contest: {
      readonly contestedBy: string
      readonly text: string
      readonly contestedAt: string
    } | null
    readonly approving: string
  }
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** What came of one approval: who answered what, under which role, and what it lifts. */
export type ApprovalRecordV1 = {
  readonly schemaVersion: "ApprovalRecord.v1"
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly approvalId: string
  readonly gateId: string
  readonly level: 'challenge' | 'escalation' | 'review'
  readonly decisionHash: string
  readonly intentHash: string
  readonly grantHash: string
  readonly payee: string
  readonly amount: string
  readonly asset: string
  readonly reasonCodes: readonly (string)[]
  readonly agentId: string
  readonly payerId: string | null
  readonly requirements: readonly ({
    readonly role: string
    readonly approvers: number
  })[]
  readonly outcome: 'approved' | 'denied' | 'expired'
  readonly overridden: boolean
  readonly division: {
    readonly released: string
    readonly refunded: string
  } | null
  readonly answers: readonly ({
    readonly actionId: string
    readonly actionHash: string
    readonly operatorId: string
    readonly kid: string
    readonly role: 'payer' | 'viewer' | 'reviewer' | 'oncall' | 'ops_admin' | 'incident_commander'
    readonly action: string
    readonly justificationCode: string
    readonly answeredAt: string
  })[]
  readonly openedAt: string
  readonly expiresAt: string | null
  readonly endedAt: string
}

/** a pause, quarantine, revocation or kill switch */
export type Control = {
  readonly controlId: string
  readonly state: 'active' | 'lifted'
  readonly kind: 'pause' | 'quarantine' | 'revoke' | 'kill_switch'
  readonly selector: {
    readonly type: "all"
    readonly id: "everything"
  } | {
    readonly type: "tenant"
    readonly id: string
  } | {
    readonly type: "principal"
    readonly id: string
  } | {
    readonly type: "grant"
    readonly id: string
  } | {
    readonly type: "token"
    readonly id: string
  } | {
    readonly type: "origin"
    readonly id: string
  } | {
    readonly type: "tool"
    readonly id: string
  } | {
    readonly type: "payee"
    readonly id: string
  } | {
    readonly type: "rail"
    readonly id: string
  } | {
    readonly type: "scope"
    readonly id: string
  } | {
    readonly type: "effect"
    readonly id: 'read' | 'compute' | 'action' | 'financial' | 'side_effecting'
  } | {
    readonly type: "webhook"
    readonly id: string
  } | {
    readonly type: "policy"
    readonly id: string
  }
  readonly until: string | null
  readonly imposed: {
    readonly epoch: number
    readonly at: string
    readonly cause: 'operators' | 'adapter' | 'clock'
    readonly signers: readonly ({
      readonly operatorId: string
      readonly role: 'viewer' | 'reviewer' | 'oncall' | 'ops_admin' | 'incident_commander'
      readonly kid: string
      readonly actionHash: string
    })[]
    readonly justificationCode: string
  }
  readonly lifted: {
    readonly epoch: number
    readonly at: string
    readonly cause: 'operators' | 'adapter' | 'clock'
    readonly signers: readonly ({
      readonly operatorId: string
      readonly role: 'viewer' | 'reviewer' | 'oncall' | 'ops_admin' | 'incident_commander'
      readonly kid: string
      readonly actionHash: string
    })[]
    readonly justificationCode: string
  } | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** Everything a decision was made from; its hash is the `inputHash` of the decision. */
export type DecisionFactsV1 = {
  readonly schemaVersion: "DecisionFacts.v1"
  readonly at: string
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly gateId: string
  readonly intent: ExecutionIntentV1
  readonly intentKid: string | null
  readonly grantChain: readonly ({
    readonly grantHash: string
    readonly grantId: string
    readonly parentGrantHash: string | null
    readonly grantorId: string
    readonly granteeId: string
    readonly payerId: string
    readonly environment: 'sandbox' | 'production'
    readonly depth: number
    readonly bounds: {
      readonly actions?: readonly (string)[]
      readonly tools?: readonly (string)[]
      readonly payees?: readonly (string)[]
      readonly rails?: readonly (string)[]
      readonly networks?: readonly (string)[]
      readonly assets?: readonly (string)[]
      readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
      readonly perCall?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly perDay?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly total?: readonly ({
        readonly asset: string
        readonly max: string
      })[]
      readonly count?: number
      readonly autonomy?: number
      readonly maxDepth: number
    }
    readonly notBefore: string
    readonly expiresAt: string
    readonly revoked: boolean
    readonly grantorLifecycle: 'provisioned' | 'active' | 'throttled' | 'suspended' | 'quarantined' | 'frozen' | 'decommissioned' | 'archived'
  })[]
  readonly grantMeet: {
    readonly actions?: readonly (string)[]
    readonly tools?: readonly (string)[]
    readonly payees?: readonly (string)[]
    readonly rails?: readonly (string)[]
    readonly networks?: readonly (string)[]
    readonly assets?: readonly (string)[]
    readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
    readonly perCall?: readonly ({
      readonly asset: string
      readonly max: string
    })[]
    readonly perDay?: readonly ({
      readonly asset: string
      readonly max: string
    })[]
    readonly total?: readonly ({
      readonly asset: string
      readonly max: string
    })[]
    readonly count?: number
    readonly autonomy?: number
    readonly maxDepth: number
  } | null
  readonly agent: {
    readonly principalId: string
    readonly kind: 'person' | 'organisation' | 'agent' | 'service' | 'app'
    readonly lifecycle: 'provisioned' | 'active' | 'throttled' | 'suspended' | 'quarantined' | 'frozen' | 'decommissioned' | 'archived'
  }
  readonly payer: {
    readonly principalId: string
    readonly kind: 'person' | 'organisation' | 'agent' | 'service' | 'app'
    readonly lifecycle: 'provisioned' | 'active' | 'throttled' | 'suspended' | 'quarantined' | 'frozen' | 'decommissioned' | 'archived'
  } | null
  readonly payee: {
    readonly principalId: string
    readonly kind: 'person' | 'organisation' | 'agent' | 'service' | 'app'
    readonly lifecycle: 'provisioned' | 'active' | 'throttled' | 'suspended' | 'quarantined' | 'frozen' | 'decommissioned' | 'archived'
  } | null
  readonly counters: readonly ({
    readonly subject: string
    readonly asset: string | "*"
    readonly period: 'day' | 'month' | 'total' | 'count'
    readonly start: string | null
    readonly reserved: string
    readonly spent: string
  })[]
  readonly funds: {
    readonly available: string
  }
  readonly rail: {
    readonly rail: string
    readonly irrevocable: 'on_verdict' | 'on_presentation'
  } | null
  readonly tool: {
    readonly name: string
    readonly version: string | null
    readonly versionKnown: boolean
    readonly manifestHash: string | null
  } | null
  readonly wallet: {
    readonly walletId: string
    readonly ownerId: string
    readonly address: string
    readonly status: 'active' | 'frozen'
  } | null
  readonly quote: {
    readonly offerHash: string
    readonly scheme: string
    readonly network: string
    readonly asset: string
    readonly amount: string
    readonly payTo: string
    readonly validSeconds: number
    readonly facilitator?: string
  } | null
  readonly controls: readonly ({
    readonly controlId: string
    readonly kind: 'pause' | 'quarantine' | 'kill_switch'
    readonly selector: {
      readonly type: "all"
      readonly id: "everything"
    } | {
      readonly type: "tenant"
      readonly id: string
    } | {
      readonly type: "principal"
      readonly id: string
    } | {
      readonly type: "grant"
      readonly id: string
    } | {
      readonly type: "token"
      readonly id: string
    } | {
      readonly type: "origin"
      readonly id: string
    } | {
      readonly type: "tool"
      readonly id: string
    } | {
      readonly type: "payee"
      readonly id: string
    } | {
      readonly type: "rail"
      readonly id: string
    } | {
      readonly type: "scope"
      readonly id: string
    } | {
      readonly type: "effect"
      readonly id: 'read' | 'compute' | 'action' | 'financial' | 'side_effecting'
    } | {
      readonly type: "webhook"
      readonly id: string
    } | {
      readonly type: "policy"
      readonly id: string
    }
    readonly imposedAt: string
  })[]
  readonly controlEpoch: number
  readonly approvals: readonly (ApprovalRecordV1)[]
  readonly session: {
    readonly sessionId: string
    readonly tainted: boolean
    readonly signals: readonly ('prompt_contagion' | 'bad_actor')[]
  } | null
  readonly rates: readonly ({
    readonly subject: string
    readonly windowMs: number
    readonly count: number
  })[]
}

/** A decision as it was recorded, and everything it was made from. */
export type DecisionRecordV1 = {
  readonly schemaVersion: "DecisionRecord.v1"
  readonly decisionHash: string
  readonly decision: PolicyDecisionV1
  readonly facts: DecisionFactsV1 | null
}

/** a confirmed movement of money into the house */
export type Deposit = {
  readonly depositId: string
  readonly actionHash: string
  readonly principalId: string
  readonly amount: string
  readonly asset: string
  readonly source: string
  readonly reference: string
  readonly recordedAt: string
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** what one drain gave back */
export type Drain = {
  readonly controlId: string
  readonly voided: readonly (string)[]
  readonly executing: readonly (string)[]
  readonly next: string | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** An immutable request of an agent to spend: signed by the agent, decided upon once. */
export type ExecutionIntentV1 = {
  readonly schemaVersion: "ExecutionIntent.v1"
  readonly intentId: string
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly agentId: string
  readonly requestFingerprint: RequestFingerprintV1
  readonly action: string
  readonly tool?: string
  readonly riskClass: 'read' | 'compute' | 'action' | 'financial'
  readonly sideEffecting: boolean
  readonly amount: string
  readonly asset: string
  readonly payee: string
  readonly rail: string
  readonly network: string
  readonly grantHash: string
  readonly traceId: string
  readonly nonce: string
  readonly issuedAt: string
  readonly expiresAt: string
}

/** what came back, and what was paid for it */
export type Fetched = {
  readonly gate: Gate | null
  readonly probe: {
    readonly schemaVersion: "ProbeDecision.v1"
    readonly probeId: string
    readonly decisionId: string
    readonly tenantId: string
    readonly environment: 'sandbox' | 'production'
    readonly agentId: string
    readonly origin: string
    readonly method: string
    readonly requestFingerprintHash: string
    readonly decision: 'allow' | 'deny'
    readonly reasonCode: string
    readonly reasonCodes: readonly (string)[]
    readonly policyId: string
    readonly policyVersion: number
    readonly policyHash: string
    readonly decidedAt: string
  } | null
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly ({ readonly [name: string]: unknown })[])[]
    readonly body: string
  } | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** one paid action, from intent to settlement */
export type Gate = {
  readonly gateId: string
  readonly state: 'declared' | 'waiting' | 'denied' | 'authorized' | 'executing' | 'executed' | 'review' | 'settled' | 'voided' | 'expired'
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly declaredAt: string
  readonly intentHash: string
  readonly intent: {
    readonly schemaVersion: "ExecutionIntent.v1"
    readonly intentId: string
    readonly tenantId: string
    readonly environment: 'sandbox' | 'production'
    readonly agentId: string
    readonly requestFingerprint: RequestFingerprintV1
    readonly action: string
    readonly tool?: string
    readonly riskClass: 'read' | 'compute' | 'action' | 'financial'
    readonly sideEffecting: boolean
    readonly amount: string
    readonly asset: string
    readonly payee: string
    readonly rail: string
    readonly network: string
    readonly grantHash: string
    readonly traceId: string
    readonly nonce: string
    readonly issuedAt: string
    readonly expiresAt: string
  }
  readonly decision: {
    readonly schemaVersion: "PolicyDecision.v1"
    readonly decisionId: string
    readonly tenantId: string
    readonly environment: 'sandbox' | 'production'
    readonly gateId: string
    readonly intentHash: string
    readonly seq: number
    readonly previousDecisionHash: string | null
    readonly decision: 'allow' | 'challenge' | 'escalate' | 'deny'
    readonly reasonCode: string
    readonly reasonCodes: readonly (string)[]
    readonly obligations: readonly ({
      readonly type: 'approvals_required' | 'evidence_required' | 'reduce_autonomy' | 'propagate_revocation' | 'hold_settlement' | 'open_dispute' | 'redact'
      readonly approvers?: number
      readonly role?: string
      readonly verifier?: string
    })[]
    readonly shadow?: readonly ({
      readonly policyId: string
      readonly policyVersion: number
      readonly policyHash: string
      readonly decision: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly reasonCodes: readonly (string)[]
    })[]
    readonly policyId: string
    readonly policyVersion: number
    readonly policyHash: string
    readonly inputHash: string
    readonly decidedAt: string
    readonly validUntil: string
    readonly decisionHash: string
  } | null
  readonly authorization: {
    readonly schemaVersion: "Authorization.v1"
    readonly authorizationId: string
    readonly tenantId: string
    readonly environment: 'sandbox' | 'production'
    readonly gateId: string
    readonly decisionHash: string
    readonly policyHash: string
    readonly requestFingerprintHash: string
    readonly agentId: string
    readonly payerId: string
    readonly amountMax: string
    readonly asset: string
    readonly payee: string
    readonly rail: string
    readonly walletRef: string | null
    readonly grantHash: string
    readonly holdId: string
    readonly nonce: string
    readonly issuedAt: string
    readonly notAfter: string
  } | null
  readonly execution: {
    readonly executorId: string
    readonly startedAt: string
    readonly evidenceBy: string
    readonly evidenceHash: string | null
  } | null
  readonly settlement: {
    readonly status: 'none' | 'held' | 'released' | 'refunded' | 'split' | 'captured' | 'voided' | 'expired' | 'review' | 'unknown'
    readonly verdict: 'release' | 'refund' | 'review' | 'capture' | null
    readonly colour: 'green' | 'amber' | 'red' | 'none'
    readonly basis: 'signed' | 'observed' | 'none'
    readonly checks: readonly ({
      readonly check: string
      readonly colour: 'green' | 'amber' | 'red'
    })[]
    readonly principal: string
    readonly released: string
    readonly refunded: string
    readonly captured: string
    readonly held: string
    readonly asset: string
    readonly holdback: {
      readonly until: string
      readonly contest: {
        readonly contestedBy: string | null
        readonly text: string | null
        readonly contestedAt: string
      } | null
    } | null
  } | null
  readonly payment: {
    readonly schemaVersion: "PaymentStatus.v1"
    readonly paymentId: string
    readonly tenantId: string
    readonly environment: 'sandbox' | 'production'
    readonly gateId: string
    readonly walletId: string
    readonly payee: string
    readonly offerHash: string
    readonly rail: string
    readonly scheme: string
    readonly network: string
    readonly asset: string
    readonly amount: string
    readonly payer: string
    readonly payTo: string
    readonly nonce: string
    readonly validAfter: string
    readonly validBefore: string
    readonly sinceBlock: number
    readonly state: 'requires_payment' | 'queued' | 'broadcasting' | 'mempool' | 'confirmed' | 'failed' | 'replaced' | 'not_found'
    readonly category: 'pre-payment' | 'in-flight' | 'terminal-success' | 'terminal-failure'
    readonly certainty: 'known' | 'unknown'
    readonly reason: string | null
    readonly transaction: string | null
    readonly blockNumber: number | null
    readonly settled?: string
    readonly at: string
  } | null
  readonly claim: {
    readonly claimId: string
    readonly paymentId: string
    readonly reason: 'response_missing' | 'response_red'
    readonly amount: string
    readonly asset: string
    readonly evidenceHash: string | null
  } | null
  readonly refunds: readonly ({
    readonly transaction: string
    readonly transfer: {
      readonly transferId: string
      readonly debit: string
      readonly credit: string
      readonly amount: string
      readonly asset: string
    }
  })[]
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** what a gate waits for, as its agent sees it */
export type GateApproval = {
  readonly approvalId: string
  readonly gateId: string
  readonly gateState: string
  readonly state: 'pending' | 'approved' | 'denied' | 'expired' | 'consumed'
  readonly level: 'challenge' | 'escalation' | 'review'
  readonly reasonCodes: readonly (string)[]
  readonly questions: readonly ({
    readonly questionId: string
    readonly text: string
    readonly askedAt: string
    readonly reply: {
      readonly agentId: string
      readonly text: string
      readonly repliedAt: string
    } | null
  })[]
  readonly expiresAt: string | null
  readonly resume: boolean
  readonly pollAfterMs: number | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** bounded authority to spend somebody’s money */
export type Grant = {
  readonly grantHash: string
  readonly state: 'active' | 'revoked'
  readonly grant: { readonly [name: string]: unknown }
  readonly signed?: string | null
  readonly used?: readonly ({
    readonly asset: string
    readonly period: 'day' | 'month' | 'total' | 'count'
    readonly start: string | null
    readonly reserved: string
    readonly spent: string
  })[]
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** money held for what was under way */
export type HoldInFlight = {
  readonly gateId: string
  readonly state: 'authorized' | 'executing' | 'settled'
  readonly holdId: string
  readonly agentId: string
  readonly payerId: string
  readonly payee: string
  readonly amount: string
  readonly asset: string
  readonly endsBy: string
  readonly drainable: boolean
}

/** a transfer into a wallet, booked */
export type Inbound = {
  readonly walletId: string
  readonly network: string
  readonly asset: string
  readonly transaction: string
  readonly from: string
  readonly amount: string
  readonly status: 'suspense' | 'owned' | 'refund'
  readonly refundOf: string | null
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** JournalEvent */
export type JournalEvent = {
  readonly schemaVersion: "Event.v1"
  readonly tenantId: string
  readonly stream: string
  readonly seq: number
  readonly type: string
  readonly at: string
  readonly actor: string | "system"
  readonly traceId: string
  readonly data: { readonly [name: string]: unknown }
  readonly prevHash: string
  readonly eventHash: string
}

/** Surety's public keys; retired ones stay. */
export type Jwks = {
  readonly keys: readonly ({
    readonly kty: "OKP"
    readonly crv: "Ed25519"
    readonly x: string
    readonly kid: string
    readonly alg: "EdDSA"
    readonly purpose: 'decision' | 'authorization' | 'settlement' | 'passport' | 'bundle' | 'control'
    readonly notBefore: string
    readonly notAfter: string | null
  })[]
}

/** What was decided on one intent, why, and under which policy. */
export type PolicyDecisionV1 = {
  readonly schemaVersion: "PolicyDecision.v1"
  readonly decisionId: string
  readonly tenantId: string
  readonly environment: 'sandbox' | 'production'
  readonly gateId: string
  readonly intentHash: string
  readonly seq: number
  readonly previousDecisionHash: string | null
  readonly decision: 'allow' | 'challenge' | 'escalate' | 'deny'
  readonly reasonCode: string
  readonly reasonCodes: readonly (string)[]
  readonly obligations: readonly ({
    readonly type: 'approvals_required' | 'evidence_required' | 'reduce_autonomy' | 'propagate_revocation' | 'hold_settlement' | 'open_dispute' | 'redact'
    readonly approvers?: number
    readonly role?: string
    readonly verifier?: string
  })[]
  readonly shadow?: readonly ({
    readonly policyId: string
    readonly policyVersion: number
    readonly policyHash: string
    readonly decision: 'allow' | 'challenge' | 'escalate' | 'deny'
    readonly reasonCodes: readonly (string)[]
  })[]
  readonly policyId: string
  readonly policyVersion: number
  readonly policyHash: string
  readonly inputHash: string
  readonly decidedAt: string
  readonly validUntil: string
}

/** who acts, with which keys, and in which roles */
export type Principal = {
  readonly principalId: string
  readonly kind: 'person' | 'organisation' | 'agent' | 'service' | 'app'
  readonly name: string
  readonly lifecycle: 'provisioned' | 'active' | 'throttled' | 'suspended' | 'quarantined' | 'frozen' | 'decommissioned' | 'archived'
  readonly keys: readonly ({
    readonly kid: string
    readonly publicKey: {
      readonly kty: "OKP"
      readonly crv: "Ed25519"
      readonly x: string
    }
    readonly purpose: 'intent' | 'grant' | 'response' | 'action'
    readonly notBefore: string
    readonly notAfter: string | null
  })[]
  readonly roles: readonly ({
    readonly role: 'viewer' | 'reviewer' | 'oncall' | 'ops_admin' | 'incident_commander'
    readonly notBefore: string
    readonly notAfter: string | null
    readonly actionHash: string | null
  })[]
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** RFC 9457 problem details */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly instance?: string
  readonly code: 'request_malformed' | 'json_invalid' | 'json_too_deep' | 'json_duplicate_name' | 'json_lone_surrogate' | 'body_too_large' | 'media_type_unsupported' | 'schema_mismatch' | 'idempotency_key_invalid' | 'idempotency_key_reused' | 'idempotency_in_flight' | 'cursor_invalid' | 'route_not_found' | 'method_not_allowed' | 'credentials_missing' | 'credentials_invalid' | 'scope_missing' | 'caller_mismatch' | 'principal_not_active' | 'jws_malformed' | 'jws_type_mismatch' | 'jws_not_canonical' | 'signing_key_unknown' | 'signing_key_purpose_mismatch' | 'signing_key_not_valid' | 'signing_key_owner_mismatch' | 'signature_invalid' | 'tenant_mismatch' | 'environment_mismatch' | 'time_out_of_range' | 'principal_not_found' | 'principal_already_exists' | 'principal_mismatch' | 'role_not_held' | 'role_not_assignable' | 'role_change_own' | 'role_holder_not_person' | 'role_already_held' | 'role_not_assigned' | 'role_limit' | 'operator_key_not_own' | 'operator_key_in_use' | 'operator_lifecycle_fixed' | 'principal_transition_illegal' | 'principal_key_exists' | 'principal_key_not_found' | 'principal_key_limit' | 'principal_key_weak' | 'api_key_not_found' | 'api_key_revoked' | 'scope_not_grantable' | 'deposit_already_recorded' | 'asset_unknown' | 'amount_invalid' | 'amount_overflow' | 'account_not_found' | 'grant_not_found' | 'grant_already_exists' | 'grant_already_revoked' | 'grant_escalates' | 'grant_not_narrower' | 'grant_depth_exceeded' | 'grant_parent_not_usable' | 'grant_chain_mismatch' | 'grant_window_invalid' | 'grant_root_not_allowed' | 'grant_self' | 'profile_not_found' | 'profile_version_exists' | 'profile_version_stale' | 'profile_invalid' | 'profile_ruling_changed' | 'profile_shadow_not_found' | 'operator_action_mismatch' | 'operator_action_used' | 'gate_not_found' | 'intent_already_declared' | 'nonce_already_used' | 'intent_expired' | 'intent_lifetime_invalid' | 'fingerprint_not_canonical' | 'gate_not_declared' | 'gate_not_authorized' | 'gate_not_executing' | 'gate_not_in_review' | 'holdback_not_held' | 'holdback_contested' | 'holdback_window_ended' | 'gate_settled' | 'gate_paid_by_rail' | 'authorization_consumed' | 'authorization_expired' | 'authorization_mismatch' | 'binding_incomplete' | 'binding_method_mismatch' | 'binding_url_mismatch' | 'binding_headers_mismatch' | 'binding_body_mismatch' | 'binding_tool_mismatch' | 'binding_amount_mismatch' | 'binding_asset_mismatch' | 'binding_payee_mismatch' | 'binding_rail_mismatch' | 'binding_grant_mismatch' | 'binding_policy_mismatch' | 'binding_nonce_mismatch' | 'binding_expiry_mismatch' | 'commit_policy_changed' | 'commit_grant_not_usable' | 'evidence_not_authentic' | 'evidence_body_mismatch' | 'evidence_from_the_future' | 'bundle_not_ready' | 'bundle_not_for_payee' | 'overloaded' | 'store_unavailable' | 'shutting_down' | 'internal_fault' | 'payment_denied' | 'payment_waiting' | 'payment_unknown' | 'payment_not_found' | 'intent_signature_required' | 'intent_not_for_purchase' | 'quote_changed' | 'offer_above_maximum' | 'offers_not_acceptable' | 'response_not_kept' | 'response_missing' | 'proxy_alias_not_found' | 'proxy_header_invalid' | 'network_not_configured' | 'wallet_not_found' | 'wallet_transition_illegal' | 'wallet_gas_missing' | 'wallet_allowance_superseded' | 'facilitator_is_contract' | 'permit_allowance_required' | 'inbound_not_found' | 'inbound_already_booked' | 'web_url_invalid' | 'web_header_refused' | 'web_address_refused' | 'web_name_unresolved' | 'web_unreachable' | 'web_timeout' | 'web_answer_invalid' | 'web_answer_too_large' | 'payment_required_missing' | 'payment_required_invalid' | 'payment_version_unsupported' | 'chain_unavailable' | 'chain_mismatch' | 'wallet_key_invalid' | 'wallet_already_exists' | 'commit_wallet_frozen' | 'wallet_key_missing' | 'wallet_key_unreadable' | 'approval_not_found' | 'approval_pending' | 'approval_not_pending' | 'approval_expired' | 'approval_mismatch' | 'approval_level_mismatch' | 'approval_answer_unfit' | 'approval_division_invalid' | 'approval_override_forbidden' | 'approver_is_requester' | 'approver_is_party' | 'approver_not_person' | 'approver_role_insufficient' | 'approver_already_answered' | 'approver_lapsed' | 'approval_review_not_owed' | 'control_active' | 'commit_control_active' | 'control_not_found' | 'control_already_exists' | 'control_already_lifted' | 'control_drained_already' | 'control_revocation_final' | 'control_selector_invalid' | 'control_target_operator' | 'control_until_invalid' | 'control_orders_differ' | 'control_limit' | 'dual_control_required' | 'dual_control_same_person' | 'dual_control_same_key' | 'operator_role_insufficient'
  readonly retry: 'never' | 'change' | 'later'
  readonly remedy: string
  readonly params?: { readonly [name: string]: unknown }
}

/** names one request exactly: an HTTP request, or a call of a tool */
export type RequestFingerprintV1 = {
  readonly schemaVersion: "RequestFingerprint.v1"
  readonly method: string
  readonly url: string
  readonly headers: readonly ({
    readonly name: string
    readonly value: string
  })[]
  readonly bodyHash: string
} | {
  readonly schemaVersion: "RequestFingerprint.v1"
  readonly server: string
  readonly tool: string
  readonly argumentsHash: string
}

/** what pays on a chain, for one principal; never its key */
export type Wallet = {
  readonly walletId: string
  readonly ownerId: string
  readonly address: string
  readonly name: string
  readonly status: 'active' | 'frozen'
  readonly origin: 'created' | 'imported'
  readonly ordered?: readonly ({
    readonly asset: string
    readonly amount: string
    readonly transaction: string | null
  })[]
  readonly balances?: readonly ({
    readonly asset: string
    readonly booked: string
    readonly available: string
    readonly suspense: string
    readonly onChain: string
    readonly permit2: string
  })[]
  readonly receipts?: readonly ({
    readonly seq: number
    readonly type: string
    readonly jws: string
  })[]
}

/** Each operation: what it takes and what it answers. */
export interface Operations {
  readonly postGates: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly intent: string
    }
    readonly answer: Gate
  }
  readonly getGates: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string; state?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Gate)[]
      readonly next: string | null
    }
  }
  readonly getGatesOne: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Gate
  }
  readonly postGatesAuthorize: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Gate
  }
  readonly postGatesExecute: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: {
      readonly authorization: string
      readonly request: RequestFingerprintV1
      readonly amount?: string
      readonly asset?: string
      readonly payee?: string
      readonly rail?: string
      readonly grantHash?: string
      readonly policyHash?: string
      readonly nonce?: string
      readonly notAfter?: string
    }
    readonly answer: Gate
  }
  readonly postGatesEvidence: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: {
      readonly response: string
      readonly body?: string
    }
    readonly answer: Gate
  }
  readonly postGatesVoid: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Gate
  }
  readonly postGatesContest: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: {
      readonly text: string
    }
    readonly answer: Gate
  }
  readonly getGatesEvents: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: readonly (JournalEvent)[]
  }
  readonly getGatesBundle: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: {
      readonly gateId: string
      readonly files: readonly ({
        readonly path: string
        readonly content: string
      })[]
    }
  }
  readonly getApprovals: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string; tenantId?: string; state?: string; severity?: string; level?: string; gateId?: string; afterReview?: string; openedBefore?: string; openedAfter?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Approval)[]
      readonly next: string | null
    }
  }
  readonly getApprovalsOne: {
    readonly params: { approvalId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Approval
  }
  readonly postGatesApprovalReplies: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: {
      readonly questionId: string
      readonly text: string
    }
    readonly answer: GateApproval
  }
  readonly postApprovalsAnswers: {
    readonly params: { approvalId: string }
    readonly query: undefined
    readonly body: {
      readonly action: string
    }
    readonly answer: Approval
  }
  readonly getGatesApproval: {
    readonly params: { gateId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: GateApproval
  }
  readonly postGrants: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly grant: string
    }
    readonly answer: Grant
  }
  readonly getGrants: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Grant)[]
      readonly next: string | null
    }
  }
  readonly getGrantsOne: {
    readonly params: { grantHash: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Grant
  }
  readonly postGrantsRevoke: {
    readonly params: { grantHash: string }
    readonly query: undefined
    readonly body: {
      readonly reason: string
    }
    readonly answer: Grant
  }
  readonly postProfiles: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly profile: {
        readonly schemaVersion: "Profile.v1"
        readonly profileId: string
        readonly version: number
        readonly name: string
        readonly mode: 'enforce' | 'soft' | 'shadow'
        readonly modes?: {
          readonly limit?: 'enforce' | 'soft'
          readonly autonomy?: 'enforce' | 'soft'
          readonly rate?: 'enforce' | 'soft' | 'shadow'
          readonly sequence?: 'enforce' | 'soft' | 'shadow'
          readonly session?: 'enforce' | 'soft' | 'shadow'
          readonly compliance?: 'enforce' | 'soft' | 'shadow'
          readonly condition?: 'enforce' | 'soft' | 'shadow'
        }
        readonly rollout?: readonly ({
          readonly tenants?: readonly (string)[]
          readonly environments?: readonly ('sandbox' | 'production')[]
          readonly mode: 'enforce' | 'soft' | 'shadow' | 'off'
        })[]
        readonly challengeOnly?: {
          readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
          readonly raise: 'challenge' | 'escalate'
          readonly approvers: number
          readonly role: string
        }
        readonly allowlists: {
          readonly assets: readonly (string)[]
          readonly rails: readonly (string)[]
          readonly networks: readonly (string)[]
          readonly payees?: readonly (string)[]
          readonly tools?: readonly (string)[]
          readonly actions?: readonly (string)[]
        }
        readonly limits: {
          readonly perRequest: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly perDay?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly perMonth?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly total?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly tenantPerDay?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly tenantPerMonth?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly tenantTotal?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly units?: readonly ({
            readonly unit: string
            readonly assets: readonly (string)[]
            readonly perRequest?: string
            readonly perDay?: string
            readonly perMonth?: string
            readonly total?: string
            readonly tenantPerDay?: string
            readonly tenantPerMonth?: string
            readonly tenantTotal?: string
          })[]
        }
        readonly approvalTiers: readonly ({
          readonly asset: string
          readonly above: string
          readonly approvers: number
          readonly role: string
          readonly raise: 'challenge' | 'escalate'
        })[]
        readonly risk: readonly ({
          readonly riskClass: 'read' | 'compute' | 'action' | 'financial'
          readonly outcome: 'allow' | 'challenge' | 'escalate' | 'deny'
          readonly approvers?: number
          readonly role?: string
        })[]
        readonly autonomy?: {
          readonly unstated: number
          readonly bands: readonly ({
            readonly band: 'medium' | 'high' | 'critical'
            readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
            readonly sideEffecting?: boolean
            readonly irrevocable?: boolean
            readonly above?: readonly ({
              readonly asset: string
              readonly max: string
            })[]
          })[]
          readonly matrix: readonly ({
            readonly level: number
            readonly low: 'allow' | 'challenge' | 'escalate' | 'deny'
            readonly medium: 'allow' | 'challenge' | 'escalate' | 'deny'
            readonly high: 'allow' | 'challenge' | 'escalate' | 'deny'
            readonly critical: 'allow' | 'challenge' | 'escalate' | 'deny'
            readonly approvers?: number
            readonly role?: string
          })[]
        }
        readonly rates?: readonly ({
          readonly id: string
          readonly per: 'agent' | 'payer' | 'payee' | 'tenant'
          readonly match?: {
            readonly actions?: readonly (string)[]
            readonly tools?: readonly (string)[]
            readonly payees?: readonly (string)[]
            readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
          }
          readonly max: number
          readonly windowMs: number
          readonly outcome: 'challenge' | 'escalate' | 'deny'
          readonly approvers?: number
          readonly role?: string
        })[]
        readonly sequences?: readonly ({
          readonly id: string
          readonly per: 'agent' | 'payer' | 'payee' | 'tenant'
          readonly first: {
            readonly actions?: readonly (string)[]
            readonly tools?: readonly (string)[]
            readonly payees?: readonly (string)[]
            readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
          }
          readonly next: {
            readonly actions?: readonly (string)[]
            readonly tools?: readonly (string)[]
            readonly payees?: readonly (string)[]
            readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
          }
          readonly windowMs: number
          readonly outcome: 'challenge' | 'escalate' | 'deny'
          readonly approvers?: number
          readonly role?: string
        })[]
        readonly session?: {
          readonly unknown: 'allow' | 'challenge' | 'escalate' | 'deny'
          readonly tainted: 'allow' | 'challenge' | 'escalate' | 'deny'
          readonly promptContagion: 'allow' | 'challenge' | 'escalate' | 'deny'
          readonly badActor: 'allow' | 'challenge' | 'escalate' | 'deny'
          readonly escalateAbove?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly approvers?: number
          readonly role?: string
        }
        readonly compliance?: {
          readonly toolManifestHash?: boolean
          readonly knownToolVersion?: boolean
          readonly quote?: boolean
          readonly receiptSignature?: boolean
        }
        readonly conditions?: readonly ({
          readonly id: string
          readonly when: string
          readonly outcome: 'challenge' | 'escalate' | 'deny'
          readonly approvers?: number
          readonly role?: string
        })[]
        readonly wallets?: {
          readonly rails: readonly (string)[]
          readonly assignments: readonly ({
            readonly walletId: string
            readonly policyVersion: number
            readonly kind: 'dedicated' | 'pooled'
            readonly tenants?: readonly (string)[]
            readonly environments?: readonly ('sandbox' | 'production')[]
            readonly riskClasses?: readonly ('read' | 'compute' | 'action' | 'financial')[]
            readonly depthMax?: number
            readonly perRequest?: readonly ({
              readonly asset: string
              readonly max: string
            })[]
            readonly childBasisPoints?: number
          })[]
        }
        readonly strictBinding: boolean
        readonly irrevocable?: {
          readonly payees: readonly (string)[]
          readonly max: readonly ({
            readonly asset: string
            readonly max: string
          })[]
        }
        readonly x402?: {
          readonly origins: readonly ({
            readonly origin: string
            readonly methods: readonly ('GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[]
            readonly privateAddresses?: boolean
            readonly alias?: string
          })[]
          readonly payees: readonly ({
            readonly payee: string
            readonly network: string
            readonly payTo: string
          })[]
          readonly schemes: readonly ('exact' | 'upto')[]
          readonly validSecondsMax: number
          readonly unsignedBy?: readonly (string)[]
        }
        readonly authorizationWithinMs: number
        readonly approvalWithinMs: number
        readonly settlement: {
          readonly mode: 'automatic' | 'manual'
          readonly verifiers: readonly ({
            readonly verifier: "status"
          } | {
            readonly verifier: "hash"
          } | {
            readonly verifier: "schema"
            readonly schema: { readonly [name: string]: unknown }
          } | {
            readonly verifier: "latency"
            readonly greenMs: number
            readonly amberMs: number
          })[]
          readonly onSilence: 'release' | 'refund' | 'review'
          readonly evidenceWithinMs: number
          readonly autoReleaseMax?: readonly ({
            readonly asset: string
            readonly max: string
          })[]
          readonly holdback?: {
            readonly basisPoints: number
            readonly windowMs: number
          }
        }
        readonly disputes?: {
          readonly windowMs: number
          readonly responseWithinMs: number
          readonly openIfReceiptMissing: boolean
          readonly evidence: readonly (string)[]
        }
      }
      readonly action: string
    }
    readonly answer: AppliedProfile
  }
  readonly getProfiles: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (AppliedProfile)[]
      readonly next: string | null
    }
  }
  readonly postProfilesShadowEnd: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly action: string
    }
    readonly answer: AppliedProfile
  }
  readonly getProfilesActive: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: AppliedProfile
  }
  readonly getProfilesOne: {
    readonly params: { policyHash: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: AppliedProfile
  }
  readonly getDecisions: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string; since?: string; until?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (DecisionRecordV1)[]
      readonly next: string | null
    }
  }
  readonly postPrincipals: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly kind: 'person' | 'organisation' | 'agent' | 'service' | 'app'
      readonly name: string
      readonly keys: readonly ({
        readonly publicKey: {
          readonly kty: "OKP"
          readonly crv: "Ed25519"
          readonly x: string
        }
        readonly purpose: 'intent' | 'grant' | 'response' | 'action'
      })[]
    }
    readonly answer: Principal
  }
  readonly getPrincipals: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Principal)[]
      readonly next: string | null
    }
  }
  readonly getPrincipalsOne: {
    readonly params: { principalId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Principal
  }
  readonly postPrincipalsKeys: {
    readonly params: { principalId: string }
    readonly query: undefined
    readonly body: {
      readonly publicKey: {
        readonly kty: "OKP"
        readonly crv: "Ed25519"
        readonly x: string
      }
      readonly purpose: 'intent' | 'grant' | 'response' | 'action'
      readonly action?: string
    }
    readonly answer: Principal
  }
  readonly postPrincipalsKeysRetire: {
    readonly params: { principalId: string; kid: string }
    readonly query: undefined
    readonly body: {
      readonly action?: string
    }
    readonly answer: Principal
  }
  readonly postPrincipalsLifecycle: {
    readonly params: { principalId: string }
    readonly query: undefined
    readonly body: {
      readonly to: 'provisioned' | 'active' | 'throttled' | 'suspended' | 'quarantined' | 'frozen' | 'decommissioned' | 'archived'
      readonly reason: string
    }
    readonly answer: Principal
  }
  readonly postPrincipalsRoles: {
    readonly params: { principalId: string }
    readonly query: undefined
    readonly body: {
      readonly action: string
    }
    readonly answer: Principal
  }
  readonly postApiKeys: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly principalId: string
      readonly name: string
      readonly scopes: readonly ('principals:write' | 'roles:write' | 'controls:write' | 'keys:write' | 'deposits:write' | 'profiles:write' | 'wallets:write' | 'grants:write' | 'grants:revoke-any' | 'gates:write' | 'gates:execute' | 'evidence:write' | 'approvals:answer' | 'metrics:read' | 'read' | 'read:all')[]
    }
    readonly answer: ApiKey
  }
  readonly getApiKeys: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (ApiKey)[]
      readonly next: string | null
    }
  }
  readonly postApiKeysRotate: {
    readonly params: { keyId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: ApiKey
  }
  readonly postApiKeysRevoke: {
    readonly params: { keyId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: ApiKey
  }
  readonly postDeposits: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly action: string
    }
    readonly answer: Deposit
  }
  readonly getAccounts: {
    readonly params: undefined
    readonly query: { principalId?: string }
    readonly body: undefined
    readonly answer: readonly (Account)[]
  }
  readonly postFetch: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly url: string
      readonly method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
      readonly headers?: readonly ({
        readonly name: string
        readonly value: string
      })[]
      readonly body?: string
      readonly bodyBase64?: string
      readonly maximum?: {
        readonly amount: string
        readonly asset: string
      }
      readonly grantHash: string
      readonly intent?: string
    }
    readonly answer: Fetched
  }
  readonly getPaymentsOne: {
    readonly params: { paymentId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: {
      readonly schemaVersion: "PaymentStatus.v1"
      readonly paymentId: string
      readonly tenantId: string
      readonly environment: 'sandbox' | 'production'
      readonly gateId: string
      readonly walletId: string
      readonly payee: string
      readonly offerHash: string
      readonly rail: string
      readonly scheme: string
      readonly network: string
      readonly asset: string
      readonly amount: string
      readonly payer: string
      readonly payTo: string
      readonly nonce: string
      readonly validAfter: string
      readonly validBefore: string
      readonly sinceBlock: number
      readonly state: 'requires_payment' | 'queued' | 'broadcasting' | 'mempool' | 'confirmed' | 'failed' | 'replaced' | 'not_found'
      readonly category: 'pre-payment' | 'in-flight' | 'terminal-success' | 'terminal-failure'
      readonly certainty: 'known' | 'unknown'
      readonly reason: string | null
      readonly transaction: string | null
      readonly blockNumber: number | null
      readonly settled?: string
      readonly at: string
      readonly settlementStatus: 'held' | 'captured' | 'voided' | 'unknown'
      readonly ageMs: number
      readonly checkStatusUrl: string
    }
  }
  readonly postWallets: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly ownerId: string
      readonly name: string
    }
    readonly answer: Wallet
  }
  readonly getWallets: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Wallet)[]
      readonly next: string | null
    }
  }
  readonly postWalletsImport: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly ownerId: string
      readonly name: string
      readonly privateKey: string
    }
    readonly answer: Wallet
  }
  readonly getWalletsOne: {
    readonly params: { walletId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Wallet
  }
  readonly postWalletsFund: {
    readonly params: { walletId: string }
    readonly query: undefined
    readonly body: {
      readonly transaction: string
      readonly refundOf?: string
    }
    readonly answer: Inbound
  }
  readonly postWalletsAllowance: {
    readonly params: { walletId: string }
    readonly query: undefined
    readonly body: {
      readonly asset: string
      readonly amount: string
    }
    readonly answer: Allowance
  }
  readonly postWalletsFreeze: {
    readonly params: { walletId: string }
    readonly query: undefined
    readonly body: {
      readonly reason: string
    }
    readonly answer: Wallet
  }
  readonly postWalletsUnfreeze: {
    readonly params: { walletId: string }
    readonly query: undefined
    readonly body: {
      readonly reason: string
    }
    readonly answer: Wallet
  }
  readonly postControls: {
    readonly params: undefined
    readonly query: undefined
    readonly body: {
      readonly actions: readonly (string)[]
    }
    readonly answer: Control
  }
  readonly getControls: {
    readonly params: undefined
    readonly query: { cursor?: string; limit?: string; state?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (Control)[]
      readonly next: string | null
    }
  }
  readonly getControlsOne: {
    readonly params: { controlId: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: Control
  }
  readonly getControlsInFlight: {
    readonly params: { controlId: string }
    readonly query: { cursor?: string; limit?: string }
    readonly body: undefined
    readonly answer: {
      readonly items: readonly (HoldInFlight)[]
      readonly next: string | null
    }
  }
  readonly postControlsDrain: {
    readonly params: { controlId: string }
    readonly query: undefined
    readonly body: {
      readonly action: string
      readonly after?: string
    }
    readonly answer: Drain
  }
  readonly getHealthz: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: {
      readonly status: "ok"
    }
  }
  readonly getReadyz: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: {
      readonly status: "ready"
      readonly waiting: number
    }
  }
  readonly getWellKnownJwksJson: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: Jwks
  }
  readonly getReasonCodes: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: readonly ({
      readonly code: string
      readonly status: number
      readonly retry: 'never' | 'change' | 'later'
      readonly meaning: string
      readonly remedy: string
      readonly class: string
      readonly outcome: 'allow' | 'challenge' | 'escalate' | 'deny'
      readonly lift: 'party' | 'operator' | 'never'
    })[]
  }
  readonly getProblems: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: readonly ({
      readonly code: string
      readonly status: number
      readonly retry: 'never' | 'change' | 'later'
      readonly meaning: string
      readonly remedy: string
    })[]
  }
  readonly getProblemsOne: {
    readonly params: { code: string }
    readonly query: undefined
    readonly body: undefined
    readonly answer: {
      readonly code: string
      readonly status: number
      readonly retry: 'never' | 'change' | 'later'
      readonly meaning: string
      readonly remedy: string
    }
  }
  readonly getWhoami: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: {
      readonly principalId: string
      readonly tenantId: string
      readonly environment: 'sandbox' | 'production'
      readonly scopes: readonly (string)[]
      readonly now: string
    }
  }
  readonly getOpenapiJson: {
    readonly params: undefined
    readonly query: undefined
    readonly body: undefined
    readonly answer: { readonly [name: string]: unknown }
  }
}

/** Where each operation is served. */
export const OPERATIONS = {
  postGates: { method: 'POST', path: '/v1/gates' },
  getGates: { method: 'GET', path: '/v1/gates' },
  getGatesOne: { method: 'GET', path: '/v1/gates/{gateId}' },
  postGatesAuthorize: { method: 'POST', path: '/v1/gates/{gateId}/authorize' },
  postGatesExecute: { method: 'POST', path: '/v1/gates/{gateId}/execute' },
  postGatesEvidence: { method: 'POST', path: '/v1/gates/{gateId}/evidence' },
  postGatesVoid: { method: 'POST', path: '/v1/gates/{gateId}/void' },
  postGatesContest: { method: 'POST', path: '/v1/gates/{gateId}/contest' },
  getGatesEvents: { method: 'GET', path: '/v1/gates/{gateId}/events' },
  getGatesBundle: { method: 'GET', path: '/v1/gates/{gateId}/bundle' },
  getApprovals: { method: 'GET', path: '/v1/approvals' },
  getApprovalsOne: { method: 'GET', path: '/v1/approvals/{approvalId}' },
  postGatesApprovalReplies: { method: 'POST', path: '/v1/gates/{gateId}/approval/replies' },
  postApprovalsAnswers: { method: 'POST', path: '/v1/approvals/{approvalId}/answers' },
  getGatesApproval: { method: 'GET', path: '/v1/gates/{gateId}/approval' },
  postGrants: { method: 'POST', path: '/v1/grants' },
  getGrants: { method: 'GET', path: '/v1/grants' },
  getGrantsOne: { method: 'GET', path: '/v1/grants/{grantHash}' },
  postGrantsRevoke: { method: 'POST', path: '/v1/grants/{grantHash}/revoke' },
  postProfiles: { method: 'POST', path: '/v1/profiles' },
  getProfiles: { method: 'GET', path: '/v1/profiles' },
  postProfilesShadowEnd: { method: 'POST', path: '/v1/profiles/shadow/end' },
  getProfilesActive: { method: 'GET', path: '/v1/profiles/active' },
  getProfilesOne: { method: 'GET', path: '/v1/profiles/{policyHash}' },
  getDecisions: { method: 'GET', path: '/v1/decisions' },
  postPrincipals: { method: 'POST', path: '/v1/principals' },
  getPrincipals: { method: 'GET', path: '/v1/principals' },
  getPrincipalsOne: { method: 'GET', path: '/v1/principals/{principalId}' },
  postPrincipalsKeys: { method: 'POST', path: '/v1/principals/{principalId}/keys' },
  postPrincipalsKeysRetire: { method: 'POST', path: '/v1/principals/{principalId}/keys/{kid}/retire' },
  postPrincipalsLifecycle: { method: 'POST', path: '/v1/principals/{principalId}/lifecycle' },
  postPrincipalsRoles: { method: 'POST', path: '/v1/principals/{principalId}/roles' },
  postApiKeys: { method: 'POST', path: '/v1/api-keys' },
  getApiKeys: { method: 'GET', path: '/v1/api-keys' },
  postApiKeysRotate: { method: 'POST', path: '/v1/api-keys/{keyId}/rotate' },
  postApiKeysRevoke: { method: 'POST', path: '/v1/api-keys/{keyId}/revoke' },
  postDeposits: { method: 'POST', path: '/v1/deposits' },
  getAccounts: { method: 'GET', path: '/v1/accounts' },
  postFetch: { method: 'POST', path: '/v1/fetch' },
  getPaymentsOne: { method: 'GET', path: '/v1/payments/{paymentId}' },
  postWallets: { method: 'POST', path: '/v1/wallets' },
  getWallets: { method: 'GET', path: '/v1/wallets' },
  postWalletsImport: { method: 'POST', path: '/v1/wallets/import' },
  getWalletsOne: { method: 'GET', path: '/v1/wallets/{walletId}' },
  postWalletsFund: { method: 'POST', path: '/v1/wallets/{walletId}/fund' },
  postWalletsAllowance: { method: 'POST', path: '/v1/wallets/{walletId}/allowance' },
  postWalletsFreeze: { method: 'POST', path: '/v1/wallets/{walletId}/freeze' },
  postWalletsUnfreeze: { method: 'POST', path: '/v1/wallets/{walletId}/unfreeze' },
  postControls: { method: 'POST', path: '/v1/controls' },
  getControls: { method: 'GET', path: '/v1/controls' },
  getControlsOne: { method: 'GET', path: '/v1/controls/{controlId}' },
  getControlsInFlight: { method: 'GET', path: '/v1/controls/{controlId}/in-flight' },
  postControlsDrain: { method: 'POST', path: '/v1/controls/{controlId}/drain' },
  getHealthz: { method: 'GET', path: '/healthz' },
  getReadyz: { method: 'GET', path: '/readyz' },
  getWellKnownJwksJson: { method: 'GET', path: '/.well-known/jwks.json' },
  getReasonCodes: { method: 'GET', path: '/v1/reason-codes' },
  getProblems: { method: 'GET', path: '/v1/problems' },
  getProblemsOne: { method: 'GET', path: '/problems/{code}' },
  getWhoami: { method: 'GET', path: '/v1/whoami' },
  getOpenapiJson: { method: 'GET', path: '/openapi.json' },
} as const

/** What is read as it is made: text, not JSON. */
export const STREAMS = {
  getApprovalsWatch: { path: '/v1/approvals/watch' },
  getAuditActions: { path: '/v1/audit/actions' },
} as const
