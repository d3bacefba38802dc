/** Approvals: what waits for a person, and what people answer. */
import type { CommandGroup } from '../../command.ts'
import { approve, deny, requestInfo, resolve, review } from './answer.ts'
import { list, show } from './look.ts'
import { watch } from './watch.ts'

export const approvals: CommandGroup = {
  name: 'approvals',
  summary: 'what waits for a person, and what people answer',
  commands: [list, show, approve, deny, requestInfo, resolve, review, watch],
}
