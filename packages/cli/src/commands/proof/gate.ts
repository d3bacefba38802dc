/** Gates: paid actions, from intent to settlement. */
import type { CommandGroup } from '../../command.ts'
import { authorize, contest, declare, voidGate } from '../../gate/ask.ts'
import { evidence, execute, respond } from '../../gate/do.ts'
import { events, list, show } from '../../gate/look.ts'
import { reply, waiting } from '../../gate/wait.ts'

export const gate: CommandGroup = {
  name: 'gate',
  summary: 'paid actions, from intent to settlement',
  commands: [
    declare,
    authorize,
    waiting,
    reply,
    execute,
    respond,
    evidence,
    contest,
    voidGate,
    show,
    list,
    events,
  ],
}
