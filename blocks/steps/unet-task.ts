/** What a UNet is made for, by the channels that it takes beside the latents. */
import { type Autoencoder, type UNet2DConditionModel } from '../../components'
import { IncompatibleComponentsError } from '../../src'

/** Channels of a picture. */
const COLORS = 3

/** What UNets are made for that take so many channels beside the latents. */
const TASKS: Readonly<Record<number, string>> = {
  1: 'depth to image',
  3: 'upscaling',
  4: 'editing by instructions',
}

/** The models that are asked. */
export interface DenoiserModels {
  readonly unet: UNet2DConditionModel
  readonly vae: Autoencoder
}

/** Returns whether the UNet takes the mask and the latents of the masked picture beside the latents, so that it was trained to inpaint. */
export function takesMask({ unet, vae }: DenoiserModels): boolean {
  const { latentChannels } = vae.config
  return unet.config.inChannels === 2 * latentChannels + 1
}

/** Makes sure that the UNet can inpaint. @throws IncompatibleComponentsError */
export function requireInpaintModel(models: DenoiserModels, path: readonly string[]): void {
  const { inChannels } = models.unet.config
  const { latentChannels } = models.vae.config
  if (inChannels === latentChannels || takesMask(models)) return
  throw new IncompatibleComponentsError(
    path,
    ['unet', 'vae'],
    `the UNet takes ${inChannels} channels. To inpaint with latents of ${latentChannels}, it must take ${latentChannels} or, with the mask and the masked picture, ` +
      `${2 * latentChannels + 1}. Load a checkpoint for text to image or for inpainting.`,
  )
}

/** Makes sure that the UNet takes latents alone, and that the VAE makes pictures of three channels. @throws IncompatibleComponentsError */
export function requireLatentsAlone({ unet, vae }: DenoiserModels, path: readonly string[]): void {
  const { inChannels, classEmbedType, numClassEmbeds } = unet.config
  const { latentChannels, outChannels } = vae.config
  const refuse = (problem: string) =>
    new IncompatibleComponentsError(path, ['unet', 'vae'], `${problem} Load a checkpoint for text to image.`)
  if (outChannels !== COLORS) {
    throw refuse(`the VAE makes pictures of ${outChannels} channels, which these blocks do not support.`)
  }
  if (inChannels === latentChannels) {
    if (classEmbedType === null && numClassEmbeds === null) return
    const setting =
      classEmbedType === null ? `num_class_embeds is ${numClassEmbeds}` : `class_embed_type is "${classEmbedType}"`
    throw refuse(
      `the UNet takes a class or an embedding beside the prompt (${setting}), which these blocks do not make.`,
    )
  }
  const task = TASKS[inChannels - latentChannels]
  const purpose = takesMask({ unet, vae })
    ? 'Such a UNet is made for inpainting. Pass "image" and "maskImage" to blocks that take them, or load a checkpoint for text to image.'
    : `${task ? `Such a UNet is made for ${task}, which these blocks do not support. ` : ''}Load a checkpoint for text to image.`
  throw new IncompatibleComponentsError(
    path,
    ['unet', 'vae'],
    `the UNet takes ${inChannels} channels, and the VAE makes latents of ${latentChannels}. ${purpose}`,
  )
}
