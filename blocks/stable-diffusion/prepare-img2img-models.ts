/** Lets the models get ready for a run that begins with a picture. */
import { z } from 'zod'
import { type Image, tf } from '../../components'
import { Block, type In, Input } from '../../src'
import { pictureLatentsSchema, picturesSchema } from '../steps/schemas'
import { PrepareModels } from './prepare-models'
import { stableDiffusion } from './stable-diffusion'

/** Tells the UNet and the VAE for which shapes they will be called: those of the picture, unless told otherwise. */
@Block({ ...stableDiffusion, description: 'Lets the UNet and the VAE get ready for the size of the picture.' })
export class PrepareImg2ImgModels extends PrepareModels {
  static override readonly className: string = 'PrepareImg2ImgModels'

  @Input(z.union([picturesSchema, pictureLatentsSchema])) image!: In<Image | Image[] | tf.Tensor4D, 'required'>

  protected override get latents(): { height: number; width: number } {
    const { image, vae } = this
    if (image instanceof tf.Tensor) return { height: image.shape[1], width: image.shape[2] }
    const [first] = [image].flat()
    const side = (name: 'height' | 'width') =>
      Math.max(1, Math.floor((this[name] ?? first?.[name] ?? 0) / vae.spatialFactor))
    return { height: side('height'), width: side('width') }
  }
}
