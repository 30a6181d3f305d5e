/** A weight of a module. Counterpart: torch.nn.Parameter. */

import { runAtOnce, runInSlices } from '../../src/runtime/time-slice'
import type { TensorInfo } from '../checkpoints/checkpoint'
import { readFloat32 } from '../checkpoints/read-tensor'
import { readFloat32Sync } from '../checkpoints/read-tensor-sync'
import { WeightCast } from '../checkpoints/weight-cast'
import { type FloatDType, isQuantizedDType } from '../checkpoints/weight-dtypes'
import * as tf from '../tensors/tf'
import { permuteLoop } from './permute'
import { WeightsNotLoadedError } from './weights-not-loaded-error'

/** Gives a tensor in place of a weight's numbers. */
export type ParameterReader = (parameter: Parameter) => tf.Tensor

let parameterReader: ParameterReader | undefined

/** Lets `read` answer for every parameter while `action` runs, e.g. with symbols while a model is recorded. */
export function withParameterReader<T>(read: ParameterReader, action: () => T): T {
  const outer = parameterReader
  parameterReader = read
  try {
    return action()
  } finally {
    parameterReader = outer
  }
}

/**
 * A weight. Its shape in checkpoints is known from the start; its numbers come with {@link Parameter.load}, or stay in the file
 * that {@link Parameter.bind} names until something asks for them.
 */
export class Parameter<T extends tf.Tensor = tf.Tensor> {
  private value: T | undefined
  private file: TensorInfo | undefined
  private readFrom: TensorInfo | undefined
  private casts = WeightCast.of(undefined)
  private reading: Promise<void> | undefined
  private changes = 0

  constructor(
    /** The shape in checkpoints, which is PyTorch's. */
    readonly shape: readonly number[],
    /** The order that the dimensions take in {@link tensor}, e.g. `[1, 0]` for a transposed matrix; `undefined` if they stay. */
    readonly permutation?: readonly number[],
  ) {}

  /**
   * The weight as layers use it; it belongs to the parameter. One that is bound to a file is read at its first use.
   *
   * @throws WeightsNotLoadedError; SafetensorsError where the file can no longer be read
   */
  get tensor(): T {
    if (parameterReader) return parameterReader(this) as T // Of this parameter's shape, as the value would be.
    if (this.value === undefined) {
      if (this.file === undefined) throw new WeightsNotLoadedError(this.shape)
      this.value = this.place(this.casts.apply(readFloat32Sync(this.file)))
    }
    return this.value
  }

  /** How many numbers the weight has. */
  get size(): number {
    return tf.util.sizeFromShape([...this.shape])
  }

  /** Whether there are numbers, in memory or in a file. */
  get isLoaded(): boolean {
    return this.value !== undefined || this.file !== undefined
  }

  /**
   * Where the numbers are on disk in the order of {@link shape}. `undefined` for a weight that was loaded from memory,
   * and for one whose file holds its transpose or encoded numbers: that is read into memory.
   */
  get source(): TensorInfo | undefined {
    const { file } = this
    return file === undefined || file.isTransposed || isQuantizedDType(file.dtype) ? undefined : file
  }

  /** The tensor of a checkpoint that the numbers are those of, in memory or not; `undefined` for a weight that was made otherwise. */
  get origin(): TensorInfo | undefined {
    return this.readFrom
  }

  /** What becomes of the numbers of {@link origin}. */
  get cast(): WeightCast {
    return this.casts
  }

  /** The type that the numbers are of: whatever it is, layers compute in float32. */
  get dtype(): FloatDType {
    return this.casts.dtype
  }

  /** How often the numbers have been replaced or disposed: what was made from others is out of date. */
  get revision(): number {
    return this.changes
  }

  /** Bytes of the numbers where TensorFlow.js holds them. */
  get bytes(): number {
    return 4 * this.size
  }

  /** Whether TensorFlow.js holds the numbers now. */
  get isInMemory(): boolean {
    return this.value !== undefined
  }

  /**
   * Takes the numbers, in row-major order of {@link shape}, to the current backend; earlier ones are disposed.
   *
   * @param origin the tensor of a checkpoint that they were read from, and can be read from again
   * @param dtype what they are cast to. Default: the type of their origin
   */
  load(values: Float32Array, origin?: TensorInfo, dtype?: FloatDType): void {
    const casts = castOf(origin, dtype)
    this.take(this.place(casts.apply(values)), origin, casts)
  }

  /** Does what {@link load} does, in slices between which the event loop runs. */
  async loadAsync(values: Float32Array, origin?: TensorInfo, dtype?: FloatDType): Promise<void> {
    const casts = castOf(origin, dtype)
    this.take(await this.placeAsync(casts.apply(values)), origin, casts)
  }

