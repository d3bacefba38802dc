/** Records money that came in, on an operator's signed word. Rules: spec/ledger.md. */
import { ledger } from '@surety/domain'
import {
  ASSETS,
  err,
  type Id,
  type JsonObject,
  type OperatorAction,
  ok,
  type Verified,
} from '@surety/protocol'
import type { Deposit, Facts, Idempotency, UseCase } from '../../ports.ts'
import { keyHolds, verifyParty } from '../principal/party-signature.ts'
import { type Answer, type App, type Call, type Caller, principalKey } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

/** How long an operator's signature may lie about before it is recorded. */
const ACTION_AGE_MAX_MS = 300_000

interface Depositing {
  readonly jws: string
  readonly verified: Verified<'OperatorAction.v1'>
}
type Reads = ReturnType<typeof reads>

function reads({ verified }: Depositing) {
  const { operatorId, deposit } = verified.object
  const { principalId, asset } = deposit
  return {
    operator: principalKey(operatorId),
    owner: principalKey(principalId),
    funds: { of: 'account', account: `principal:${principalId}`, asset } as const,
    rail: { of: 'account', account: 'rail:ledger', asset } as const,
  }
}

const useCase: UseCase<Depositing, Reads, Answer> = {
  reads,
  decide: (read, { jws, verified }, stamp) => {
    const { object: action, hash: actionHash, kid } = verified
    if (read.owner.state.status === 'none') {
      return { type: 'refuse', code: 'principal_not_found', detail: action.deposit.principalId }
    }
    if (!keyHolds(read.operator.state, kid, stamp.atText)) {
      return { type: 'refuse', code: 'signing_key_not_valid' }
    }
    const posting = ledger.depositPosting(action, stamp.mint('trf'))
    const refused = refusedBy(read, posting)
    if (refused !== undefined) return { type: 'refuse', code: refused }
    const depositId = stamp.mint('dep')
    const deposit = depositOf(depositId, action, actionHash, stamp.atText)
    const { source, reference } = action.deposit
    const fact = {
      type: 'depositRecorded',
      deposit,
      kid,
      transfer: { ...posting, amount: String(posting.amount) },
    }
    const stream = `deposit:${depositId}`
    const writing = new Writing(stamp)
    writing.append(
      { family: 'deposit', id: depositId, stream, before: fresh(null) },
      [fact],
      deposit,
    )
    return (
      writing
        .transfer(posting)
        // INVARIANT(books): one movement of the rail is recorded once.
        .unique({
          family: 'deposit',
          key: `${source}|${reference}`,
          owner: depositId,
          refusal: 'deposit_already_recorded',
        })
        .document(depositId, 'action.jws', jws)
        .answer(deposit as unknown as JsonObject, stream)
    )
  },
}

function refusedBy(read: Facts<Reads>, transfer: ledger.Transfer) {
  for (const [account, name] of [
    [read.rail, transfer.debit],
    [read.funds, transfer.credit],
  ] as const) {
    const posted = ledger.decide(account, name, { type: 'post', transfer })
    if (!posted.ok)
      return posted.refusal === 'funds_insufficient' ? 'amount_invalid' : posted.refusal
  }
  return undefined
}

function depositOf(
  depositId: Id<'dep'>,
  action: OperatorAction,
  actionHash: string,
  recordedAt: string,
): Deposit {
  const { principalId, amount, asset, source, reference } = action.deposit
  return { depositId, actionHash, principalId, amount, asset, source, reference, recordedAt }
}

/** The operator who calls is the one who signed. */
export function recordDeposit(
  app: App,
  caller: Caller,
  jws: string,
  idempotency: Idempotency | null,
): Call<Depositing, Reads> {
  return {
    useCase,
    idempotency,
    prepare: async () => {
      const types = ['OperatorAction.v1'] as const
      const verified = await verifyParty(app, caller, { types, jws, signer: 'operatorId' })
      if (!verified.ok) return verified
      const { operatorId, deposit, actedAt } = verified.value.object
      if (operatorId !== caller.principalId) return err('caller_mismatch', operatorId)
      if (!ASSETS.has(deposit.asset)) return err('asset_unknown', deposit.asset)
      const age = app.clock.now() - Date.parse(actedAt)
      if (Math.abs(age) > ACTION_AGE_MAX_MS) return err('time_out_of_range', actedAt)
      return ok({ jws, verified: verified.value })
    },
  }
}
