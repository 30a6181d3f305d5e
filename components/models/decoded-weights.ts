/** Weights of quantized files for runtimes that read weights themselves: decoded once, into a temporary file that is there for as long as the model is. */
import { rmSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeTemporaryFolder } from '../../src/files/temporary-folder'
import { UnwritableFileError } from '../../src/files/unwritable-file-error'
import { inPieces, runInSlices, TimeSlice } from '../../src/runtime/time-slice'
import type { TensorInfo } from '../checkpoints/checkpoint'
import { readFloat32 } from '../checkpoints/read-tensor'
import {
  bytesPerElement,
  type FloatDType,
  fromFloat32,
  isFloatDType,
  isQuantizedDType,
} from '../checkpoints/weight-dtypes'
import type { Module } from '../nn/module'
import type { Parameter } from '../nn/parameter'

/** How weights are decoded. */
export interface DecodeWeightsOptions {
  /** What they become. Default: float16, but float32 for weights that float16 has no numbers for. */
  dtype?: FloatDType | undefined
  /** Stops between two weights. */
  signal?: AbortSignal | undefined
}

/** Tensors begin at multiples of this, so that a runtime can map them into memory. */
const ALIGNMENT = 4096

/** Numbers that are rounded between two turns of the event loop at most. */
const PIECE = 2 ** 18

/** Magnitudes that float16 rounds to 11 bits. The largest one of a weight must lie between them. */
const [SMALLEST, LARGEST] = [2 ** -14, 65504] as const

/** Folders that are there now. */
const folders = new Set<string>()

/** Removes what is left of models that nobody has disposed. */
const forgotten = new FinalizationRegistry<DecodedWeights>(weights => weights.dispose())

/** The temporary file of a model. */
export class DecodedWeights {
  private constructor(
    private readonly folder: string,
    /** Bytes of the file. */
    readonly bytes: number,
  ) {}

  /**
   * Decodes all weights of a model, one at a time, and lets the model read them from the file. Weights that are floats already are copied, so that
   * the model needs one file alone.
   *
   * @returns `undefined` for a model without quantized weights; nothing has been written then
   * @throws UnwritableFileError, e.g. for a full disk; WeightFileError; the reason of `signal`. The model is as it was then.
   */
  static async of(model: Module, options: DecodeWeightsOptions = {}): Promise<DecodedWeights | undefined> {
    const weights = model.parameters().filter(({ origin }) => origin !== undefined)
    if (!weights.some(isQuantized)) return undefined
    const folder = await makeTemporaryFolder('decoded')
    if (folders.size === 0) process.once('exit', removeAll)
    folders.add(folder)
    const file = join(folder, 'weights.data')
    try {
      const places = await writeWeights(file, weights, options)
      const { size, mtimeMs: modified } = await stat(file)
      for (const [weight, place] of places) weight.relocate({ ...place, file, stamp: { size, modified } })
      const decoded = new DecodedWeights(folder, size)
      forgotten.register(model, decoded, decoded)
      return decoded
    } catch (error) {
      remove(folder)
      throw UnwritableFileError.from(file, error)
    }
  }

  /** Removes the file. Windows keeps it for as long as a session reads from it: it is removed when the process ends. */
  dispose(): void {
    forgotten.unregister(this)
    remove(this.folder)
  }
}

/** Whether a weight is in its file in a form that has to be decoded. */
export function isQuantized({ origin }: Parameter): boolean {
  return origin !== undefined && isQuantizedDType(origin.dtype)
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
    folders.delete(folder)
    if (folders.size === 0) process.removeListener('exit', removeAll)
  } catch {
    // Once more when the process ends.
  }
}

function removeAll(): void {
  for (const folder of folders) remove(folder)
}

async function writeWeights(
  file: string,
  weights: readonly Parameter[],
  { dtype, signal }: DecodeWeightsOptions,
): Promise<Map<Parameter, Omit<TensorInfo, 'file' | 'stamp'>>> {
  const places = new Map<Parameter, Omit<TensorInfo, 'file' | 'stamp'>>()
  // For this user alone.
  const handle = await open(file, 'wx', 0o600)
  try {
    let position = 0
    for (const weight of weights) {
      signal?.throwIfAborted()
      const { origin, shape, cast } = weight
      const values = cast.apply(await readFloat32(origin as TensorInfo)) // All of them have one.
      const type = dtype ?? (await runInSlices(typeLoop(origin as TensorInfo, values), signal))
      const begin = Math.ceil(position / ALIGNMENT) * ALIGNMENT
      if (begin > position) await handle.writeFile(new Uint8Array(begin - position))
      await writeValues(handle, values, type, signal)
      position = begin + values.length * bytesPerElement(type)
      places.set(weight, { dtype: type, shape, begin, end: position })
    }
    return places
  } finally {
    await handle.close()
  }
}

async function writeValues(
  handle: FileHandle,
  values: Float32Array,
  dtype: FloatDType,
  signal: AbortSignal | undefined,
): Promise<void> {
  const slice = new TimeSlice(signal)
  for (let begin = 0; begin < values.length; begin += PIECE) {
    if (slice.isOver) await slice.next()
    const { buffer, byteOffset, byteLength } = fromFloat32(dtype, values.subarray(begin, begin + PIECE))
    await handle.writeFile(new Uint8Array(buffer, byteOffset, byteLength))
  }
}

/** The type that numbers of a file are written as. Yields to the event loop: a weight may have a hundred million numbers. */
function* typeLoop({ dtype }: TensorInfo, values: Float32Array): Generator<void, FloatDType, void> {
  if (isFloatDType(dtype)) return dtype
  let largest = 0
  yield* inPieces(values.length, (begin, end) => {
    for (let i = begin; i < end; i++) largest = Math.max(largest, Math.abs(values[i] as number))
  })
  return largest === 0 || (largest >= SMALLEST && largest <= LARGEST) ? 'F16' : 'F32'
}
