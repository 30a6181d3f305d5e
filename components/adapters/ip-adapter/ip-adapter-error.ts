/** An IP-Adapter that cannot be used. */
import { ModularError } from '../../../src/errors/modular-error'

/** A file is not an IP-Adapter, is one for another model, or cannot do what is asked of it. */
export class IPAdapterError extends ModularError {
  override readonly code = 'IP_ADAPTER'

  constructor(
    /** The adapter's file, or what the problem is about. */
    readonly adapter: string,
    problem: string,
  ) {
    super(`${adapter}: ${problem}`)
  }
}
