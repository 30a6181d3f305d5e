/** Repeats embeddings for the pictures of each prompt. Counterpart: StableDiffusionXLInputStep of diffusers. */
import { z } from 'zod'
import { repeatRows, type tf } from '../../components'
import {
  Block,
  type In,
  type InOut,
  Input,
  InputTypeError,
  MissingInputError,
  ModularPipelineBlocks,
  type Out,
  Output,
} from '../../src'
import { embedsSchema, imagesPerPromptSchema } from '../steps/schemas'
import { negativeOutput, pooledEmbedsSchema, pooledPromptsSchema, promptsSchema } from './schemas'
import { stableDiffusionXL } from './stable-diffusion-xl'

/** Checks that embeddings belong together, and repeats each as often as its prompt has pictures: a, a, b, b. */
@Block({ ...stableDiffusionXL, description: 'Repeats the embeddings for the pictures of each prompt.' })
export class StableDiffusionXLInput extends ModularPipelineBlocks {
  static override readonly className: string = 'StableDiffusionXLInput'

  /** How many pictures to make of each prompt. */
  @Input(imagesPerPromptSchema)
  numImagesPerPrompt!: In<number>

  @Input(promptsSchema.describe('The encoded prompts.'))
  @Output({ schema: embedsSchema, kwargsType: 'denoiserInputFields', description: 'The same, for each picture.' })
  promptEmbeds!: InOut<tf.Tensor3D>

  @Input(promptsSchema.optional().describe('The encoded negative prompts.'))
  @Output({ ...negativeOutput, description: 'The same, for each picture.' })
  negativePromptEmbeds!: InOut<tf.Tensor3D | undefined>

  @Input(pooledPromptsSchema.describe('The prompts, each encoded as a whole.'))
  @Output({ schema: pooledEmbedsSchema, kwargsType: 'denoiserInputFields', description: 'The same, for each picture.' })
  pooledPromptEmbeds!: InOut<tf.Tensor2D>

  @Input(pooledPromptsSchema.optional().describe('The negative prompts, each encoded as a whole.'))
  @Output({ ...negativeOutput, description: 'The same, for each picture.' })
  negativePooledPromptEmbeds!: InOut<tf.Tensor2D | undefined>

  @Output(z.int().describe('How many pictures the run makes.'))
  batchSize!: Out<number>

  async run(): Promise<void> {
    const { numImagesPerPrompt: times, context } = this
    const { promptEmbeds, pooledPromptEmbeds, negativePromptEmbeds, negativePooledPromptEmbeds } = this
    this.requireShape('negativePromptEmbeds', 'promptEmbeds')
    this.requireShape('negativePooledPromptEmbeds', 'pooledPromptEmbeds')
    this.requireTwin('negativePooledPromptEmbeds', 'negativePromptEmbeds')
    this.requireTwin('negativePromptEmbeds', 'negativePooledPromptEmbeds')
    this.requireRows()
    this.batchSize = promptEmbeds.shape[0] * times
    this.promptEmbeds = await repeatRows(promptEmbeds, times, context)
    this.pooledPromptEmbeds = await repeatRows(pooledPromptEmbeds, times, context)
    this.negativePromptEmbeds = negativePromptEmbeds && (await repeatRows(negativePromptEmbeds, times, context))
    this.negativePooledPromptEmbeds =
      negativePooledPromptEmbeds && (await repeatRows(negativePooledPromptEmbeds, times, context))
  }

  /** @throws InputTypeError */
  private requireShape(
    input: 'negativePromptEmbeds' | 'negativePooledPromptEmbeds',
    other: 'promptEmbeds' | 'pooledPromptEmbeds',
  ): void {
    const [value, { shape }] = [this[input], this[other]]
    if (value === undefined || value.shape.join() === shape.join()) return
    const expected = `its shape must be that of ${other}, [${shape.join(', ')}]`
    throw new InputTypeError({ path: this.context.path, input, expected, value })
  }

  /** @throws MissingInputError */
  private requireTwin(
    input: 'negativePromptEmbeds' | 'negativePooledPromptEmbeds',
    other: 'negativePromptEmbeds' | 'negativePooledPromptEmbeds',
  ): void {
    if (this[input] !== undefined || this[other] === undefined) return
    throw new MissingInputError({ path: this.context.path, input, available: [other] })
  }

  /** @throws InputTypeError */
  private requireRows(): void {
    const { promptEmbeds, pooledPromptEmbeds: value } = this
    const [prompts] = promptEmbeds.shape
    if (value.shape[0] === prompts) return
    const expected = `it must have a row for each of the ${prompts} prompts of promptEmbeds`
    throw new InputTypeError({ path: this.context.path, input: 'pooledPromptEmbeds', expected, value })
  }
}
