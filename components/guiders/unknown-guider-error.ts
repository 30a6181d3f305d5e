/** A guider is asked for by a name that stands for none. */
import { ModularError } from '../../src/errors/modular-error'
import { nearestName } from '../../src/errors/nearest-name'
import { nameList } from '../../src/errors/text'

/** There is no guider class of that name. */
export class UnknownGuiderError extends ModularError {
  override readonly code = 'UNKNOWN_GUIDER'

  constructor(
    /** The name that was asked for. */
    readonly guider: string,
    /** The names that there are. */
    readonly known: readonly string[],
    source?: string,
  ) {
    const nearest = nearestName(guider, known)
    const place = source === undefined ? '' : `${source}: `
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
    super(`${place}There is no guider "${guider}".${hint} Known: ${nameList(known)}.`)
  }
}
