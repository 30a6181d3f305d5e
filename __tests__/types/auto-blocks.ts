/** What the compiler knows of blocks that choose their task by the inputs. Nothing here runs: each line marked below must be an error for the type check to pass. */
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs'
import type {
  Image,
  InputsOf,
  ModularPipeline,
  StableDiffusionAutoBlocks,
  StableDiffusionImageToImageBlocks,
  StableDiffusionXLEncodePrompt,
  StableDiffusionXLUsePromptEmbeds,
} from '../../index'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Does not compile unless the two types are the same. */
function same<A, B>(..._proof: Same<A, B> extends true ? [] : [never]): void {}

type Inputs = InputsOf<StableDiffusionAutoBlocks>

export async function calls(
  pipe: ModularPipeline<StableDiffusionAutoBlocks>,
  image: Image,
  embeds: Tensor3D,
  latents: Tensor4D,
): Promise<void> {
  const images = await pipe({ prompt: 'a cat', image, maskImage: image, strength: 0.5 }, { output: 'images' })
  same<typeof images, Image[]>()
  const tensor = await pipe({ prompt: 'a cat', image: [image], outputType: 'tensor' }, { output: 'images' })
  same<typeof tensor, Tensor4D>()
  await pipe({ promptEmbeds: embeds, image: latents, denoisingStart: 0.8 })
  await pipe({ prompt: 'a cat', image: latents, maskImage: latents })
  await pipe({ prompt: 'a cat', image, maskImage: image, paddingMaskCrop: 8, negativePrompt: null })
  same<Inputs['strength'], number | null | undefined>()
  same<Inputs['maskImage'], Image | Image[] | Tensor4D | null | undefined>()
  // @ts-expect-error: the strength is a number.
  await pipe({ prompt: 'a cat', image, strength: 'much' })
  // @ts-expect-error: a mask is a picture.
  await pipe({ prompt: 'a cat', image, maskImage: true })
  // @ts-expect-error: there is no such input.
  await pipe({ prompt: 'a cat', picture: image })
}

export async function imageToImage(
  pipe: ModularPipeline<StableDiffusionImageToImageBlocks>,
  image: Image,
): Promise<void> {
  const [first] = await pipe({ prompt: 'a cat', image }, { output: 'images' })
  same<typeof first, Image | undefined>()
  // @ts-expect-error: these blocks need a picture.
  await pipe({ prompt: 'a cat' })
}

export async function textSteps(
  encode: ModularPipeline<StableDiffusionXLEncodePrompt>,
  use: ModularPipeline<StableDiffusionXLUsePromptEmbeds>,
  embeds: Tensor3D,
): Promise<void> {
  const { promptEmbeds } = await encode({ prompt: 'a cat', prompt2: 'a dog' }, { output: ['promptEmbeds'] })
  same<typeof promptEmbeds, Tensor3D>()
  // @ts-expect-error: this step needs a prompt.
  await encode({ prompt2: 'a dog' })
  await use({ promptEmbeds: embeds, negativePrompt: 'a dog' })
}
