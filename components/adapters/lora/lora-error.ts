/** A file of a LoRA that cannot be put on top of the models of a pipeline. */
import { ModularError } from '../../../src/errors/modular-error'

/** What is wrong. */
export type LoraProblem =
  /** None of its keys names a layer of the pipeline's models. */
  | 'no-match'
  /** Its matrices do not fit the layers, as it was made for another base model, or an alpha is not one number. */
  | 'wrong-shape'
  /** It changes layers in another way than by two small matrices: LoHa, LoKr, GLoRA. */
  | 'unsupported-method'
  /** A layer lacks one of its matrices. */
  | 'incomplete'
  /** Weights, or the alpha of a layer, are NaN or infinite. */
  | 'non-finite'
  /** The metadata of the file are not what their writer writes. */
  | 'invalid-metadata'
  /** The file is not there, or the folder holds several. */
  | 'no-file'

/** A LoRA that does not fit, or that is damaged. Nothing has been loaded then. */
export class LoraError extends ModularError {
  override readonly code = 'LORA'

  constructor(
    /** The file. */
    readonly file: string,
    /** The kind of problem. */
    readonly problem: LoraProblem,
    detail: string,
    /** Keys of the file, or layers, that it is about. */
    readonly keys: readonly string[] = [],
    cause?: unknown,
  ) {
    super(`${file}: ${detail}`, { cause })
  }
}
