/** Schemas of the values that blocks of all families pass to each other. */

import { z } from 'zod'
import { Generator, Image, instance, tensor, tf } from '../../components'

/** Latents `[images, latentHeight, latentWidth, latentChannels]`, and what a denoiser predicts for them. */
export const latentsSchema = tensor('images latentHeight latentWidth latentChannels')

/** Pixels `[images, height, width, 3]`. */
export const pixelsSchema = tensor('images height width 3')

/** Embeddings of texts `[images, tokens, channels]`. */
export const embedsSchema = tensor('images tokens channels')

/** An embedded guidance scale `[1, guidanceChannels]`, which holds for all images. */
export const timestepCondSchema = tensor('1 guidanceChannels')

/** One text, or a list of them. */
export const textsSchema = z.union([z.string(), z.array(z.string()).min(1)])

/** A number of things of which there is at least one: images, steps, pixels of a side. */
export const countSchema = z.int().min(1)

/** The input for prompts where embeddings may take their place. */
export const optionalPromptSchema = textsSchema
  .optional()
  .describe('What the picture should show, unless `promptEmbeds` say so.')

/** The input for the number of pictures of each prompt. */
export const imagesPerPromptSchema = countSchema.default(1).describe('How many pictures to make of each prompt.')

/** Timesteps of a run, falling. */
export const timestepsSchema = z.array(z.number())

/** One source of random numbers, or one for each picture. */
export const generatorsSchema = z.union([instance(Generator), z.array(instance(Generator)).min(1)])

/** The input for random numbers. */
export const generatorInputSchema = generatorsSchema
  .optional()
  .describe('Source of the random numbers: one, or one for each picture. By default made from the seed of the call.')

/** The input for the height of a picture. */
export const heightSchema = countSchema
  .optional()
  .describe("Height of the picture in pixels; by default the model's own size.")

/** The input for the width of a picture. */
export const widthSchema = countSchema
  .optional()
  .describe("Width of the picture in pixels; by default the model's own size.")

/** A denoiser's input `[images, latentHeight, latentWidth, modelChannels]`: latents, and for some models a mask and more latents beside them. */
export const modelInputSchema = tensor('images latentHeight latentWidth modelChannels')

/** One picture, or a list of them. */
export const picturesSchema = z.union([instance(Image), z.array(instance(Image)).min(1)])

/** Pixels of pictures `[pictures, height, width, 3]`, from 0 to 1. */
export const picturePixelsSchema = tensor('pictures height width 3')

/** Pixels of masks `[masks, height, width, 1]`, from 0 to 1. */
export const maskPixelsSchema = tensor('masks height width 1')

/** Latents of the pictures that a run begins with `[pictures, latentHeight, latentWidth, latentChannels]`: one for each picture of the result, or fewer. */
export const pictureLatentsSchema = tensor('pictures latentHeight latentWidth latentChannels')

/** Masks in the size of the latents `[masks, latentHeight, latentWidth, 1]`: 1 where the picture is redrawn, 0 where it stays. */
export const masksSchema = tensor('masks latentHeight latentWidth 1')

/** Masks in the size of the latents `[images, latentHeight, latentWidth, 1]`: one for each picture of the result. */
export const imageMasksSchema = tensor('images latentHeight latentWidth 1')

/** Whether a denoiser predicts all conditions of a guider in one batch. */
export const batchConditionsSchema = z
  .boolean()
  .optional()
  .describe(
    'Whether the UNet predicts all conditions in one batch: faster, but takes more memory. By default where there is room.',
  )

/** The input for factors on adapters. */
export const crossAttentionKwargsSchema = z
  .strictObject({
    /** Multiplies the weights of all LoRAs, in the denoiser and in the text encoders. */
    scale: z.number().optional(),
    /** Where the pictures of each IP-Adapter count: `[1, height, width, pictures]`, 1 where they do. */
    ipAdapterMasks: z.array(instance(tf.Tensor).optional()).optional(),
  })
  .optional()
  .describe(
    'Settings for adapters in this call: `scale` multiplies the weights of all LoRAs, `ipAdapterMasks` say where the pictures of each IP-Adapter count.',
  )

/** What {@link crossAttentionKwargsSchema} takes. */
export type CrossAttentionKwargs = z.output<typeof crossAttentionKwargsSchema>

/** A part of a picture, `[left, top, right, bottom]` in pixels. It may reach beyond the picture's edges. */
export const cropSchema = z.tuple([z.int(), z.int(), z.int(), z.int()])

/** The input that asks for a part of the picture alone to be drawn. */
export const paddingMaskCropSchema = z
  .int()
  .min(0)
  .optional()
  .describe('Pixels around the mask: with it, the part around the mask is cut out, drawn in full size and pasted back.')
