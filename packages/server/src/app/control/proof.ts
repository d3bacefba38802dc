/**
 * What proves the controls that the facts of a decision name: Surety's statement, people's acts.
 *
 * @module
 */
import type { DecisionFacts, Id } from '@surety/protocol'
import { parseOwnJson } from '@surety/protocol'
import type { Scope } from '../../ports.ts'
import { receiptsAt } from '../receipts.ts'
import type { App } from '../runtime.ts'
import { controlStream } from './statement.ts'

interface Proof {
  readonly controlId: Id<'ctl'>
  readonly statement: string
  /** The statement, as every receipt is named. */
  readonly jws: string
  readonly acts: readonly string[]
  readonly signers: readonly Id<'prn'>[]
}

/** Of each control the statement that it was imposed: the first event of its stream. */
export async function controlsOf(
  app: App,
  scope: Scope,
  factsText: string,
): Promise<readonly Proof[]> {
  if (factsText === '') return []
  const { controls } = parseOwnJson(factsText) as unknown as DecisionFacts
  return Promise.all(
    controls.map(async ({ controlId }) => {
      const { state } = await app.store.reads.state(scope, 'control', controlId)
      if (state.status === 'none')
        throw new Error(`the facts name ${controlId}, which is not there`)
      const [receipt] = await receiptsAt(app, scope, controlStream(controlId), [1])
      const documents = await app.store.reads.documents(scope, controlId)
      const { signers } = state.imposed
      const acts = signers.map((each) => documents.get(`action-${each.actionHash}.jws`) ?? '')
      const jws = receipt?.jws ?? ''
      const operators = signers.map(({ operatorId }) => operatorId)
      return { controlId, statement: jws, jws, acts, signers: operators }
    }),
  )
}
