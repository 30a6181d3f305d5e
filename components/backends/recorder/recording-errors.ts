/** What cannot be recorded. */
import { ModularError } from '../../../src/errors/modular-error'

/** `the layer down_blocks.0 (Model)`, or the model where it happened outside of its layers. */
function layerText(model: string, layer: string): string {
  return layer === '' ? model : `the layer ${layer} of ${model}`
}

/** A model runs a kernel that a graph cannot hold. */
export class UnsupportedKernelError extends ModularError {
  override readonly code = 'UNSUPPORTED_KERNEL'

  constructor(
    /** Name of the kernel, as TensorFlow.js calls it. */
    readonly kernel: string,
    model: string,
    /** State-dict name of the layer that ran the kernel; empty for the model itself. */
    readonly layer: string,
    reason = 'is not supported in graphs',
  ) {
    super(
      `The kernel ${kernel}, which ${layerText(model, layer)} runs, ${reason}. ` +
        "Compute with other operations there, or run the model with executor 'eager'.",
    )
  }
}

/** A model asks for the numbers of a tensor while it is recorded, when there are none yet. */
export class RecordedValueError extends ModularError {
  override readonly code = 'RECORDED_VALUE'

  constructor(
    model: string,
    /** State-dict name of the layer that asked; empty for the model itself. */
    readonly layer: string,
  ) {
    super(
      `While ${model} was recorded as a graph, ${layerText(model, layer)} asked for the values of a tensor (data(), dataSync(), array(), print() …). ` +
        'A graph is the same for all values: compute with tensor operations there (tf.where(), tf.mul() with a mask), ' +
        "or run the model with executor 'eager'.",
    )
  }
}
