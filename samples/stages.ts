/** Splits a pipeline into two that share its components: one draws latents, the other decodes them whenever that is wanted. */
import {
  bundledModel,
  type Image,
  ModularPipelineBlocks,
  SequentialPipelineBlocks,
  StableDiffusionTextToImageBlocks,
  type tf,
} from 'tesserae'

export async function main(model: string): Promise<{ whole: Image; staged: Image }> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const { blocks } = pipe
  const decode = blocks.subBlocks.get('decode') as ModularPipelineBlocks
  const postprocess = blocks.subBlocks.get('postprocess') as ModularPipelineBlocks

  const draw = blocks.remove('decode').remove('postprocess').initPipeline()
  const show = SequentialPipelineBlocks.fromBlocksDict({ decode, postprocess }).initPipeline()
  const { unet, textEncoder, tokenizer, scheduler, vae } = pipe.components
  draw.updateComponents({ unet, textEncoder, tokenizer, scheduler, vae })
  show.updateComponents({ vae })

  const inputs = { prompt: 'red apple', numInferenceSteps: 4 }
  const latents = await draw<tf.Tensor4D>(inputs, { output: 'latents', seed: 1 })
  const [staged] = await show<Image[]>({ latents }, { output: 'images' })
  latents.dispose()
  const [whole] = await pipe<Image[]>(inputs, { output: 'images', seed: 1 })
  for (const each of [draw, show, pipe]) each.dispose()
  return { whole: whole as Image, staged: staged as Image }
}

if (require.main === module) main(bundledModel('emoji')).then(({ staged }) => staged.save('staged.png'))
