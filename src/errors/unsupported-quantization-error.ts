/** The weights of a component are to be quantized in a way that its class does not know. */
import { ModularError } from './modular-error'
import { nameList } from './text'

/** The class of a component cannot be loaded with the quantization that is asked for. */
export class UnsupportedQuantizationError extends ModularError {
  override readonly code = 'UNSUPPORTED_QUANTIZATION'

  constructor(
    /** Name of the component. */
    readonly component: string,
    /** What was asked for. */
    readonly quantization: string,
    className: string,
    supported: readonly string[],
  ) {
    const advice =
      supported.length === 0
        ? 'It has no weights to quantize: name another component.'
        : `Pass ${nameList(supported)}, or leave the option out.`
    super(
      `The weights of the component "${component}" (${className}) cannot be quantized to "${quantization}". ${advice}`,
    )
  }
}
