/** Tells the UNet sizes, crops and scores. Counterpart: StableDiffusionXLImg2ImgPrepareAdditionalConditioningStep of diffusers. */
import { z } from 'zod'
import { Block, Config, type In, Input } from '../../src'
import { StableDiffusionXLPrepareAdditionalConditioning, type TimeIds } from './prepare-additional-conditioning'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** Setting of the pipeline that {@link StableDiffusionXLImg2ImgPrepareAdditionalConditioning} reads. */
const SETTING = 'pipe.registerToConfig({ requiresAestheticsScore:'

/** The scores of a run that names none. */
const [SCORE, NEGATIVE_SCORE] = [6, 2]

/**
 * Makes the time ids of image to image and inpainting. A refiner gets aesthetic scores instead of target sizes. As in
 * the reference, each negative size counts by
 * itself, and the crop for the negative prompt counts only beside scores.
 */
@Block({ ...stableDiffusionXL, description: 'Prepares the conditions on sizes, crops and aesthetic scores.' })
export class StableDiffusionXLImg2ImgPrepareAdditionalConditioning extends StableDiffusionXLPrepareAdditionalConditioning {
  static override readonly className: string = 'StableDiffusionXLImg2ImgPrepareAdditionalConditioning'

  @Config(
    z
      .boolean()
      .default(false)
      .describe('Whether the UNet gets aesthetic scores instead of target sizes, as a refiner does.'),
  )
  requiresAestheticsScore!: boolean

  /** The aesthetic score to aim for, about from 1 to 10. Only refiners use it. */
  @Input(
    z.number().default(SCORE).describe('The aesthetic score to aim for, about from 1 to 10. Only refiners use it.'),
  )
  aestheticScore!: In<number>

  /** As `aestheticScore`, for the negative prompt. */
  @Input(z.number().default(NEGATIVE_SCORE).describe('As `aestheticScore`, for the negative prompt.'))
  negativeAestheticScore!: In<number>

  protected override get timeIdCount(): number {
    return this.requiresAestheticsScore ? 5 : 6
  }

  protected override timeIds(): TimeIds {
    this.warnOfUnused()
    const { size, originalSize = size, targetSize = size, cropsCoordsTopLeft } = this
    const { negativeOriginalSize = originalSize, negativeTargetSize = targetSize, negativeCropsCoordsTopLeft } = this
    if (this.requiresAestheticsScore) {
      return {
        ids: [...originalSize, ...cropsCoordsTopLeft, this.aestheticScore],
        negativeIds: [...negativeOriginalSize, ...negativeCropsCoordsTopLeft, this.negativeAestheticScore],
      }
    }
    if (negativeCropsCoordsTopLeft.some((value, i) => value !== 0 && value !== cropsCoordsTopLeft[i])) {
      const problem =
        'negativeCropsCoordsTopLeft is ignored: with a picture to begin with, both prompts get cropsCoordsTopLeft.'
      this.context.warn('NEGATIVE_SIZES_IGNORED', problem)
    }
    return {
      ids: [...originalSize, ...cropsCoordsTopLeft, ...targetSize],
      negativeIds: [...negativeOriginalSize, ...cropsCoordsTopLeft, ...negativeTargetSize],
    }
  }

  /** Warns of what the model is not told. */
  private warnOfUnused(): void {
    const { requiresAestheticsScore, aestheticScore, negativeAestheticScore, targetSize, negativeTargetSize } = this
    const given = requiresAestheticsScore
      ? { targetSize, negativeTargetSize }
      : {
          aestheticScore: aestheticScore === SCORE ? undefined : aestheticScore,
          negativeAestheticScore: negativeAestheticScore === NEGATIVE_SCORE ? undefined : negativeAestheticScore,
        }
    const instead = requiresAestheticsScore ? 'aesthetic scores' : 'target sizes'
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) continue
      const problem = `${name} (${value}) is ignored: this model gets ${instead} in its place. Leave it out.`
      this.context.warn('CONDITION_IGNORED', problem)
    }
  }

  protected override advise(missing: number): string | undefined {
    const { requiresAestheticsScore: asks } = this
    if (missing === 1 && asks)
      return `It was trained with target sizes, not with aesthetic scores. Call ${SETTING} false }).`
    if (missing === -1 && !asks)
      return `It was trained with aesthetic scores, as a refiner is. Call ${SETTING} true }).`
    return undefined
  }
}
