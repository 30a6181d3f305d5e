/** A weight of a model that is stored in integers. */
import { runInSlices } from '../../src/runtime/time-slice'
import type { RowDType } from '../checkpoints/checkpoint'
import { tensorBytes, viewBytes } from '../checkpoints/copy-tensor'
import { readFloat32 } from '../checkpoints/read-tensor'
import { scalesShape } from '../checkpoints/row-scales'
import { bytesOfElements } from '../checkpoints/weight-dtypes'
import type { Parameter } from '../nn/parameter'
import { UnquantizableWeightError } from './quantization-errors'
import { type QuantizedBlocks, quantizeBlocksLoop } from './quantize-blocks'
import { type QuantizedRows, quantizeRowsLoop } from './quantize-rows'
import { storedRows } from './stored-rows'

/** Where a weight's name comes from, for errors. */
export interface WeightName {
  readonly model: string
  readonly weight: string
}

/** A weight that is quantized when it is asked for, and not kept. */
export class QuantizedParameter {
  /** Bytes of the scales and the integers. */
  readonly bytes: number

  constructor(
    readonly parameter: Parameter,
    readonly form: RowDType,
    private readonly name: WeightName,
  ) {
    this.bytes = quantizedBytes(parameter, form)
  }

  /**
   * Reads the weight, without holding up anything else: its scales as float32, and then its integers.
   *
   * @throws UnquantizableWeightError; SafetensorsError where the file can no longer be read
   */
  async *read(): AsyncIterable<Uint8Array> {
    const { scales, values } = await this.quantize()
    yield viewBytes(scales)
    yield viewBytes(values)
  }

  /** Reads one of the two parts, as it is in the file or rounded again. Fails as {@link read} does. */
  async *readPart(part: 'scales' | 'values', signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const stored = storedRows(this.parameter, this.form)
    if (stored) yield* tensorBytes(stored[part], signal)
    else yield viewBytes((await this.quantize(signal))[part])
  }

  private async quantize(signal?: AbortSignal): Promise<QuantizedRows | QuantizedBlocks> {
    const { parameter, name, form } = this
    const { origin, source, isInMemory, cast } = parameter
    // Packed weights have an origin alone: they are decoded from it.
    const inFile = source ?? (isInMemory ? undefined : origin)
    const floats = inFile === undefined ? parameter.read() : cast.apply(await readFloat32(inFile))
    const quantized = await runInSlices(quantizeLoop(floats, form, parameter.shape), signal)
    if (quantized === undefined) throw new UnquantizableWeightError(name.model, name.weight)
    return quantized
  }
}

/** Rounds numbers to integers of a form. @returns `undefined` if one is not finite */
export function quantizeLoop(
  values: Float32Array,
  form: RowDType,
  shape: readonly number[],
): Generator<void, QuantizedRows | QuantizedBlocks | undefined, void> {
  return form === 'I8_ROWS' ? quantizeRowsLoop(values, shape[0] as number) : quantizeBlocksLoop(values, shape)
}

/** Bytes of a weight in integers, with its scales. */
export function quantizedBytes({ shape, size }: Parameter, form: RowDType): number {
  return bytesOfElements(form, size) + 4 * scalesShape(form, shape).reduce((count, length) => count * length, 1)
}
