/** Computes the maps of a T2I-Adapter. Counterpart: StableDiffusionAdapterPipeline.__call__ of diffusers. */
import { z } from 'zod'
import { Autoencoder, T2IAdapter, tensor, tf, UNet2DConditionModel, VaeImageProcessor } from '../../components'
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
} from '../../src'
import { controlImageProcessorOptions, t2iAdapterOptions, unetOptions, vaeOptions } from './component-options'
import { adapterImageSchema, controlPicture, shareOut } from './control-images'
import type { GivenPictures } from './picture-tensors'
import { countSchema, latentsSchema } from './schemas'
import { sharedStep } from './shared-step'

/** Computes, once for all steps, what a T2I-Adapter adds to the maps of the UNet. */
@Block({ ...sharedStep, description: 'Computes what a T2I-Adapter adds to the maps of the UNet.' })
export class T2IAdapterInput extends ModularPipelineBlocks {
  static override readonly className: string = 'T2IAdapterInput'

  @Component(T2IAdapter, t2iAdapterOptions)
  adapter!: T2IAdapter | undefined

  @Component(UNet2DConditionModel, unetOptions)
  unet!: UNet2DConditionModel

  @Component(Autoencoder, vaeOptions)
  vae!: Autoencoder

  @Component(VaeImageProcessor, controlImageProcessorOptions)
  controlImageProcessor!: VaeImageProcessor

  /** What a T2I-Adapter looks at, such as a sketch: one picture for all, or one for each prompt. Also as a tensor of pixels from 0 to 1. */
  @Input(adapterImageSchema)
  adapterImage!: In<GivenPictures, 'required'>

  /** How strong the T2I-Adapter is: 0 for not at all. */
  @Input(z.number().default(1).describe('How strong the T2I-Adapter is: 0 for not at all.'))
  adapterConditioningScale!: In<number>

  @Input(latentsSchema.describe('Noise in the size of the latents.'))
  latents!: In<tf.Tensor4D>

  @Input(countSchema.describe('How many pictures the run makes.'))
  batchSize!: In<number>

  @Output({
    schema: z.array(tensor('rows height width channels')),
    kwargsType: 'denoiserInputFields',
    description: 'What is added to the maps of the UNet.',
  })
  downIntrablockAdditionalResiduals!: Out<tf.Tensor4D[]>

  async run(): Promise<void> {
    const { vae, latents, batchSize } = this
    const { path, signal } = this.context
    const adapter = this.requireAdapter()
    const [, rows, columns] = latents.shape
    const scale = vae.spatialFactor
    const isGrey = adapter.config.inChannels === 1
    const processor = this.controlImageProcessor.with({
      vaeScaleFactor: scale,
      ...(isGrey && { doConvertRgb: false, doConvertGrayscale: true }),
    })
    const size = { height: rows * scale, width: columns * scale }
    const options = { processor, path, size, batchSize, cropRegion: undefined, signal, input: 'adapterImage' }
    const pictures = await controlPicture(this.adapterImage, options)
    const { features } = await adapter.call(pictures, { signal })
    this.downIntrablockAdditionalResiduals = []
    for (const map of features) {
      const scaled = tf.tidy(() => map.mul<tf.Tensor4D>(this.adapterConditioningScale))
      this.downIntrablockAdditionalResiduals.push(await shareOut(scaled, batchSize, signal))
    }
  }

  /** The adapter, which fits the UNet. @throws InputTypeError, IncompatibleComponentsError */
  private requireAdapter(): T2IAdapter {
    const { adapter, unet } = this
    const { path } = this.context
    if (adapter === undefined) {
      const expected =
        'the pipeline has no T2I-Adapter for it. Load one: pipe.updateComponents({ adapter: await T2IAdapter.fromPretrained(folder) })'
      throw new InputTypeError({ path, input: 'adapterImage', expected, value: this.adapterImage })
    }
    const problem = this.mismatch(adapter, unet)
    if (problem === undefined) return adapter
    const advice = 'Load a T2I-Adapter that was trained for this family of models.'
    throw new IncompatibleComponentsError(path, ['adapter', 'unet'], `${problem} ${advice}`)
  }

  /** Says why an adapter does not fit the UNet; `undefined` if it does. */
  private mismatch(
    { featureChannels: channels, config: { downscaleFactor } }: T2IAdapter,
    { config: { blockOutChannels: levels }, downBlocks: [first] }: UNet2DConditionModel,
  ): string | undefined {
    // What is left over goes to the middle, which is as wide as the last level.
    const expected = channels.map((_, i) => levels[i] ?? levels.at(-1) ?? 0)
    if (channels.length > levels.length + 1 || channels.join() !== expected.join()) {
      return `the maps of the T2I-Adapter have ${channels.join(', ')} channels, and those of the UNet ${levels.join(', ')}.`
    }
    // To a block without attention, the map is added after that has halved its own.
    const isHalved = first?.attentions.length === 0 && first.downsamplers.length > 0
    const pixels = this.vae.spatialFactor * (isHalved ? 2 : 1)
    if (downscaleFactor === pixels) return undefined
    return `the first map of the T2I-Adapter has a position for ${downscaleFactor} × ${downscaleFactor} pixels, and that of the UNet for ${pixels} × ${pixels}.`
  }
}
