/** What the compiler knows of the blocks that come with the package. Nothing here runs: each line marked below must be an error. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs'
import { EulerDiscreteScheduler, type Image, StableDiffusionTextToImageBlocks } from '../../index'
import {
  type In,
  type InOut,
  Input,
  type ModularPipeline,
  ModularPipelineBlocks,
  Output,
  type PipelineState,
} from '../../src'

class Dramatise extends ModularPipelineBlocks {
  @Input() @Output() prompt!: InOut<string>
  @Input() strength!: In<number, 'required'>
  run(): void {}
}

/** The blocks that come with the package. */
export async function bundled(): Promise<unknown> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline('models/emoji')
  const images: Image[] = await pipe({ prompt: 'a', height: 64 }, { output: 'images', seed: 1 })
  const [image] = await pipe({ prompt: 'a', height: 64, outputType: 'image' }, { output: 'images', seed: 1 })
  await image?.save('a.png')
  const pixels: Tensor4D = await pipe({ prompt: 'a', outputType: 'tensor' }, { output: 'images' })
  const sameImages: Image[] = (await pipe({ prompt: 'a' })).get('images')
  const settings = pipe.components.scheduler.config
  const channels: number = pipe.components.unet.config.inChannels
  pipe.updateComponents({ scheduler: EulerDiscreteScheduler.fromConfig(settings), vae: pipe.components.vae })
  // @ts-expect-error: a guider is no scheduler
  pipe.updateComponents({ scheduler: pipe.components.guider })
  const dramatic = new StableDiffusionTextToImageBlocks().insert('dramatise', Dramatise, 0).remove('setGuidance')
  const edited: Image[] = await dramatic.initPipeline()({ prompt: 'a', strength: 2 }, { output: 'images' })
  // @ts-expect-error: the block that took this is gone
  await dramatic.initPipeline()({ prompt: 'a', guidanceScale: 2 })
  const seen = await pipe({ prompt: 'a' }, { output: ['timesteps', 'images'] })
  const timesteps: number[] = seen.timesteps
  for await (const event of pipe.stream({ prompt: 'a', numInferenceSteps: 5 }, { seed: 1 })) void event
  const watched = await pipe.stream({ prompt: 'a' }, { output: ['timesteps', 'latents'] }).result
  const [watchedTimesteps, watchedLatents]: [number[], Tensor] = [watched.timesteps, watched.latents]
  const watchedState: PipelineState = await pipe.stream({ prompt: 'a' }).result
  const watchedSteps: number[] = await pipe.stream({ prompt: 'a' }, { output: 'timesteps', seed: 1 }).result
  // @ts-expect-error: there is no such output
  pipe.stream({ prompt: 'a' }, { output: 'picture' })
  // @ts-expect-error: timesteps are no text
  const text: string = await pipe.stream({ prompt: 'a' }, { output: 'timesteps' }).result
  const anyPipe: ModularPipeline = pipe
  const anything: unknown = await anyPipe.stream({}, { output: 'timesteps' }).result
  // @ts-expect-error: a stream needs what a call does
  pipe.stream({ numInferenceSteps: 5 })
  // @ts-expect-error: the prompt must be passed
  pipe.stream()
  // @ts-expect-error: the prompt must be passed
  await pipe({ numInferenceSteps: 5 }, { output: 'images' })
  // @ts-expect-error: there are two forms of results
  await pipe({ prompt: 'a', outputType: 'png' }, { output: 'images' })
  return [
    images,
    image,
    pixels,
    sameImages,
    channels,
    edited,
    timesteps,
    watchedTimesteps,
    watchedLatents,
    watchedState,
    watchedSteps,
    text,
    anything,
  ]
}
