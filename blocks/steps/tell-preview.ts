/** Offers previews of a denoise loop. */
import { Autoencoder, AutoencoderTiny, previewImages, type SchedulerMixin, type tf } from '../../components'
import type { RunContext } from '../../src'

/** What the scheduler is about to take a step with. */
export interface PreviewedStep {
  readonly scheduler: SchedulerMixin
  /** What the denoiser predicted. */
  readonly noisePred: tf.Tensor4D
  readonly latents: tf.Tensor4D
  readonly t: number
}

/**
 * Offers a preview of the predicted original, if the pipeline has its VAE. Call it before the scheduler takes its step. The component `previewDecoder`, an
 * AutoencoderTiny, decodes it if the container has one.
 */
export function tellPreview(context: RunContext, { scheduler, noisePred, latents, t }: PreviewedStep) {
  return context.preview(async () => {
    const vae = context.peekComponent('vae')
    const decoder = context.peekComponent('previewDecoder')
    if (!(vae instanceof Autoencoder)) return []
    const { signal } = context
    const original = scheduler.predictOriginal(noisePred, t, latents)
    try {
      return await previewImages(original, {
        vae,
        ...(decoder instanceof AutoencoderTiny && { decoder }),
        signal,
      })
    } finally {
      original.dispose()
    }
  })
}
