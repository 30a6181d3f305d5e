/** Stops a run in the middle, saves it, and continues from the file in another pipeline, as another process would. */
import { bundledModel, type Image, PipelineAbortError, PipelineState, StableDiffusionTextToImageBlocks } from 'tesserae'

export async function main(model: string, file: string): Promise<{ stopped: number; image: Image }> {
  const first = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await first.loadComponents()
  const stop = new AbortController()
  let stopped = 0
  const onEvent = (event: { type: string; step?: number }) => {
    if (event.type !== 'loopStep') return
    stopped = event.step ?? 0
    if (stopped === 4) stop.abort()
  }
  try {
    const inputs = { prompt: 'red apple', numInferenceSteps: 10 }
    await first(inputs, { seed: 1, signal: stop.signal, onEvent, keepStateOnAbort: true })
  } catch (error) {
    if (!(error instanceof PipelineAbortError)) throw error
    await error.state.save(file)
    error.state.dispose()
  } finally {
    first.dispose()
  }

  const second = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await second.loadComponents()
  const state = await PipelineState.load(file)
  const [image] = await second<Image[]>({}, { state, resume: true, output: 'images' })
  state.dispose()
  second.dispose()
  return { stopped, image: image as Image }
}

if (require.main === module)
  main(bundledModel('emoji'), 'run.safetensors').then(({ image }) => image.save('resumed.png'))