  private take(loaded: T, origin: TensorInfo | undefined, casts: WeightCast): void {
    this.dispose()
    this.value = loaded
    this.readFrom = origin
    this.casts = casts
  }

  /** Leaves the numbers in a file of weights until they are asked for; earlier ones are disposed. */
  bind(source: TensorInfo, dtype?: FloatDType): void {
    this.dispose()
    this.file = source
    this.readFrom = source
    this.casts = castOf(source, dtype)
  }

  /**
   * Casts the numbers, as PyTorch's `to(dtype)` does: to half precision they are rounded, and stay so when they are cast to a wider type.
   *
   * @throws WeightsNotLoadedError
   */
  castTo(dtype: FloatDType): void {
    if (!this.isLoaded) throw new WeightsNotLoadedError(this.shape)
    const casts = this.casts.to(dtype)
    if (casts.roundings.length > this.casts.roundings.length) {
      if (this.value) this.replaceValue(WeightCast.of(undefined).to(dtype).apply(this.readBack()))
      this.changes++
    }
    this.casts = casts
  }

  private replaceValue(values: Float32Array): void {
    const placed = this.place(values)
    this.value?.dispose()
    this.value = placed
  }

  /** The same numbers, as the casts have left them, now are at another place on disk. */
  relocate(place: TensorInfo): void {
    this.readFrom = place
    this.casts = WeightCast.of(place)
    if (this.file === undefined) return
    this.file = place
    this.changes++
  }

  /** Gives the memory back and leaves the numbers in their file, until they are asked for. Does nothing for those that came from no file. */
  offload(): void {
    if (this.readFrom === undefined) return
    this.value?.dispose()
    this.value = undefined
    this.file = this.readFrom
  }

  /**
   * Takes the numbers of a file to the current backend, without holding up anything else.
   *
   * @throws SafetensorsError where the file can no longer be read
   */
  fetch(): Promise<void> {
    if (this.value !== undefined || this.file === undefined) return Promise.resolve()
    // Those who ask at the same time wait for the same reading.
    this.reading ??= this.fetchFrom(this.file).finally(() => {
      this.reading = undefined
    })
    return this.reading
  }

  private async fetchFrom(file: TensorInfo): Promise<void> {
    const placed = await this.placeAsync(this.casts.apply(await readFloat32(file)))
    // In the meantime others may have been loaded, or these have been asked for.
    if (this.value === undefined && this.file === file) this.value = placed
    else placed.dispose()
  }

  /**
   * The numbers in row-major order of {@link shape}, from the file or back from the backend.
   *
   * @throws WeightsNotLoadedError
   */
  read(): Float32Array {
    return this.file ? this.casts.apply(readFloat32Sync(this.file)) : this.readBack()
  }

  private readBack(): Float32Array {
    const { permutation, tensor } = this
    if (permutation === undefined) return tensor.dataSync<'float32'>()
    // Not in a tidy, which would look for tensors among the numbers that it returns, one by one.
    const stored = tf.transpose(tensor, invert(permutation))
    try {
      return stored.dataSync<'float32'>()
    } finally {
      stored.dispose()
    }
  }

  /** Gives the memory back. Disposing again does nothing. */
  dispose(): void {
    this.value?.dispose()
    this.value = undefined
    this.file = undefined
    this.readFrom = undefined
    this.casts = WeightCast.of(undefined)
    this.changes++
  }

  private place(values: Float32Array): T {
    return this.upload(runAtOnce(this.reordered(values)))
  }

  private async placeAsync(values: Float32Array): Promise<T> {
    return this.upload(await runInSlices(this.reordered(values)))
  }

  private *reordered(values: Float32Array): Generator<void, Float32Array, void> {
    return this.permutation ? yield* permuteLoop(values, this.shape, this.permutation) : values
  }

  /** @param values in the order of the dimensions in memory */
  private upload(values: Float32Array): T {
    const shape = this.permutation?.map(axis => this.shape[axis] as number) ?? [...this.shape]
    // Kept, so that neither a tidy nor a run that happens to be open while a model loads disposes its weights.
    return tf.keep(tf.tensor(values, shape, 'float32')) as tf.Tensor as T // The rank follows from `shape`, which the layer that knows T has given.
  }
}

function castOf(origin: TensorInfo | undefined, dtype: FloatDType | undefined): WeightCast {
  const asStored = WeightCast.of(origin)
  return dtype === undefined ? asStored : asStored.to(dtype)
}

/** The order that undoes one. */
function invert(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis))
}
