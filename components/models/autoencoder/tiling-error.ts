/** Tiles that an autoencoder cannot be computed with. */
import { ModularError } from '../../../src/errors/modular-error'

/** A setting of tiling is out of range. */
export class TilingError extends ModularError {
  override readonly code = 'TILING'

  constructor(
    /** Name of the model's class. */
    readonly model: string,
    /** The setting, e.g. `tileOverlapFactor`. */
    readonly setting: string,
    problem: string,
  ) {
    super(`${model}: ${setting} ${problem}`)
  }
}
