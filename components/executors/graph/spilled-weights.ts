/** Weights in memory that are too large to be a part of a graph: ONNX Runtime takes no graph of 2 GB, so it reads them from a temporary file. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createTemporaryFolder, planTemporaryFolder } from '../../../src/files/temporary-folder'
import { writeFileAtomically } from '../../../src/files/write-file-atomically'
import { SideFile, storedSource } from '../../backends/onnx/side-file'
import type { RowDType } from '../../checkpoints/checkpoint'
import type { Parameter } from '../../nn/parameter'
import type { QuantizedParameter } from '../../quantization/quantized-parameter'

/**
 * Bytes of weights in memory that are a part of a graph at most, and of those that are quantized. The graph is copied to the process that computes it, while
 * a file is written tensor by tensor.
 */
export const inlineLimit = { bytes: 2 ** 30, quantizedBytes: 2 ** 26 }

/** The temporary file of a session. It is there while the session is made. */
export class SpilledWeights {
  readonly file: string

  private constructor(
    private readonly weights: SideFile,
    private readonly folder: string,
  ) {
    this.file = join(folder, 'weights.data')
  }

  /** Plans the file for those weights that are in no file, or are quantized; `undefined` if they may be a part of the graph. */
  static plan(
    weights: readonly Parameter[],
    quantized: readonly QuantizedParameter[] = [],
  ): SpilledWeights | undefined {
    const isQuantized = new Set(quantized.map(({ parameter }) => parameter))
    const floats = weights.filter(weight => storedSource(weight) === undefined && !isQuantized.has(weight))
    const inMemory = new SideFile(floats, quantized)
    const { weightBytes, quantizedBytes } = inMemory
    if (quantizedBytes <= inlineLimit.quantizedBytes && weightBytes <= inlineLimit.bytes) return undefined
    return new SpilledWeights(inMemory, planTemporaryFolder('weights'))
  }

  /** Where a weight is in the file. */
  placeOf(weight: Parameter): { begin: number; end: number } {
    return this.weights.placeOf(weight)
  }

  /** Where the parts of a quantized weight are in the file. */
  placeOfQuantized(weight: Parameter, form: RowDType): ReturnType<SideFile['placeOfQuantized']> {
    return this.weights.placeOfQuantized(weight, form)
  }

  /** Writes the file, for this user alone, in place of one that could not be removed before. @throws UnwritableFileError, e.g. for a full disk */
  async write(): Promise<void> {
    await this.remove()
    await createTemporaryFolder(this.folder)
    try {
      await writeFileAtomically(this.file, this.weights.bytes())
    } catch (error) {
      await this.remove()
      throw error
    }
  }

  /** Removes the file. Windows keeps it for as long as a session reads from it. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined)
  }
}
