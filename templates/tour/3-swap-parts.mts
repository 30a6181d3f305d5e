import {
  bundledModel,
  makeGuider,
  makeImageGrid,
  resolveScheduler,
  StableDiffusionTextToImageBlocks,
} from 'tesserae'

const pipe = new StableDiffusionTextToImageBlocks().initPipeline(bundledModel('emoji'))
await pipe.loadComponents()

async function draw() {
  return pipe(
    { prompt: 'purple cat', guidanceScale: 4, numInferenceSteps: 8 },
    { output: 'images', seed: 1 },
  )
}

const asLoaded = await draw()

// The scheduler decides how a step removes noise. The new one takes over the settings of the old one.
const { scheduler } = pipe.components
pipe.updateComponents({
  scheduler: resolveScheduler('dpm++_2m_karras').make(scheduler.config),
})
const otherScheduler = await draw()

// The guider decides how a step follows the prompt.
pipe.updateComponents({ guider: makeGuider('pag') })
const otherGuider = await draw()

const sheet = makeImageGrid([...asLoaded, ...otherScheduler, ...otherGuider], {
  columns: 3,
})
await sheet.save('3-swap-parts.png')
