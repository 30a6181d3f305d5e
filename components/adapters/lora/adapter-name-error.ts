/** A name or a weight of an adapter that does not fit. */
import { ModularError } from '../../../src/errors/modular-error'
import { nameList } from '../../../src/errors/text'

/** A pipeline has no adapter of a name, has one already, or is to give one a weight that makes no sense. */
export class AdapterNameError extends ModularError {
  override readonly code = 'ADAPTER_NAME'

  constructor(
    /** The name that was asked for. */
    readonly adapter: string,
    problem: string,
    /** Names of the adapters that are loaded. */
    readonly known: readonly string[],
  ) {
    super(`The adapter "${adapter}" ${problem}. Loaded adapters: ${known.length === 0 ? 'none' : nameList(known)}.`)
  }
}
