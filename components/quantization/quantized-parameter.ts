/** A weight of a model that is stored in 8 bits. */

import { runInSlices } from '../../src/runtime/time-slice'
import { tensorBytes } from '../checkpoints/copy-tensor'
import { readFloat32 } from '../checkpoints/read-tensor'
import type { Parameter } from '../nn/parameter'
import { UnquantizableWeightError } from './quantization-errors'
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
    private readonly name: WeightName,
  ) {
    this.bytes = quantizedBytes(parameter)
  }

  /**
   * Reads the weight, without holding up anything else: its scales as float32, and then its integers.
   *
   * @throws UnquantizableWeightError; SafetensorsError where the file can no longer be read
   */
  async *read(): AsyncIterable<Uint8Array> {
    const { scales, values } = await this.quantize()
    yield bytesOf(scales)
    yield bytesOf(values)
  }

  /** Reads one of the two parts, as it is in the file or rounded again. Fails as {@link read} does. */
  async *readPart(part: keyof QuantizedRows, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const stored = storedRows(this.parameter)
    if (stored) yield* tensorBytes(stored[part], signal)
    else yield bytesOf((await this.quantize(signal))[part])
  }

  private async quantize(signal?: AbortSignal): Promise<QuantizedRows> {
    const { parameter, name } = this
    const { origin, source, isInMemory, cast, shape } = parameter
    // Packed weights have an origin alone: they are decoded from it.
    const inFile = source ?? (isInMemory ? undefined : origin)
    const floats = inFile === undefined ? parameter.read() : cast.apply(await readFloat32(inFile))
    const quantized = await runInSlices(quantizeRowsLoop(floats, shape[0] as number), signal)
    if (quantized === undefined) throw new UnquantizableWeightError(name.model, name.weight)
    return quantized
  }
}

function bytesOf({ buffer }: Int8Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer)
}

/** Bytes of a weight in 8 bits, with a scale for each output channel. */
export function quantizedBytes({ shape, size }: Parameter): number {
  return size + 4 * (shape[0] as number)
}
