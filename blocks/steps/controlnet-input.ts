/** Prepares what ControlNets look at. Counterpart: StableDiffusionXLControlNetInputStep of diffusers. */
import { z } from 'zod'
import { Autoencoder, ControlNet, tensor, tf, UNet2DConditionModel, VaeImageProcessor } from '../../components'
import {
  Block,
  Component,
  type In,
  IncompatibleComponentsError,
  Input,
  InputTypeError,
  ModularPipelineBlocks,
  type Out,
  Output,
  type RunCost,
} from '../../src'
import { controlImageProcessorOptions, controlnetOptions, unetOptions, vaeOptions } from './component-options'
import { type ControlImages, controlImageSchema, controlPicture, picturesOf, shareOut } from './control-images'
import { countOfPictures, type GivenPictures } from './picture-tensors'
import { countSchema, cropSchema, latentsSchema, timestepsSchema } from './schemas'
import { sharedStep } from './shared-step'

/** One number for all ControlNets, or one for each. */
const perNetwork = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)])

const shareSchema = z.number().min(0).max(1)

/** The input for how strong ControlNets are. */
export const conditioningScaleSchema = perNetwork(z.number()).describe(
  'How strong the ControlNets are, for all or for each: 0 for not at all.',
)

/** A number for all, or one for each. */
export type PerNetwork = number | number[]

/** Pictures of one ControlNet for each network of the pipeline: `[rows, height, width, 3]` from 0 to 1. */
export const controlnetCondSchema = z.array(tensor('rows height width channels'))

/** Brings the pictures to the size of the result, and decides in which steps each ControlNet takes part. */
@Block({ ...sharedStep, description: 'Prepares the pictures that the ControlNets look at.' })
export class ControlNetInput extends ModularPipelineBlocks {
  static override readonly className: string = 'ControlNetInput'

  @Component(ControlNet, controlnetOptions)
  controlnet!: ControlNet | undefined

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  @Component(VaeImageProcessor, controlImageProcessorOptions)
  controlImageProcessor!: VaeImageProcessor

  /** What the picture should follow, such as an outline: one for all, or one for each prompt; of several ControlNets, a list with an element for each. Also as tensors of pixels from 0 to 1. */
  @Input(controlImageSchema)
  controlImage!: In<ControlImages, 'required'>

  /** Share of the steps after which the ControlNets begin, for all or for each. */
  @Input(
    perNetwork(shareSchema)
      .default(0)
      .describe('Share of the steps after which the ControlNets begin, for all or for each.'),
  )
  controlGuidanceStart!: In<PerNetwork>

  /** Share of the steps after which the ControlNets end, for all or for each. */
  @Input(
    perNetwork(shareSchema)
      .default(1)
      .describe('Share of the steps after which the ControlNets end, for all or for each.'),
  )
  controlGuidanceEnd!: In<PerNetwork>

  /** How strong the ControlNets are, for all or for each: 0 for not at all. */
  @Input(conditioningScaleSchema.default(1))
  controlnetConditioningScale!: In<PerNetwork>

  @Input(latentsSchema)
  latents!: In<tf.Tensor4D>

  /** How many pictures to make. */
  @Input(countSchema.describe('How many pictures to make.'))
  batchSize!: In<number>

  /** The timesteps of the run, falling. */
  @Input(timestepsSchema.describe('The timesteps of the run, falling.'))
  timesteps!: In<number[]>

  /** The part that is cut out, `[left, top, right, bottom]` in pixels. */
  @Input(cropSchema.optional().describe('The part that is cut out, `[left, top, right, bottom]` in pixels.'))
  cropsCoords!: In<[left: number, top: number, right: number, bottom: number] | undefined>

  @Output(controlnetCondSchema.describe('The pictures of each ControlNet.'))
  controlnetCond!: Out<tf.Tensor4D[]>

  @Output(z.array(z.number()).describe('How strong each ControlNet is.'))
  conditioningScale!: Out<number[]>

  @Output(
    z.array(z.array(z.number())).describe('For each step, 1 for each ControlNet that takes part, and 0 otherwise.'),
  )
  controlnetKeep!: Out<number[][]>

  /** How many pictures there are for each result, and of how many rows, as far as that is known. */
  override estimateCost(): RunCost {
    const { controlnet, controlImage } = this
    if (controlnet === undefined || controlImage === undefined) return {}
    const pictures = picturesOf(controlImage, this.countOf(controlnet), {
      path: this.context.path,
      what: this.elements,
    })
    return { widths: { controlPictures: pictures.length, controlRows: countOfPictures(pictures[0] as GivenPictures) } }
  }

