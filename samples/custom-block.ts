/** Swaps one block of a pipeline by subclassing: the colours of the decoded pixels are turned to their opposites. */
import {
  Block,
  bundledModel,
  DecodeLatents,
  type Image,
  type Out,
  Output,
  StableDiffusionTextToImageBlocks,
  Step,
  tensor,
  type tf,
} from 'tesserae'

@Block({ description: 'Decodes the latents to a negative.' })
export class DecodeToNegative extends DecodeLatents {
  @Output(tensor('images height width 3').describe('Pixels with the opposite colours.'))
  declare pixels: Out<tf.Tensor4D>

  override async run(): Promise<void> {
    await super.run()
    this.pixels = this.pixels.neg()
  }
}

@Block({ description: 'Text to image, as a negative.' })
export class TextToNegative extends StableDiffusionTextToImageBlocks {
  @Step() override decode = DecodeToNegative
}

export async function main(model: string): Promise<{ picture: Image; negative: Image }> {
  const draw = async (blocks: StableDiffusionTextToImageBlocks) => {
    const pipe = blocks.initPipeline(model)
    await pipe.loadComponents()
    const inputs = { prompt: 'red apple', guidanceScale: 4, numInferenceSteps: 5 }
    const images = await pipe(inputs, { output: 'images', seed: 1 })
    pipe.dispose()
    return images[0] as Image
  }
  return { picture: await draw(new StableDiffusionTextToImageBlocks()), negative: await draw(new TextToNegative()) }
}

if (require.main === module) main(bundledModel('emoji')).then(({ negative }) => negative.save('negative.png'))
