/** Records money that came in, on an operator's signed word. Rules: spec/ledger.md. */
import { ledger } from '@surety/domain'
import { ASSETS, err, type Id, type JsonObject, type OperatorActionOf } from '@surety/protocol'
import type { Deposit, Facts, Idempotency, UseCase } from '../../ports.ts'
import { type SignedAct, verifyOwnAct } from '../principal/operator-action.ts'
import { keyHolds } from '../principal/party-signature.ts'
import { type Answer, type App, type Call, type Caller, principalKey } from '../runtime.ts'
import { fresh, Writing } from '../write-set.ts'

type Depositing = SignedAct<'deposit'>
type Reads = ReturnType<typeof reads>

function reads({ object }: Depositing) {
  const { operatorId, deposit } = object
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
  decide: (read, { jws, object: action, hash: actionHash, kid }, stamp) => {
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
  action: OperatorActionOf<'deposit'>,
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
      const act = await verifyOwnAct(app, caller, jws, ['deposit'])
      if (!act.ok) return act
      const { asset } = act.value.object.deposit
      return ASSETS.has(asset) ? act : err('asset_unknown', asset)
    },
  }
}
