/** Many runs of one pipeline at once: each has its own scheduler, guider and random numbers, all share the weights. */
import { bundledModel, type Image, StableDiffusionTextToImageBlocks } from 'tesserae'

export async function main(model: string): Promise<{ together: Image[]; oneByOne: Image[] }> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const prompts = ['red apple', 'pizza', 'rocket']
  const draw = async (prompt: string, seed: number) => {
    const images = await pipe({ prompt, numInferenceSteps: 3 }, { output: 'images', seed })
    return images[0] as Image
  }

  const together = await Promise.all(prompts.map(draw))
  const oneByOne: Image[] = []
  for (const [i, prompt] of prompts.entries()) oneByOne.push(await draw(prompt, i))
  pipe.dispose()
  return { together, oneByOne }
}

if (require.main === module) {
  main(bundledModel('emoji')).then(({ together, oneByOne }) => {
    const same = together.every((image, i) => Buffer.from(image.data).equals(Buffer.from(oneByOne[i]?.data ?? [])))
    console.log(same ? 'the same pictures' : 'different pictures')
  })
}
