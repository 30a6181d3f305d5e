/** One prompt and one seed under every scheduler, and under every guider. */
import {
  guiderNames,
  type Image,
  type ModularPipeline,
  makeGuider,
  resolveScheduler,
  type SchedulerMixin,
  StableDiffusionTextToImageBlocks,
  schedulerNames,
} from 'tesserae'
import type { LabelledPicture } from './labelled-sheet'

type Pipeline = ModularPipeline<StableDiffusionTextToImageBlocks>

/** Schedulers for models of another kind: flows and consistency models. */
const FOR_OTHER_MODELS = /^(ipndm|lcm|tcd|flow_)/

/** Draws with every scheduler that fits the model, by its short name; of the spacings, `_karras` alone. */
export function underEveryScheduler(model: string, steps: number): Promise<LabelledPicture[]> {
  const names = shortNames(schedulerNames).filter(
    name => !/_(exponential|beta)$/.test(name) && !FOR_OTHER_MODELS.test(name),
  )
  return underEach(model, { numInferenceSteps: steps, guidanceScale: 4 }, names, (pipe, name, own) => {
    pipe.updateComponents({ scheduler: resolveScheduler(name).make(own.config) })
  })
}

/** Draws with every guider by its short name: Euler steps, and the guider's own scale. */
export function underEveryGuider(model: string, steps: number): Promise<LabelledPicture[]> {
  return underEach(model, { numInferenceSteps: steps }, shortNames(guiderNames), (pipe, name, own) => {
    pipe.updateComponents({ scheduler: resolveScheduler('euler').make(own.config), guider: makeGuider(name) })
  })
}

async function underEach(
  model: string,
  inputs: { readonly numInferenceSteps: number; readonly guidanceScale?: number },
  names: readonly string[],
  prepare: (pipe: Pipeline, name: string, own: SchedulerMixin) => void,
): Promise<LabelledPicture[]> {
  const pipe = new StableDiffusionTextToImageBlocks().initPipeline(model)
  await pipe.loadComponents()
  const own = pipe.components.scheduler
  const pictures: LabelledPicture[] = []
  for (const label of names) {
    prepare(pipe, label, own)
    const images = await pipe<Image[]>({ ...inputs, prompt: 'rocket' }, { output: 'images', seed: 1 })
    pictures.push({ label, image: images[0] as Image })
  }
  pipe.dispose()
  return pictures
}

function shortNames(names: object): string[] {
  return Object.keys(names).filter(name => name === name.toLowerCase())
}
