/** A scheduler is asked for by a name that stands for none. */
import { ModularError } from '../../src/errors/modular-error'
import { nearestName } from '../../src/errors/nearest-name'
import { nameList } from '../../src/errors/text'

/** There is no scheduler of that class or short name. */
export class UnknownSchedulerError extends ModularError {
  override readonly code = 'UNKNOWN_SCHEDULER'

  constructor(
    /** The name that was asked for; `undefined` if there was none where one was looked for. */
    readonly scheduler: string | undefined,
    /** The names that there are. */
    readonly known: readonly string[],
    source?: string,
  ) {
    const nearest = scheduler === undefined ? undefined : nearestName(scheduler, known)
    const problem = scheduler === undefined ? 'No scheduler class is named' : `There is no scheduler "${scheduler}"`
    const place = source === undefined ? '' : `${source}: `
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
    super(`${place}${problem}.${hint} Known: ${nameList(known)}.`)
  }
}
