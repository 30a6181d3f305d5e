/** Watches a run and stops it in the middle. */
import { bundledModel, PipelineAbortError, StableDiffusionTextToImageBlocks } from 'tesserae'

export async function main(model: string): Promise<{ steps: number; where: readonly string[] }> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const stop = new AbortController()
  let steps = 0
  try {
    const stream = pipe.stream({ prompt: 'red apple', numInferenceSteps: 25 }, { seed: 1, signal: stop.signal })
    for await (const event of stream) {
      if (event.type === 'loopStep') steps = event.step
      if (steps === 3) stop.abort()
    }
  } catch (error) {
    if (error instanceof PipelineAbortError) return { steps, where: error.path }
    throw error
  } finally {
    pipe.dispose()
  }
  return { steps, where: [] }
}

if (require.main === module) {
  main(bundledModel('emoji')).then(({ steps, where }) =>
    console.log(`stopped after ${steps} steps, in ${where.join(' > ')}`),
  )
}
