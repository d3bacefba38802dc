/**
 * What a replay found, for people: outcomes that changed, and the money behind them.
 *
 * @module
 */
import type { policy } from '@surety/domain'
import { formatMoney } from '../../../terminal/money.ts'
import { styled, table } from '../../../terminal/render.ts'

type Report = policy.ReplayReport

const UNKNOWN_MEANINGS: Readonly<Record<policy.UnknownReason, string>> = {
  decision_missing: 'a decision of its gate is left out of the record',
  facts_not_recorded: 'the facts it was made from are not there, or were changed',
  profile_not_recorded: 'the profile it was made under is not there',
  not_reproduced: 'its own profile does not give it again from its facts',
  input_missing: 'the candidate asks for something that was not recorded',
}

/** The whole report, in lines. */
export function impactLines(report: Report): readonly string[] {
  const { decisions, gates, changed, unchanged, reasonsChanged, from, to, unknown } = report
  if (decisions === 0) return ['no decision is recorded in this span: nothing was learned']
  const span = from === null ? '' : `, ${from.slice(0, 10)} to ${(to ?? from).slice(0, 10)}`
  const head = `${count(decisions)} decisions on ${count(gates)} gates${span}: ${count(changed)} changed, ${count(unchanged + reasonsChanged)} came out the same`
  return [
    head,
    ...(reasonsChanged === 0 ? [] : [`  ${count(reasonsChanged)} of those for other reasons`]),
    ...changeLines(report),
    ...moneyLines(report),
    ...approvalLines(report),
    ...(unknown.decisions === 0 ? [] : unknownLines(report)),
  ]
}

function changeLines({ changes }: Report): readonly string[] {
  const shown = changes.filter(({ kind }) => kind !== 'reasons')
  if (shown.length === 0) return []
  const rows = shown.map(({ recorded, candidate, decisions, money, gates }) => [
    count(decisions),
    `${recorded.decision} (${recorded.reasonCode})`,
    `${candidate.decision} (${candidate.reasonCode})`,
    money.map(({ amount, asset }) => formatMoney(amount, asset)).join(', '),
    gates[0] ?? '',
  ])
  return ['', ...table(['decisions', 'was', 'would be', 'money', 'for example'], rows, '')]
}

function moneyLines({ money }: Report): readonly string[] {
  if (money.length === 0) return []
  const lines = money.flatMap((impact) => {
    const { asset } = impact
    const sum = (amount: string) => formatMoney(amount, asset)
    return [
      `${styled('bold', asset)}`,
      ...pairs([
        ['allowed', `${sum(impact.recordedAllowed)} → ${sum(impact.candidateAllowed)}`],
        ['blocked', sum(impact.blocked)],
        ['would wait for approval', sum(impact.heldForApproval)],
        ['newly allowed', sum(impact.newlyAllowed)],
        ['newly allowed if approved', sum(impact.newlyApprovable)],
        ['exposure at worst', `${sum(impact.recordedAtWorst)} → ${sum(impact.candidateAtWorst)}`],
      ]),
    ]
  })
  return ['', ...lines]
}

function approvalLines({ approvals }: Report): readonly string[] {
  const { recorded, candidate, added, removed } = approvals
  if (recorded + candidate === 0) return []
  const change = `${count(added)} added, ${count(removed)} removed`
  return ['', `approvals asked for: ${count(recorded)} → ${count(candidate)} (${change})`]
}

function unknownLines({ unknown }: Report): readonly string[] {
  const left = unknown.decisions - unknown.listed.length
  return [
    '',
    styled('red', `${count(unknown.decisions)} decisions could not be replayed:`),
    ...unknown.listed.map(({ gateId, reason }) => `  ${gateId}  ${UNKNOWN_MEANINGS[reason]}`),
    ...(left === 0 ? [] : [`  and ${count(left)} more`]),
  ]
}

function pairs(entries: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}

/** 1234567 as people read it. */
function count(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}
