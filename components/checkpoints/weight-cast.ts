/** What becomes of numbers on their way from a file into a model that is to be of another element type. */
import type { TensorInfo } from './checkpoint'
import { type FloatDType, type HalfDType, isFloatDType, isHalfDType, roundFloat32 } from './weight-dtypes'

/** A row of casts, one after the other. Models compute in float32, so those to half precision alone change numbers. */
export class WeightCast {
  private constructor(
    /** The element type in the end. */
    readonly dtype: FloatDType,
    /** The types that the numbers are rounded to on the way. */
    readonly roundings: readonly HalfDType[],
    private readonly stored: FloatDType | undefined,
  ) {}

  /** No cast: numbers as a file has them, or of float32 where they come from none. */
  static of(origin: TensorInfo | undefined): WeightCast {
    const stored = origin && isFloatDType(origin.dtype) ? origin.dtype : undefined
    return new WeightCast(stored ?? 'F32', [], stored)
  }

  /** These casts, and then one more. */
  to(dtype: FloatDType): WeightCast {
    const changesNumbers = isHalfDType(dtype) && dtype !== (this.roundings.at(-1) ?? this.stored)
    return new WeightCast(dtype, changesNumbers ? [...this.roundings, dtype] : this.roundings, this.stored)
  }

  /** Whether numbers of the file are, to the byte, what they are in the end. */
  get keepsBytes(): boolean {
    return this.roundings.length === 0 && this.dtype === this.stored
  }

  /** Numbers of the file as they are in the end. */
  apply(values: Float32Array): Float32Array {
    return this.roundings.reduce((rounded, dtype) => roundFloat32(dtype, rounded), values)
  }
}
