/** A schema for tensors with named and fixed dimensions. */

import { z } from 'zod'
import { SHAPE_KEY, TYPE_KEY } from '../../src'
import { classNameOf } from '../../src/format/class-name'
import * as tf from './tf'

/** The words of a text. */
type Words<S extends string> = S extends `${infer Head} ${infer Rest}` ? [Head, ...Words<Rest>] : [S]

interface TensorsByRank {
  1: tf.Tensor1D
  2: tf.Tensor2D
  3: tf.Tensor3D
  4: tf.Tensor4D
  5: tf.Tensor5D
}

/** The tensor type with one dimension for each word. */
export type TensorOf<S extends string> = Words<S>['length'] extends infer N extends keyof TensorsByRank
  ? TensorsByRank[N]
  : tf.Tensor

/**
 * Returns a schema for a tensor: one word for each dimension, a name or a size. Within one run of a pipeline, a name stands for one size.
 *
 * ```ts
 * class Denoise extends ModularPipelineBlocks {
 *   @Input(tensor('batch height width 4').describe('Noisy latents.')) latents!: In<tf.Tensor4D>
 * }
 * ```
 */
export function tensor<S extends string>(dimensions: S): z.ZodType<TensorOf<S>, TensorOf<S>> {
  const pattern = dimensions.split(' ').map(word => (/^\d+$/.test(word) ? Number(word) : word))
  const type = `Tensor[${pattern.join(', ')}]`
  return z
    .custom<TensorOf<S>>(value => value instanceof tf.Tensor, { message: 'expected a tensor' })
    .meta({ [SHAPE_KEY]: pattern, [TYPE_KEY]: type })
}

/**
 * Returns a schema for instances of a class, named after it in documentation: `@Input(instance(Image)) image!: In<Image, 'required'>`.
 */
export function instance<T>(type: abstract new (...args: never[]) => T): z.ZodType<T, T> {
  return z
    .custom<T>(value => value instanceof type, { message: `expected an instance of ${classNameOf(type)}` })
    .meta({ [TYPE_KEY]: classNameOf(type) })
}
