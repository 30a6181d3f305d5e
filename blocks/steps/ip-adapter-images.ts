/** Pictures for IP-Adapters: the inputs, and the embeddings that stand for them. */
import { z } from 'zod'
import { Image, instance, tf } from '../../components'
import { InputTypeError, MissingInputError } from '../../src'

/** The pictures of each adapter: one for one adapter, a list with one for each, or in it a list of several. */
export type IPAdapterImages = Image | (Image | Image[])[]

/** The input for {@link IPAdapterImages}. */
export const ipAdapterImageSchema = z
  .union([instance(Image), z.array(z.union([instance(Image), z.array(instance(Image)).min(1)])).min(1)])
  .describe(
    'The picture to show beside the prompt: one, or a list with one for each IP-Adapter, in which a list holds several for one of them: [[a, b]].',
  )

/** The input for embeddings of pictures, as diffusers' pipelines take them. */
export const ipAdapterImageEmbedsSchema = z
  .array(instance(tf.Tensor))
  .min(1)
  .describe(
    'Embeddings of the pictures in their place, for each IP-Adapter [2 · rows, pictures, channels]: those of the negative prompt first. Without guidance, [rows, pictures, channels].',
  )

/** Embeddings of the pictures of each adapter: `[rows, pictures, channels]` or `[rows, pictures, tokens, channels]`. */
export const ipAdapterEmbedsSchema = z.array(instance(tf.Tensor))

/** Tokens of the pictures of each adapter: `[images, pictures, tokens, channels]`. */
export const ipAdapterTokensSchema = z.array(instance(tf.Tensor))

/** Makes sure that there is something for each adapter. @throws InputTypeError */
export function requireForEach(
  values: readonly unknown[],
  adapters: number,
  { path, input }: { path: readonly string[]; input: string },
): void {
  if (values.length === adapters) return
  const several =
    adapters === 1 ? '. To show one adapter several pictures, pass them as a list in the list: [[a, b]]' : ''
  const expected = `there must be one for each of the ${adapters} IP-Adapters${several}`
  throw new InputTypeError({ path, input, expected, value: values })
}

/** The error for pictures without an adapter. */
export function noAdapter(input: string, value: unknown, path: readonly string[]): InputTypeError {
  const expected = 'the pipeline has no IP-Adapter. Load one with loadIpAdapter(), or leave the pictures out'
  return new InputTypeError({ path, input, expected, value })
}

/** The error for an adapter without pictures. */
export function noPictures(path: readonly string[]): MissingInputError {
  return new MissingInputError({ path, input: 'ipAdapterImage', available: [] })
}