  async run(): Promise<void> {
    const { path, signal } = this.context
    const controlnet = this.requireControlNet()
    const { vae, latents, batchSize, timesteps, cropsCoords: cropRegion } = this
    const [, rows, columns] = latents.shape
    const scale = vae.spatialFactor
    const size = { height: rows * scale, width: columns * scale }
    const given = picturesOf(this.controlImage, this.countOf(controlnet), { path, what: this.elements })
    const count = given.length
    this.conditioningScale = this.forEach('controlnetConditioningScale', count)
    this.controlnetKeep = this.keepOf(count, timesteps.length)
    const processor = this.controlImageProcessor.with({ vaeScaleFactor: scale })
    const options = { processor, path, size, batchSize, cropRegion, signal }
    this.controlnetCond = []
    for (const pictures of given) {
      this.controlnetCond.push(await shareOut(await controlPicture(pictures, options), batchSize, signal))
    }
  }

  /** How many pictures there must be; `undefined` for any number. */
  protected countOf(controlnet: ControlNet): number | undefined {
    return controlnet.pictureCount
  }

  /** What each picture is for, in errors. */
  protected get elements(): string {
    return 'ControlNets'
  }

  /** The ControlNet, which fits the other models. @throws InputTypeError, IncompatibleComponentsError */
  protected requireControlNet(): ControlNet {
    const { controlnet, unet, vae } = this
    const { path } = this.context
    if (controlnet === undefined) {
      const expected =
        'the pipeline has no ControlNet for it. Load one: pipe.updateComponents({ controlnet: await ControlNet.fromPretrained(folder) })'
      throw new InputTypeError({ path, input: 'controlImage', expected, value: this.controlImage })
    }
    const mismatch = controlnet.mismatch(unet)
    if (mismatch !== undefined) {
      const advice = 'Load a ControlNet that was trained for this family of models'
      throw new IncompatibleComponentsError(path, ['controlnet', 'unet'], `${mismatch}. ${advice}.`)
    }
    if (controlnet.pixelsPerLatent !== vae.spatialFactor) {
      const [ours, its] = [controlnet.pixelsPerLatent, vae.spatialFactor]
      const problem = `the ControlNet takes ${ours} × ${ours} pixels for each position of the latents, and the VAE ${its} × ${its}.`
      throw new IncompatibleComponentsError(path, ['controlnet', 'vae'], problem)
    }
    this.requireKind(controlnet)
    return controlnet
  }

  /** Makes sure that the ControlNet needs no kinds of pictures. @throws InputTypeError */
  protected requireKind(controlnet: ControlNet): void {
    if (controlnet.pictureCount !== undefined) return
    const expected = 'the ControlNet supports several kinds of pictures. Pass the number of the kind of each picture'
    throw new InputTypeError({ path: this.context.path, input: 'controlMode', expected, value: undefined })
  }

  /** In which of the steps each takes part: those that begin after `controlGuidanceStart` and end before `controlGuidanceEnd`. */
  private keepOf(count: number, steps: number): number[][] {
    const starts = this.forEach('controlGuidanceStart', count)
    const ends = this.forEach('controlGuidanceEnd', count)
    for (const [k, start] of starts.entries()) {
      const end = ends[k] as number
      if (start < end) continue
      const expected = `it must be less than controlGuidanceEnd, which is ${end}`
      throw new InputTypeError({ path: this.context.path, input: 'controlGuidanceStart', expected, value: start })
    }
    return Array.from({ length: steps }, (_, i) =>
      starts.map((start, k) => (i / steps < start || (i + 1) / steps > (ends[k] as number) ? 0 : 1)),
    )
  }

  /** A number for each picture. @throws InputTypeError for another count of numbers than of pictures */
  private forEach(
    input: 'controlGuidanceStart' | 'controlGuidanceEnd' | 'controlnetConditioningScale',
    count: number,
  ): number[] {
    const value = this[input]
    if (typeof value === 'number') return Array<number>(count).fill(value)
    if (value.length === count) return value
    const expected = `there must be one number for all, or one for each of the ${count} ${this.elements}`
    throw new InputTypeError({ path: this.context.path, input, expected, value })
  }
}
